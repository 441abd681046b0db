"""One signed-in browser without pictures, that talks to a real web process."""

import http.client
import socket
from urllib.parse import urlencode

HERE = "127.0.0.1"


class Browser:
    """A person's session at the web process that listens on ``port``."""

    def __init__(self, port, session):
        self.port, self.session, self.token = port, session, ""

    def ask(self, method, path, fields=None, timeout=30):
        """(status, headers, text) of one request on a connection of its own."""
        connection = http.client.HTTPConnection(HERE, self.port, timeout=timeout)
        headers = {"Cookie": f"session={self.session}; csrf={self.token}"}
        body = None
        if fields is not None:
            body = urlencode(fields | {"csrfmiddlewaretoken": self.token})
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"http://{HERE}:{self.port}",
            }
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read().decode()
        finally:
            connection.close()

    def open_form(self, path):
        """The token of a page's form is the browser's from now on."""
        status, headers, text = self.ask("GET", path)
        assert status == 200, text
        cookie = headers.get("Set-Cookie", "")
        if cookie.startswith("csrf="):
            self.token = cookie.split("=", 1)[1].split(";")[0]


def listens(port):
    """Whether something takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex((HERE, port)) == 0
