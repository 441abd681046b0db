"""The plan of a list's query for its rows, as PostgreSQL carried it out."""

import re
import time

from django.db import connection
from django.test import Client

ROWS = re.compile(r'FROM "reviews_submission".* LIMIT \d+$', re.DOTALL)


def rows_of(path: str, person) -> str:
    """EXPLAIN (ANALYZE, BUFFERS) of the query that reads the list's rows, and how long it took."""
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    client.get(path)
    took = []

    def note(execute, sql, params, many, context):
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            took.append((time.perf_counter() - start, sql, params))

    with connection.execute_wrapper(note):
        client.get(path)
    seconds, sql, params = next(one for one in took if ROWS.search(one[1]))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    return f"{path} for {person.name}: {seconds * 1000:.1f} ms\n{plan}"
