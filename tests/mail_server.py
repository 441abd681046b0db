"""A real SMTP server on loopback that keeps messages and answers as scripted."""

import socket
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller


class Server:
    """A real SMTP server that keeps messages and answers as scripted."""

    def __init__(self):
        self.messages = []
        self.answers = {}
        self.connections = 0
        self.senders = set()
        self.after_message = None

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        self.senders.add(address)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.after_message:
            self.after_message()
        return "250 kept"


@pytest.fixture
def smtp(settings):
    """The server, listening on loopback, with Django pointed at it."""
    server = Server()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_USE_TLS = False
    server.port = port
    yield server
    controller.stop()
