"""``python3 run.py exec python -m tests.benchmarks [--sizes N,N] [--rounds N] [--check]``.

Exit code 0 when everything was measured: the verdicts are for people. With ``--check`` a goal
that is not met makes it 1.
"""

import argparse
import os
import sys
import time

from tests.benchmarks.database import NoServerError, own_database


def main(words: list[str]) -> int:
    """Measure and report; the exit code."""
    options = _options(words)
    try:
        with own_database() as name:
            say(f"Database {name}")
            return _measure(options)
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 2


def _options(words):
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--sizes",
        type=lambda text: sorted({int(number) for number in text.split(",")}),
        default=[1000, 10_000, 100_000],
        help="numbers of attached submissions, thousands each, such as 1000,10000",
    )
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--explain", action="store_true", help="show the plans of the lists")
    parser.add_argument("--check", action="store_true", help="exit 1 when a goal is not met")
    options = parser.parse_args(words)
    if any(size < 1000 or size % 1000 for size in options.sizes) or options.rounds < 5:
        parser.error("A size is a whole number of thousands, and there are at least 5 rounds.")
    return options


def _measure(options) -> int:
    # Only now: Django reads DATABASE_URL once, and it must name the new database.
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    os.environ["FOREVIEW_TEST"] = "1"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from reviews.models import Submission
    from tests.benchmarks import data, explain, measure, people, report

    start = time.monotonic()
    call_command("migrate", verbosity=0)
    cast = people.cast()
    cookies = people.cookies(cast, "reviewer", "narrow-reviewer")
    at, below, results, wanted = timezone.now(), 0, {}, []
    for size in options.sizes:
        data.grow(cast, below=below, to=size, at=at)
        below = size
        say(f"{size:,} attached, {Submission.objects.count():,} in all", start)
        wanted = measure.pages(Submission.objects.get(lab_tracking_id="T-1").reference)
        results[size] = measure.at_this_size(wanted, cookies, options.rounds)
        say(f"measured {options.rounds} rounds of {len(wanted)} pages", start)
        if options.explain:
            for page in wanted:
                if page.goal == "list" and "NEXT" not in page.path:
                    say(explain.rows_of(page.path, cast[page.person]))
    connection.close()
    verdicts = report.verdicts(wanted, results)
    say(f"\n{report.table(wanted, results)}\n")
    say("Goals of the issue:")
    for verdict in verdicts:
        say(str(verdict))
    say("\nAims beyond them:")
    for verdict in report.aims(wanted, results):
        say(str(verdict))
    return 1 if options.check and not all(verdict.met for verdict in verdicts) else 0


def say(line: str, start: float | None = None) -> None:
    """Tell at once, with the seconds since ``start``."""
    print(line if start is None else f"[{time.monotonic() - start:4.0f} s] {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
