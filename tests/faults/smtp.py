"""A scripted SMTP server: it keeps what it accepts, and fails at a stage as it is told.

It keeps a message once it is about to answer 250 to it, as RFC 5321 section 6.1 asks, and no
message of a conversation that stalled or was dropped before.
"""

import asyncio
import email
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from tests.faults.listener import Listener

STALL = 60.0  # seconds; far beyond any client's patience here
GREET, MAIL, RCPT, DATA, END = STAGES = ("greet", "mail", "rcpt", "data", "end")


@dataclass
class Fault:
    """What happens once, when a conversation next comes to ``stage``.

    ``act`` is an answer's code, or stall, drop, kill, kill-before (the 250) or kill-after (it).
    ``after`` so many messages have been accepted; ``kill`` is given the client's process.
    """

    stage: str
    act: int | str
    after: int = 0
    kill: Callable[[int], None] = lambda pid: os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Accepted:
    """One message that the server took: whose, and when it was begun and taken."""

    message_id: str
    recipient: str
    begun: float
    taken: float
    content: bytes


@dataclass
class Conversation:
    """One client's connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    recipient: str = ""
    begun: float = 0.0

    async def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    def client(self) -> int:
        """The process at the other end."""
        port = self.writer.get_extra_info("peername")[1]
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid:
                return connection.pid
        raise LookupError(f"Nobody holds port {port}.")


@dataclass
class MailServer(Listener):
    """The server: ``with MailServer() as server``."""

    accepted: list[Accepted] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    happened: list[Fault] = field(default_factory=list)

    async def _answer(self, reader, writer):
        await self._converse(Conversation(reader, writer))

    async def _converse(self, with_: Conversation) -> None:
        if await self._fails(GREET, with_):
            return
        await with_.say("220 scripted")
        while line := await with_.reader.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                return await with_.say("221 bye")
            if not await self._obey(verb, line, with_):
                return None
        return None

    async def _obey(self, verb: bytes, line: bytes, with_: Conversation) -> bool:
        """Whether the conversation goes on."""
        stage = {b"MAIL": MAIL, b"RCPT": RCPT, b"DATA": DATA}.get(verb)
        if stage == MAIL:
            with_.begun = time.time()
        if stage == RCPT:
            with_.recipient = line.split(b"<")[1].split(b">")[0].decode()
        if stage and (failure := await self._fails(stage, with_)):
            return failure != "over"
        if stage == DATA:
            return await self._receive(with_)
        await with_.say("250 fine")
        return True

    async def _receive(self, with_: Conversation) -> bool:
        await with_.say("354 go on")
        content = await with_.reader.readuntil(b"\r\n.\r\n")
        if failure := await self._fails(END, with_, content):
            return failure != "over"
        self._keep(with_, content)
        await with_.say("250 kept")
        return True

    def _keep(self, with_: Conversation, content: bytes) -> None:
        name = email.message_from_bytes(content)["Message-ID"].strip()
        self.accepted.append(Accepted(name, with_.recipient, with_.begun, time.time(), content))

    async def _fails(self, stage: str, with_: Conversation, content: bytes = b"") -> str:
        """Empty when nothing was to happen; "over" when the conversation is."""
        fault = next((one for one in self.faults if one.stage == stage), None)
        if fault is None or len(self.accepted) < fault.after:
            return ""
        self.faults.remove(fault)
        if isinstance(fault.act, int):
            self.happened.append(fault)
            await with_.say(f"{fault.act} as scripted")
            return "over" if fault.act == 421 else "answered"
        if fault.act.startswith("kill"):
            victim = await asyncio.to_thread(with_.client)
            if stage == END:
                self._keep(with_, content)
            if fault.act == "kill-after":
                with_.writer.write(b"250 kept\r\n")
            fault.kill(victim)
        self.happened.append(fault)
        if fault.act == "stall":
            await asyncio.sleep(STALL)
        with_.writer.transport.abort()
        return "over"
