"""A real PostgreSQL for one run of the tests: new, on loopback, and forgotten afterwards."""

import os
import secrets
import shutil
import signal
import subprocess

from . import debian, ports
from .commands import own_environment, quietly

USER = "foreview"


def start(supervisor, home, *, initdb=()):
    """A new PostgreSQL in the empty folder ``home``; return its DATABASE_URL.

    ``initdb`` are further words for the program that makes its files.

    It refuses to run as root, so root lends it to ``nobody``. The programs are copied first,
    because ``nobody`` may not reach the checkout.
    """
    user = "nobody" if os.geteuid() == 0 else None
    programs, env = _copy_programs(home)
    password = secrets.token_urlsafe(24)
    (home / "password").write_text(password)
    if user:
        for path in (home, home / "password"):
            shutil.chown(path, user)
    data = home / "data"
    quietly(
        [
            *(programs / "initdb", "--pgdata", data, "--username", USER, "--no-sync"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8"),
            *("--auth", "scram-sha-256", "--pwfile", home / "password"),
            *initdb,
        ],
        log="initdb",
        remedy="remove var/debian and run the command again.",
        env=env,
        cwd=home,
        user=user,
    )
    port = ports.free()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
        # Nothing here outlives the run, so nothing need survive a power cut.
        "fsync": "off",
        "full_page_writes": "off",
        "jit": "off",  # its compiler is not copied
        "timezone": "UTC",
    }
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    supervisor.start(
        "postgresql",
        [programs / "postgres", "-D", data, *options],
        env=env,
        stop_signal=signal.SIGINT,  # ends open sessions instead of waiting for them
        user=user,
        cwd=home,
    )
    supervisor.wait_until("PostgreSQL", lambda: _is_ready(data))
    return f"postgres://{USER}:{password}@127.0.0.1:{port}/postgres"


def _copy_programs(home):
    """PostgreSQL's programs and the libraries they name, as one tree that finds itself."""
    env = own_environment(LD_LIBRARY_PATH=os.pathsep.join(map(str, debian.library_folders())))
    server = debian.find("usr/lib/postgresql/*/bin/postgres")
    version, tree = server.parents[1].name, server.parents[4]
    for folder in (f"lib/postgresql/{version}", f"share/postgresql/{version}"):
        shutil.copytree(tree / folder, home / "usr" / folder)
    libraries = home / "libraries"
    libraries.mkdir()
    for program in (server, server.with_name("initdb")):
        answer = subprocess.run(["ldd", program], env=env, capture_output=True, check=True)
        for line in answer.stdout.decode().splitlines():
            path = line.partition("=> ")[2].partition(" (")[0]
            if path.startswith(str(debian.TESTS)):
                shutil.copy2(path, libraries)
    programs = home / "usr" / "lib" / "postgresql" / version / "bin"
    return programs, {**env, "LD_LIBRARY_PATH": str(libraries), "HOME": str(home)}


def _is_ready(data):
    """PostgreSQL says so itself, in the last line of its process file."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()[-1].strip() == "ready"
    except (OSError, IndexError):
        return False
