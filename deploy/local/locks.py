"""One set-up at a time, and one portal at a time, in one checkout.

The locks are the kernel's: they end with the process that holds them, however it ends.
"""

import fcntl
import os
import time
from contextlib import contextmanager

from .commands import SetUpError, say
from .paths import BASE, VAR, VENV, shown


@contextmanager
def set_up():
    """Nobody else installs or migrates in this checkout meanwhile."""
    own_folders()
    with (VAR / "set-up.lock").open("w") as file:
        if not _locked(file):
            say("Another run.py is setting up this checkout; waiting for it…")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Portal:
    """The right to serve the demonstration of this checkout, and where it serves."""

    def __init__(self):
        own_folders()
        self._file = (VAR / "portal.lock").open("a+")

    def acquire(self):
        """Hold the right; or return the address at which another process serves."""
        told = False
        while not _locked(self._file):
            self._file.seek(0)
            if address := self._file.read():
                return address
            if not told:
                say("Another run.py is starting the portal of this checkout; waiting for it…")
                told = True
            time.sleep(0.3)
        self._file.truncate(0)
        return None

    def announce(self, address):
        """Tell whoever else runs run.py here where this one serves."""
        self._file.write(address)
        self._file.flush()

    def release(self):
        """Nobody serves any more."""
        self._file.truncate(0)
        self._file.close()


def own_folders():
    """``var`` stands, private; it and ``.venv`` belong to whoever runs this.

    Raises SetUpError otherwise: files of two owners would stop one of them half-way, later.
    """
    if not os.access(BASE, os.W_OK):
        raise SetUpError(
            f"{BASE} is not yours to write in.\n"
            "  What to do: copy it to a folder of your own and run it there."
        )
    VAR.mkdir(mode=0o700, exist_ok=True)
    for folder in (VAR, VENV):
        if folder.exists() and folder.stat().st_uid != os.geteuid():
            raise SetUpError(
                f"{shown(folder)} in {BASE} was made by another user.\n"
                f"  What to do: run this as that user, or as that user remove .venv and var."
            )
    # Uploaded documents and the demonstration's secrets are in it.
    VAR.chmod(0o700)


def _locked(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
