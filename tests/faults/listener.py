"""A server on loopback, in a thread of its own, that can refuse its clients."""

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod

from tests.faults.stack import own_port

HERE = "127.0.0.1"


class Listener(ABC):
    """Answers as ``_answer`` of its kind says, until told to refuse: ``with Kind() as server``."""

    port = 0

    def __enter__(self):
        self.port = own_port()
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_):
        self.refuse()
        self._do(self._cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def listen(self) -> None:
        """Connections are taken from now on."""
        self._server = self._do(asyncio.start_server(self._serve, HERE, self.port))

    def refuse(self) -> None:
        """Connections are refused from now on, and those there are end."""

        async def close():
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()

        self._do(close())

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _cancel(self):
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        try:
            await self._answer(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            with contextlib.suppress(OSError):
                writer.close()

    @abstractmethod
    async def _answer(self, reader, writer):
        """One client's conversation, to its end."""
