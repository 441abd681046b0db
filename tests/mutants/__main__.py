"""``python -m tests.mutants [PART]``: print the mutants that no test noticed, and killed/total.

With PART, only mutants whose line contains it, such as ``clock.py`` or ``READ_REVIEW``.
Exits 1 when any survives, 2 when the tests fail without any mutant.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import pytest


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("part", nargs="?", default="", metavar="PART")
    asked = parser.parse_args()
    # The embedded database in memory, whatever the shell holds.
    os.environ["FOREVIEW_TEST"] = "1"
    os.environ.pop("DATABASE_URL", None)
    from tests.mutants.loop import Loop

    loop = Loop(only=asked.part, workers=os.cpu_count() or 1)
    started = time.monotonic()
    outcome = pytest.main([*OPTIONS, *TESTS], plugins=[loop])
    if outcome != pytest.ExitCode.OK:
        return 2
    killed = loop.total - len(loop.survivors)
    print(f"{killed}/{loop.total} mutants killed in {time.monotonic() - started:.0f} s")
    return 1 if loop.survivors else 0


# That a test fails is enough to know: its explanation would cost more than the test.
OPTIONS = ["-q", "-s", "--no-header", "--assert=plain", "--tb=short", "-p", "no:xdist"]
TESTS = [
    "tests/unit/test_clock.py",
    "tests/authorization/test_rules.py",
    *(str(path) for path in sorted(Path("tests/authorization").glob("test_policy*.py"))),
]

if __name__ == "__main__":
    sys.exit(main())
