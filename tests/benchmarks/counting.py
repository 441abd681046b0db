"""How many queries a page takes, told in a header when the request asks."""

from django.db import connection

ASKED = "HTTP_X_COUNT_QUERIES"
ANSWER = "X-Queries"


def count_queries(get_response):
    """The answer to a request that asks names its number of queries; others are untouched."""

    def middleware(request):
        if ASKED not in request.META:
            return get_response(request)
        statements = []

        def note(execute, sql, params, many, context):
            statements.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            response = get_response(request)
        response[ANSWER] = str(len(statements))
        return response

    return middleware
