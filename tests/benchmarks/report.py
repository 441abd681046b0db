"""What people read: one table, and a line for each goal of the issue with its verdict."""

from dataclasses import dataclass

from tests.benchmarks.measure import Page, Result

PAGE_RATIO = 2.0
LIST_RATIO_SMALLEST = 2.0
LIST_RATIO = 2.2
LIST_QUERIES = 8
MEMORY_GROWTH = 1.1
# Aims beyond the goals; told, and no failure.
AIMED_RATIO = 1.5
AIMED_GROWTH = 1.3
AIMED_BYTES = 60_000


@dataclass(frozen=True)
class Verdict:
    """One goal, what was found, and whether it is met."""

    goal: str
    found: str
    met: bool

    def __str__(self) -> str:
        return f"- {'met' if self.met else 'NOT met'}: {self.goal}: {self.found}"


def table(pages: list[Page], results: dict[int, Result]) -> str:
    """Every page at every size, as Markdown."""
    sizes = list(results)
    lines = [
        "| page | attached | queries | median ms | 95th ms | ratio to base | growth | HTML KB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for page in pages:
        for size in sizes:
            figures = results[size].pages[page.name]
            growth = figures.ratio / results[sizes[0]].pages[page.name].ratio
            lines.append(
                f"| {page.name} | {size:,} | {figures.queries} | {figures.median:.1f} | "
                f"{figures.slow:.1f} | {figures.ratio:.2f} | {growth:.2f} | "
                f"{figures.size / 1000:.1f} |"
            )
    memory = ", ".join(f"{result.memory:.1f} at {size:,}" for size, result in results.items())
    notes = (
        "Growth is that of the ratio: the base does the same work at every size, and the sizes\n"
        f"are measured minutes apart. Memory of a worker, MiB: {memory}."
    )
    return "\n".join([*lines, "", notes])


def verdicts(pages: list[Page], results: dict[int, Result]) -> list[Verdict]:
    """The goals of the issue."""
    sizes = list(results)
    found = []
    for page in pages:
        if page.goal:
            limits = [_limit(page, size) for size in sizes]
            ratios = [results[size].pages[page.name].ratio for size in sizes]
            found.append(
                Verdict(
                    f"{page.name}, at most {_row(limits)} times the base at {_sizes(sizes)}",
                    _row(ratios),
                    all(ratio <= limit for ratio, limit in zip(ratios, limits, strict=True)),
                )
            )
    lists = {
        page.name: max(results[size].pages[page.name].queries for size in sizes)
        for page in pages
        if page.goal == "list"
    }
    most = max(lists, key=lists.get)
    found.append(
        Verdict(
            f"at most {LIST_QUERIES} queries a list page",
            f"{lists[most]} ({most})",
            lists[most] <= LIST_QUERIES,
        )
    )
    uneven = [
        page.name
        for page in pages
        if page.is_portal and len({results[size].pages[page.name].queries for size in sizes}) > 1
    ]
    found.append(
        Verdict("the same queries at each size", ", ".join(uneven) or "every page", not uneven)
    )
    memory = [results[size].memory / results[sizes[0]].memory for size in sizes]
    found.append(
        Verdict(
            f"memory at most {MEMORY_GROWTH} times that at {sizes[0]:,}",
            _row(memory),
            max(memory) <= MEMORY_GROWTH,
        )
    )
    return found


def aims(pages: list[Page], results: dict[int, Result]) -> list[Verdict]:
    """The aims beyond the goals."""
    sizes = list(results)
    found = []
    for page in pages:
        if page.goal:
            figures = [results[size].pages[page.name] for size in sizes]
            ratio = max(figure.ratio for figure in figures)
            growth = figures[-1].ratio / figures[0].ratio
            bytes_sent = max(figure.size for figure in figures)
            found.append(
                Verdict(
                    f"{page.name}: ratio {AIMED_RATIO}, growth {AIMED_GROWTH}, "
                    f"{AIMED_BYTES // 1000} KB",
                    f"{ratio:.2f}, {growth:.2f}, {bytes_sent / 1000:.0f} KB",
                    ratio <= AIMED_RATIO and growth <= AIMED_GROWTH and bytes_sent <= AIMED_BYTES,
                )
            )
    return found


def _limit(page: Page, size: int) -> float:
    if page.goal == "page":
        return PAGE_RATIO
    return LIST_RATIO_SMALLEST if size <= 1000 else LIST_RATIO


def _row(numbers) -> str:
    return ", ".join(f"{number:.2f}" for number in numbers)


def _sizes(sizes) -> str:
    return ", ".join(f"{size:,}" for size in sizes)
