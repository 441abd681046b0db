"""Speaking to an address that a lab named: whom it reaches, and for how long it can be held."""

import socket
import ssl
import threading
import time

import pytest

from reviews.services import receivers
from tests import certificates
from tests.certificates import HERE, NAME


class Server:
    """Answers each connection as it is told; keeps what was sent."""

    def __init__(self, folder):
        self.answer, self.requests = b"HTTP/1.1 204 No Content\r\n\r\n", []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
        self._listener = socket.create_server((HERE, 0))
        self.port = self._listener.getsockname()[1]
        self._context = context
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(plain,), daemon=True).start()

    def _converse(self, plain):
        try:
            with self._context.wrap_socket(plain, server_side=True) as link:
                sent = b""
                while not sent.endswith(b"{}"):
                    sent += link.recv(65536)
                self.requests.append(sent)
                for part in self.answer if isinstance(self.answer, list) else [self.answer]:
                    link.sendall(part)
                    time.sleep(0.1 * isinstance(self.answer, list))
        except OSError:
            pass  # the other end has had enough

    def close(self):
        self._listener.close()


@pytest.fixture
def server(tmp_path, monkeypatch, settings):
    certificates.write(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    settings.GATEWAY_ALLOWED_HOSTS = [HERE]
    running = Server(tmp_path)
    yield running
    running.close()


def post(server, host=HERE):
    receivers.post(f"https://{host}:{server.port}/hooks?a=b", {"webhook-id": "msg_1"}, b"{}")


def resolving(monkeypatch, *addresses):
    """Every name leads to these, and the list of names that were asked for."""
    asked = []

    def getaddrinfo(host, port, *_, **__):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(receivers.socket, "getaddrinfo", getaddrinfo)
    return asked


def test_a_message_is_posted_to_the_very_path(server):
    post(server)
    (sent,) = server.requests
    head = sent.decode().lower()
    assert head.startswith("post /hooks?a=b http/1.1\r\n")
    assert "webhook-id: msg_1\r\n" in head
    assert f"host: {HERE}:{server.port}\r\n" in head


@pytest.mark.parametrize("status", [199, 301, 302, 307, 400, 404, 500, 503])
def test_any_other_answer_is_no_taking_and_no_redirect_is_followed(server, status):
    server.answer = (
        f"HTTP/1.1 {status} X\r\nLocation: https://{HERE}:{server.port}/other\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()
    with pytest.raises(receivers.NotTaken, match=f"answered {status}"):
        post(server)
    assert len(server.requests) == 1


def test_gone_is_gone(server):
    server.answer = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(receivers.Gone):
        post(server)


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 "])
def test_no_http_is_no_answer(server, answer):
    server.answer = answer
    with pytest.raises(receivers.Unreached):
        post(server)


def test_whoever_answers_drop_by_drop_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(receivers, "DEADLINE", 0.5)
    server.answer = [b"H"] + [b"X-A: b\r\n"] * 600
    begun = time.monotonic()
    with pytest.raises(receivers.Unreached):
        post(server)
    assert time.monotonic() - begun < 5


def test_a_certificate_that_nobody_vouches_for_is_refused(server, monkeypatch, tmp_path):
    (tmp_path / "other").mkdir()
    certificates.write(tmp_path / "other")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other" / "certificate.pem"))
    with pytest.raises(receivers.Unreached, match="CERTIFICATE_VERIFY_FAILED"):
        post(server)
    assert server.requests == []


def test_the_name_is_looked_up_once_and_its_certificate_checked(server, monkeypatch, settings):
    settings.GATEWAY_ALLOWED_HOSTS = [NAME, "other.example"]
    asked = resolving(monkeypatch, HERE)
    post(server, NAME)
    assert asked == [NAME, HERE]  # of an address, nobody is asked
    with pytest.raises(receivers.Unreached, match=r"other\.example"):
        post(server, "other.example")


@pytest.mark.parametrize(
    "addresses",
    [
        *(["127.0.0.1"], ["10.0.0.1"], ["192.168.1.1"], ["169.254.169.254"], ["0.0.0.0"]),  # noqa: S104
        *(["93.184.216.34", "10.0.0.1"], ["::1"], ["fd00::1"], ["fe80::1"], ["::ffff:10.0.0.1"]),
        *(
            ["64:ff9b::a00:1"],
            ["64:ff9b:1::1"],
            ["::a00:1"],
            ["fec0::1"],
            ["2002:a00:1::1"],
            ["100.64.0.1"],
            ["224.0.0.1"],
            ["ff02::1"],
        ),
    ],
)
def test_a_name_that_leads_inside_is_not_followed(server, monkeypatch, settings, addresses):
    settings.GATEWAY_ALLOWED_HOSTS = []
    resolving(monkeypatch, *addresses)
    connected = []
    monkeypatch.setattr(receivers.socket, "create_connection", lambda *a, **k: connected.append(a))
    with pytest.raises(receivers.Unreached, match="not public"):
        post(server, NAME)
    assert connected == []


def test_a_literal_ipv6_address_is_no_host_with_a_port(monkeypatch):
    def nobody(address, **_):
        raise ConnectionRefusedError(str(address))

    monkeypatch.setattr(receivers.socket, "create_connection", nobody)
    with pytest.raises(receivers.Unreached, match=r"2606:4700:4700::abcd', 443"):
        receivers.post("https://[2606:4700:4700::abcd]/", {}, b"{}")


def test_connecting_counts_towards_the_deadline(server, monkeypatch):
    """What cuts a conversation off may come before there is one to cut."""
    monkeypatch.setattr(receivers, "DEADLINE", 0.3)
    connect = socket.create_connection

    def slow(*where, **how):
        time.sleep(0.6)
        return connect(*where, **how)

    monkeypatch.setattr(receivers.socket, "create_connection", slow)
    with pytest.raises(receivers.Unreached, match="connecting took too long"):
        post(server)
