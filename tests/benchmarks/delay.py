"""A link with a round trip: whatever passes through this local port arrives later, in order, and no slower than it was sent."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


@contextlib.contextmanager
def delayed(address: str, round_trip: float) -> Iterator[str]:
    """Within: an address that leads to this one, half the round trip, in seconds, away from it."""
    target = urlsplit(address)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(target.hostname, target.port)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(_pipe(reader, there[1], round_trip / 2), _pipe(there[0], writer, round_trip / 2))

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(relay, "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.1)  # until what was closed has closed


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Pass on what comes, each piece after the delay."""
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue()

    async def deliver() -> None:
        try:
            while (piece := await waiting.get()) is not None:
                due, data = piece
                await asyncio.sleep(max(0.0, due - loop.time()))
                writer.write(data)
        finally:
            writer.close()

    delivery = asyncio.ensure_future(deliver())
    try:
        while data := await reader.read(2**16):
            waiting.put_nowait((loop.time() + delay, data))
    except ConnectionError:
        pass
    waiting.put_nowait(None)
    await delivery
