"""The tests of each mutant, in a child forked from a process that has everything ready.

The tests are collected once, the world of the policy tests is built once, and the database
is in memory: a child gets a copy of all that at the cost of a fork, installs its mutant, and
runs the tests that are likeliest to notice first, until one fails.
"""

import gc
import os
import signal
import sqlite3
import sys
import time
from collections import Counter

import pytest
from django.db import connection

SECONDS = 120  # for one mutant: a mutant that hangs is noticed too
# A test that names the mutant's action is tried before those that noticed fewer than this.
OWN = 10


class Loop:
    """A pytest plugin that runs the collected tests once as they are and once for each mutant."""

    def __init__(self, *, only, workers):
        self.only = only
        self.workers = workers
        self.survivors = []
        self.total = 0
        self.durations = {}
        self.kills = Counter()

    @pytest.fixture(scope="session", autouse=True)
    def one_world(self, django_db_setup, django_db_blocker, tmp_path_factory):
        """The database is in memory and holds the world that policy's tests would each build."""
        from tests.authorization import policy_world

        with django_db_blocker.unblock():
            on_disk = connection.settings_dict["NAME"]
            connection.close()
            connection.settings_dict["NAME"] = ":memory:"
            connection.connect()
            with sqlite3.connect(on_disk) as source:
                source.backup(connection.connection)
            policy_world.prebuilt = policy_world.build(tmp_path_factory.mktemp("documents"))

    def pytest_runtestloop(self, session):
        from tests.mutants import targets

        if session.testsfailed:
            raise session.Failed("The tests cannot be collected.")
        everything = session.items
        for number, item in enumerate(everything):
            started = time.monotonic()
            following = everything[(number + 1) % len(everything)]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self.durations[item.nodeid] = time.monotonic() - started
        if session.testsfailed:
            raise session.Failed("The tests fail before anything is mutated.")
        _say(f"\n{len(everything)} tests pass unchanged.")
        mutants = [mutant for mutant in targets.mutants() if self.only in str(mutant)]
        unchanged = targets.Mutant("", 0, "nothing changed", "", ("tests/",), targets.nothing)
        answer = self._answer(session, unchanged)
        if answer != "survived":
            _say(f"In a child that changes nothing this fails: {answer or 'the child itself'}")
            raise session.Failed("Nothing can be said of any mutant.")
        self.total = len(mutants)
        gc.collect()
        gc.freeze()  # so that a child's collector leaves the shared memory shared
        self._run(session, mutants)
        return True

    def _answer(self, session, mutant):
        process, results = self._fork(session, mutant)
        os.waitpid(process, 0)
        with os.fdopen(results) as answers:
            return answers.read()

    def _run(self, session, mutants):
        waiting, running = list(reversed(mutants)), {}
        while waiting or running:
            while waiting and len(running) < self.workers:
                mutant = waiting.pop()
                process, results = self._fork(session, mutant)
                running[process] = (mutant, results)
            process, _ = os.wait()
            mutant, results = running.pop(process)
            with os.fdopen(results) as answers:
                answer = answers.read()
            if answer == "survived":
                self.survivors.append(mutant)
                _say(f"survived: {mutant}")
            else:
                self.kills[answer] += 1
            done = self.total - len(waiting) - len(running)
            if done % 100 == 0:
                _say(f"  {done} of {self.total}")

    def _fork(self, session, mutant):
        """(the child's number, where it says which test noticed or that none did)."""
        items = [item for item in session.items if item.nodeid.startswith(mutant.tests)]
        action = mutant.near.rpartition(".")[2].lower()
        items.sort(
            key=lambda item: (
                -self.kills[item.nodeid] - (OWN if f"[{action}" in item.nodeid else 0),
                self.durations[item.nodeid],
            )
        )
        reading, writing = os.pipe()
        process = os.fork()
        if process:
            os.close(writing)
            return process, reading
        try:
            signal.alarm(SECONDS)
            _be_quiet()
            os.write(writing, _first_failure(session, mutant, items).encode())
        finally:
            os._exit(0)


def _first_failure(session, mutant, items):
    """The test that fails with the mutant installed, or ``survived``."""
    try:
        mutant.install()
    except Exception:
        return "refused to be imported"
    session._setupstate.teardown_exact(items[0])
    # After the last one another seems to follow, or the child would take the database away.
    for item, following in zip(items, [*items[1:], items[0]], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return item.nodeid
    return "survived"


def _be_quiet():
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
