"""A database of its own for each class, copied from an empty one; gone afterwards."""

from contextlib import contextmanager

from django.db import connection, connections


@contextmanager
def copied(name: str):
    """Inside, Django's connection in every thread goes to a new copy of the present database."""
    settings = connections.settings["default"]
    original = connection.settings_dict["NAME"]
    copy = f"{original}_{name}"[:60]
    connections.close_all()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{original}"')
    settings["NAME"] = connection.settings_dict["NAME"] = copy
    try:
        yield copy
    finally:
        connections.close_all()
        settings["NAME"] = connection.settings_dict["NAME"] = original
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
