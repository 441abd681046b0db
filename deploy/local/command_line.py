"""What run.py's words mean, and what it says and returns when something stops it."""

import signal

from . import checks, demonstration, front_end, locks, python
from .commands import SetUpError, complain, say
from .supervisor import ServiceError

USAGE = """\
python3 run.py [--port N]      set up and serve the demonstration (port 8000, or the next free)
python3 run.py test [ARGS]     set up and run every check; with ARGS, only pytest on PostgreSQL
                               (ARGS go to pytest, such as a file, FILE::NAME, -k WORD, -n 0)
python3 run.py exec CMD ...    run a command with the services and environment of the tests
python3 run.py manage ARGS     run manage.py on the demonstration's data
python3 run.py assets          fetch the front end's files into var/vendor, for an installation
python3 run.py lock [ARGS]     resolve the lock files again (ARGS go to uv, such as --upgrade)
"""


STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Something else asked this process to end."""


def main(words):
    """Do what the words ask; return the exit code."""
    # SIGINT too: a script starts what it puts into the background with that one ignored.
    for number in STOPPING:
        signal.signal(number, _stop)
    try:
        return _do(words)
    except (KeyboardInterrupt, Stopped):
        say("\nStopped.")
        return 0 if not words or words[0] == "--port" else 130
    except (SetUpError, ServiceError) as error:
        complain(f"\n{error}")
        return 1


def _do(words):
    match words:
        case []:
            return demonstration.serve(None)
        case ["--port", number] if number.isdecimal() and 0 < int(number) < 65536:
            return demonstration.serve(int(number))
        case ["test", *rest]:
            return checks.test(rest)
        case ["exec", *command] if command:
            return checks.execute(command)
        case ["manage", *rest]:
            return demonstration.manage(rest)
        case ["assets"]:
            return _assets()
        case ["lock", *rest]:
            return _lock(rest)
        case ["--help" | "-h"]:
            say(USAGE)
            return 0
    complain(f"run.py does not know: {' '.join(words)}\n\n{USAGE}")
    return 2


def _assets():
    with locks.set_up():
        python.install()
        front_end.install()
    say("The front end's files are in var/vendor.")
    return 0


def _lock(options):
    with locks.set_up():
        python.install()
        python.lock(options)
        front_end.lock()
    say("Lock files resolved; the next run installs them.")
    return 0


def _stop(number, _frame):
    # Once is enough: a second signal must not cut short the ending of the services.
    for again in STOPPING:
        signal.signal(again, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Stopped(signal.Signals(number).name)
