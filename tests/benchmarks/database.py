"""The benchmark's own database: made at the start, dropped at the end, whatever happens."""

import os
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


class NoServerError(Exception):
    """There is no PostgreSQL to measure on; the message says what to do."""


@contextmanager
def own_database():
    """Inside, DATABASE_URL names a new database on the same server, which is gone after."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith(("postgres://", "postgresql://")):
        raise NoServerError(
            "DATABASE_URL names no PostgreSQL server. "
            "Use `python3 run.py exec python -m tests.benchmarks`."
        )
    name = f"foreview_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        os.environ["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        try:
            yield name
        finally:
            os.environ["DATABASE_URL"] = server
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )
