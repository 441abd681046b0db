"""Measuring the pages at one size: all of them in every round, so that noise falls on all."""

import gc
import re
import statistics
from dataclasses import dataclass
from html import unescape

from tests.benchmarks.worker import Answer, Worker, running

WARM_UP = 6
MEMORY_ROUNDS = 10
BASE = "base"
PORTAL = ("tests.benchmarks.wsgi", "tests.benchmarks.settings")
ALONE = ("portal.wsgi", "portal.settings")


@dataclass(frozen=True)
class Page:
    """One page to measure. ``goal`` names the kind of goal that it has, if any."""

    name: str
    path: str
    person: str = "reviewer"
    goal: str = ""
    # Measured in every so many rounds: what takes half a second need not come forty times.
    every: int = 1

    @property
    def is_portal(self) -> bool:
        """Whether it is one of the portal's own pages."""
        return not self.path.startswith("/bench/")


@dataclass(frozen=True)
class Figures:
    """What was found about one page at one size."""

    median: float
    slow: float
    ratio: float
    queries: int
    size: int


@dataclass(frozen=True)
class Result:
    """What was found at one size."""

    pages: dict[str, Figures]
    memory: float


def pages(reference: str) -> list[Page]:
    """Every page that is measured; ``reference`` is the submission whose page it is."""
    return [
        Page(BASE, "/bench/bare/base/"),
        Page("empty page", "/bench/bare/empty/"),
        Page("portal's dress, empty", "/bench/dress/"),
        Page("guardian's defaults", "/bench/bare/guardian/", every=4),
        Page("Home", "/", goal="page"),
        Page("submission", f"/submissions/{reference}/", goal="page"),
        Page("list", "/submissions/", goal="list"),
        Page("list, concluded", "/submissions/?state=concluded", goal="list"),
        Page("list, concluded, second page", "/submissions/?state=concluded&NEXT", goal="list"),
        Page("list, under review", "/submissions/?state=under_review", goal="list"),
        Page("list, by end", "/submissions/?sort=ends", goal="list"),
        Page("list, attached to 50", "/submissions/", "narrow-reviewer", goal="list"),
        Page("Home, attached to 50", "/", "narrow-reviewer", goal="page"),
    ]


def at_this_size(wanted: list[Page], cookies: dict[str, str], rounds: int) -> Result:
    """The figures of every page with the rows that are there now."""
    with running(*PORTAL) as worker:
        wanted = [_resolved(page, worker, cookies) for page in wanted]
        counts = {page.name: _counted(worker, page, cookies[page.person]) for page in wanted}
        times = _times(worker, wanted, cookies, rounds)
    base = statistics.median(times[BASE])
    figures = {}
    for page in wanted:
        median = statistics.median(times[page.name])
        slow = statistics.quantiles(times[page.name], n=20)[-1]
        answer = counts[page.name]
        figures[page.name] = Figures(median, slow, median / base, answer.queries, len(answer.body))
    return Result(figures, _memory([page for page in wanted if page.is_portal], cookies))


def _counted(worker: Worker, page: Page, cookie: str) -> Answer:
    """The answer with the fewest queries of three: once a minute one moves the clock's mark."""
    answers = [worker.get(page.path, cookie, count=True) for _ in range(3)]
    return min(answers, key=lambda answer: answer.queries)


def _times(worker: Worker, wanted, cookies, rounds) -> dict[str, list[float]]:
    times = {page.name: [] for page in wanted}
    for number in range(WARM_UP):
        for page in wanted:
            if number % page.every == 0:
                worker.get(page.path, cookies[page.person])
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            # Turned by one each time, so that no page always follows the same one.
            turn = number % len(wanted)
            for page in wanted[turn:] + wanted[:turn]:
                if number % page.every == 0:
                    answer = worker.get(page.path, cookies[page.person])
                    times[page.name].append(answer.milliseconds)
    finally:
        gc.enable()
    return times


def _resolved(page: Page, worker: Worker, cookies) -> Page:
    """The page with its address as the list itself links to it."""
    address, more, _ = page.path.partition("&NEXT")
    if not more:
        return page
    first = worker.get(address, cookies[page.person]).body.decode()
    after = re.search(r'href="[^"?]*(\?[^"]*after=[^"]+)"', first)
    if after is None:
        raise LookupError(f"{address} has no link to its second page.")
    path = address.partition("?")[0] + unescape(after[1])
    return Page(page.name, path, page.person, page.goal)


def _memory(wanted: list[Page], cookies) -> float:
    """The memory of a worker that served only the portal's pages."""
    with running(*ALONE) as worker:
        for _ in range(MEMORY_ROUNDS):
            for page in wanted:
                worker.get(page.path, cookies[page.person])
        return worker.memory()
