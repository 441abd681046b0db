"""A TCP proxy between the processes and their broker, which can be cut."""

import asyncio
import contextlib
import threading

from tests.faults.stack import own_port

HERE = "127.0.0.1"


class Proxy:
    """Passes every connection on to ``target``, until cut: ``with Proxy(port) as proxy``."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.port = own_port()

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.mend()
        return self

    def __exit__(self, *_):
        self.cut()
        self._do(self._cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def mend(self) -> None:
        """Connections are passed on."""
        self._server = self._do(asyncio.start_server(self._serve, HERE, self.port))

    def cut(self) -> None:
        """Every connection has ended, and none is taken."""

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
            there, back = await asyncio.open_connection(HERE, self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(back)
        try:
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        finally:
            self._writers -= {writer, back}

    async def _pass(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
