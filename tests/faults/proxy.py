"""A TCP proxy between the processes and their broker, which can be cut."""

import asyncio
import contextlib

from tests.faults.listener import HERE, Listener


class Proxy(Listener):
    """Passes every connection on to the port ``target``, until told to refuse."""

    def __init__(self, target: int) -> None:
        self._target = target

    async def _answer(self, reader, writer):
        there, back = await asyncio.open_connection(HERE, self._target)
        self._writers.add(back)
        try:
            await asyncio.gather(_pass(reader, back), _pass(there, writer))
        finally:
            self._writers.discard(back)


async def _pass(reader, writer):
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
