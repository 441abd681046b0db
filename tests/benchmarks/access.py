"""``python3 run.py exec python -m tests.benchmarks.access [--grants N] [--rounds N] [--check]``.

The pages that track access, against the portal's own page around nothing, in the same rounds.
With ``--check`` the administrators' board, if it takes more than four times as long, makes the
exit code 1.
"""

import argparse
import os
import sys
import time

from tests.benchmarks.__main__ import say
from tests.benchmarks.database import NoServerError, own_database

LIVE = 10_000
SUBMISSIONS = 10_000
RATIO = 4.0
EMPTY = "/bench/dress/"


def main(words: list[str]) -> int:
    """Measure and report; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.access", description=__doc__)
    parser.add_argument("--grants", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is not met")
    options = parser.parse_args(words)
    try:
        with own_database() as name:
            say(f"Database {name}")
            return _measure(options)
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 2


def _measure(options) -> int:
    # Only now: Django reads DATABASE_URL once, and it must name the new database.
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    os.environ["FOREVIEW_TEST"] = "1"
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from tests.benchmarks import data, grants, people

    start, at = time.monotonic(), timezone.now()
    call_command("migrate", verbosity=0)
    cast = people.cast()
    data.grow(cast, below=0, to=SUBMISSIONS, at=at)
    results = []
    for number in (options.grants // 10, options.grants):
        grants.grow(cast, grants=number, live=min(LIVE, number // 10), at=at)
        say(f"{number:,} grants", start)
        results.append(_of_pages(cast, options.rounds))
        say(f"measured {options.rounds} rounds", start)
    few, many = results
    say(f"\n| page | queries | median ms | ratio to the empty page | at {number // 10:,} |")
    say("|---|---:|---:|---:|---:|")
    for name, (queries, median, ratio) in many.items():
        say(f"| {name} | {queries} | {median:.1f} | {ratio:.2f} | {few[name][2]:.2f} |")
    boards = [name for name in many if name.startswith("board") and "lab" not in name]
    met = all(many[name][2] <= RATIO for name in boards)
    same = all(few[name][0] == many[name][0] for name in many)
    say(
        f"\nThe administrators' board in every division, at most {RATIO} times the empty page: "
        f"{met}. The same queries at both sizes: {same}."
    )
    return 1 if options.check and not (met and same) else 0


def _of_pages(cast, rounds):
    """By page: its queries, its median in milliseconds, and that over the empty page's."""
    from tests.benchmarks import measure, people

    who = ("administrator", "auditor", "lab-north")
    pages = [
        measure.Page(measure.BASE, EMPTY, "administrator"),
        *(measure.Page(f"board, {one}", "/access/board/", one) for one in who),
        *(
            measure.Page(f"board by {by}", f"/access/board/?by={by}", "administrator")
            for by in ("agency", "partner", "sector", "grantee")
        ),
        *(measure.Page(f"timeline, {one}", "/access/timeline/", one) for one in who),
        measure.Page("timeline, live", "/access/timeline/?state=live", "administrator"),
        measure.Page("timeline, overdue", "/access/timeline/?state=overdue", "administrator"),
        measure.Page("timeline, next page", "/access/timeline/?state=&NEXT", "administrator"),
        measure.Page("revoke, preview", "/access/revoke/?state=live", "administrator"),
    ]
    found = measure.at_this_size(pages, people.cookies(cast, *who), rounds).pages
    return {name: (one.queries, one.median, one.ratio) for name, one in found.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
