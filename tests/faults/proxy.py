"""A TCP proxy in front of a server, which can be cut and can be slow."""

import asyncio
import contextlib

from tests.faults.listener import HERE, Listener


class Proxy(Listener):
    """Passes every connection on to the port ``target``, until told to refuse.

    With ``speed`` each brings at most so many bytes a second there.
    """

    def __init__(self, target: int, *, speed: float = float("inf")) -> None:
        self._target, self._speed = target, speed

    async def _answer(self, reader, writer):
        there, back = await asyncio.open_connection(HERE, self._target)
        self._writers.add(back)
        try:
            await asyncio.gather(_pass(reader, back, self._speed), _pass(there, writer))
        finally:
            self._writers.discard(back)


async def _pass(reader, writer, speed=float("inf")):
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
            if speed < float("inf"):
                await asyncio.sleep(len(data) / speed)
    with contextlib.suppress(OSError):
        writer.close()
