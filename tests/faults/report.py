"""What a seed came to, the one table of all classes, and the rules that each row must keep."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

RECOVERY = 120.0  # seconds


@dataclass
class Outcome:
    """One seed of one class.

    ``allowed_duplicates``: how many processes were killed between the server's 250 and our
    commit. Each may cause one message that is duplicated, or ``unrecorded``: a reminder that
    the server took, and that no longer held when it was tried again. ``lags``: seconds from
    each end to its record, while nothing was absent on purpose. ``broken``: rules of the class
    that did not hold, in words.
    """

    name: str
    seed: int
    injected: int = 0
    survived: int = 0
    expected: int = 0
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    unrecorded: int = 0
    allowed_duplicates: int = 0
    late: int = 0
    dead: int = 0
    allowed_after: int = 0
    lags: list[float] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Every rule that does not hold."""
        found = list(self.broken)
        if not self.injected:
            found.append("nothing was injected")
        if self.lost:
            found.append(f"{self.lost} lost")
        if self.duplicated + self.unrecorded > self.allowed_duplicates:
            found.append(
                f"{self.duplicated} duplicated and {self.unrecorded} sent without a record, "
                f"{self.allowed_duplicates} allowed ({', '.join(self.twice)})"
            )
        if self.late:
            found.append(f"{self.late} reminders sent after the end")
        if self.allowed_after:
            found.append(f"{self.allowed_after} requests allowed after the end")
        if self.recoveries and max(self.recoveries) > RECOVERY:
            found.append(f"recovered after {max(self.recoveries):.0f} s")
        return found


COUNTS = (
    *("injected", "survived", "expected", "delivered", "lost", "duplicated", "unrecorded"),
    *("late", "dead", "allowed_after"),
)
HEADINGS = (
    *("class", "seeds", "injected", "survived", "mails expected", "delivered", "lost"),
    *("duplicated", "sent, on record as skipped", "sent after the end by mistake"),
    "dead-lettered",
    *("allowed after the end", "lag s: median, 99th, max", "recovery s: median, max"),
)


def table(outcomes: Sequence[Outcome]) -> str:
    """A row for each class and one for all, as Markdown; then each rule that was broken."""
    names = list(dict.fromkeys(outcome.name for outcome in outcomes))
    groups = [(name, [one for one in outcomes if one.name == name]) for name in names]
    rows = [_row(name, group) for name, group in [*groups, ("all", outcomes)]]
    lines = [
        f"| {' | '.join(HEADINGS)} |",
        f"|---{'|---:' * (len(HEADINGS) - 1)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        f"lag from end to recorded (median, 99th, max): {rows[-1][-2]} s",
        f"requests allowed after the end: {rows[-1][-3]}",
        f"recovery (median, max): {rows[-1][-1]} s",
        *(f"seeds of {name}: {_range(one.seed for one in group)}" for name, group in groups),
    ]
    return "\n".join([*lines, *broken(outcomes)])


def broken(outcomes: Iterable[Outcome]) -> list[str]:
    """Each rule that does not hold, with its class and seed."""
    return [
        f"BROKEN: {outcome.name}, seed {outcome.seed}: {problem}"
        for outcome in outcomes
        for problem in outcome.problems()
    ]


def _row(name: str, group: Sequence[Outcome]) -> list[str]:
    lags = sorted(lag for outcome in group for lag in outcome.lags)
    recoveries = [seconds for outcome in group for seconds in outcome.recoveries]
    counts = [f"{sum(getattr(outcome, count) for outcome in group):,}" for count in COUNTS]
    return [
        name,
        str(len(group)),
        *counts,
        _spread(statistics.median(lags), _rank(lags, 0.99), lags[-1]) if lags else "-",
        _spread(statistics.median(recoveries), max(recoveries)) if recoveries else "-",
    ]


def _rank(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of the sorted values do not exceed."""
    return values[math.ceil(share * len(values)) - 1]


def _spread(*values: float) -> str:
    return ", ".join(f"{value:.1f}" for value in values)


def _range(seeds: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(seeds)))
