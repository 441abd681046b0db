"""``python3 run.py exec python -m tests.faults [--seeds N] [--first N] [CLASS ...]``
or ``python -m tests.faults throughput [--sizes N,N] [--mails N]``.

Prints one table of all classes; exit code 1 when a rule was broken, naming class and seed.
"""

import argparse
import os
import sys
import time

from tests.benchmarks.database import NoServerError, own_database

THROUGHPUT = "throughput"


def main(words: list[str]) -> int:
    """Run the classes and report; the exit code."""
    try:
        with own_database():
            return _run(words)
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 2


def _run(words):
    # Only now: Django reads DATABASE_URL once, and it must name the new database.
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from tests.faults import report
    from tests.faults.classes import CLASSES, outcomes

    options = _options(words, list(CLASSES))
    call_command("migrate", verbosity=0)
    if options.classes == [THROUGHPUT]:
        from tests.faults import throughput

        ratios = throughput.measure(options.sizes, options.mails, say)
        return 0 if all(ratio.met for ratio in ratios) else 1
    found, start = [], time.monotonic()
    for name in options.classes or CLASSES:
        for outcome in outcomes(name, range(options.first, options.first + options.seeds)):
            found.append(outcome)
            problems = "; ".join(outcome.problems()) or "held"
            say(f"[{time.monotonic() - start:5.0f} s] {name}, seed {outcome.seed}: {problems}")
    connection.close()
    say(f"\n{report.table(found)}")
    return 1 if report.broken(found) else 0


def _options(words, names):
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many of each class")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument(
        "--sizes",
        type=lambda text: sorted({int(number) for number in text.split(",")}),
        default=[1000, 10_000],
        help="how many windows end at once, for throughput, such as 1000,10000,100000",
    )
    parser.add_argument("--mails", type=int, default=2000, help="how many, for throughput")
    parser.add_argument("classes", nargs="*", metavar="CLASS", help=", ".join(names))
    options = parser.parse_args(words)
    alone = options.classes == [THROUGHPUT]
    if not alone and (unknown := set(options.classes) - set(names)):
        parser.error(f"There is no class {', '.join(sorted(unknown))}.")
    return options


def say(line: str) -> None:
    """Tell at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
