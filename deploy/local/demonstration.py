"""The demonstration: set up, then the whole portal on loopback until it is told to stop."""

import os

from . import debian, environment, front_end, locks, ports, python, services
from .commands import openly, quietly, say
from .paths import LOGS, PYTHON, VAR
from .supervisor import Supervisor


def serve(port):
    """Serve until interrupted; where one already serves from this checkout, say so instead."""
    right = locks.Portal()
    if address := right.acquire():
        say(f"Foreview already runs at {address} (started by another run.py in this checkout).")
        return 0
    try:
        with Supervisor(LOGS) as supervisor:
            with locks.set_up():
                prepare()
                ports.keep(ports.for_web(port))
                port = _start_before_migrating(supervisor)
                _migrate_and_seed()
            env = environment.demonstration()
            services.start_web(supervisor, port, env)
            services.start_workers(supervisor, env)
            say("Starting the portal…")
            supervisor.wait_until("The portal", lambda: services.sign_in_page_answers(port))
            address = f"http://127.0.0.1:{port}/"
            right.announce(address)
            say(f"\nForeview is at {address} (process {os.getpid()})")
            say("Ctrl-C stops it. Logs: var/log/")
            supervisor.watch()
    finally:
        right.release()


def manage(words):
    """Run manage.py on the demonstration's data; return its exit code."""
    with locks.set_up():
        prepare()
    return openly([PYTHON, "manage.py", *words], env=environment.demonstration())


def prepare(*, tests=False):
    """Everything that the portal imports or serves is in place."""
    python.install(tests=tests)
    debian.bring_pdf_libraries()
    debian.bring_scanner()
    front_end.install()
    front_end.collect()


def _start_before_migrating(supervisor):
    """What seeding speaks to already: broker, mail sink, scanner. Returns the portal's port."""
    kept = ports.kept()
    services.start_broker(
        supervisor,
        program=services.embedded_broker(),
        folder=VAR / "broker",
        port=kept["broker"],
        password=environment.kept_secret("broker_password"),
    )
    services.start_mail_sink(supervisor, kept["mail"])
    services.start_scanner(supervisor, folder=VAR / "scanner", port=kept["scanner"])
    return kept["web"]


def _migrate_and_seed():
    for command, what in (
        ("migrate", "the database (about 20 s the first time)"),
        ("seed_demo", "the demonstration data (one to three minutes the first time)"),
    ):
        say(f"Preparing {what}…")
        quietly(
            [PYTHON, "manage.py", command],
            log=command,
            remedy="to start from empty data, stop the portal and remove var/foreview.sqlite3*.",
            env=environment.demonstration(),
        )
