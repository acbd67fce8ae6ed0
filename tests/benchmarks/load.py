"""How the app holds up under a class: visitors without browsers, over the real websocket, each moving σ_w² once a second, or dragging it.

    python tests/benchmarks/load.py                       # 40 visitors with one teacher's link, for a minute
    python tests/benchmarks/load.py --drags               # each holds the slider for 5 s out of 15: asks for a table, then lets go
    python tests/benchmarks/load.py --own-seeds           # everybody draws networks of their own
    python tests/benchmarks/load.py --heavy               # … and one more asks for the largest network the page takes on, again and again
    python tests/benchmarks/load.py --page phase          # on another page
    python tests/benchmarks/load.py --replicas 2          # spread over two servers, as behind the nginx of `.hosting`

"Table": from the press on a slider to the first table from which its frames are drawn. "Chart": from a move to the first chart that shows
it, or a later move. "Whole": to the end of such a run. The visitors run on the server's machine; their share of it is reported.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import math
import random
import re
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))


from websocket_visitor import PATIENCE, Visitor, visiting

from propagation.budget import fits
from propagation.config import Config
from propagation.engine.cost import work
from tests.browser.conftest import Server, running_server

#: what the heavy visitor may ask for, as far as the page takes it on
HEAVY = [Config(width=width, inputs=64, depth=100, trials=trials) for width in (4096, 65_536) for trials in range(1, 65)]
#: characters of the server's first complaint
MOST_LOG = 3000
#: seconds within which a class arrives
ARRIVING = 5.0
#: seconds for which a slider is held, and from one press to the next
HELD, APART = 5.0, 15.0


@dataclass
class Result:
    """What all visitors met, and the server's memory, (seconds, MB)."""

    visitors: list[Visitor] = field(default_factory=list)
    heavy: list[Visitor] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    server_seconds: float = 0.0
    own_seconds: float = 0.0


async def attend(address: str, query: str, number: int, end: float, result: Result, drags: bool) -> None:
    """One visitor of a class: arrives within a few seconds of the others, then moves once a second, or drags, whether answered or not."""
    rng = random.Random(number)
    await asyncio.sleep(ARRIVING * rng.random())
    async with visiting(address, query, result.visitors, result.lost) as visitor:
        await visitor.settle()
        beat = time.perf_counter() + rng.random() * (APART if drags else 1)
        for value in rng.sample([hundredths / 100 for hundredths in range(151, 400)], 240):
            await asyncio.sleep(max(0.0, beat - time.perf_counter()))
            if beat > end:
                break
            if drags:
                await visitor.press()
                await asyncio.sleep(HELD)
            await visitor.move(value)
            beat += APART if drags else 1
        await visitor.settle()


async def ask_for_much(address: str, end: float, result: Result) -> None:
    """The visitor who asks for the largest network that the page takes on, and for another as soon as it is there."""
    config = max(filter(fits, HEAVY), key=lambda config: work(config).seconds)
    for seed in itertools.takewhile(lambda _: time.perf_counter() < end, itertools.count()):
        query = urlencode(config.to_query() | {"seed": seed})
        async with visiting(address, query, result.heavy, result.lost) as visitor:
            await visitor.settle(10 * PATIENCE)


async def watch(processes: list[int], end: float, result: Result) -> None:
    """The servers' memory, once in two seconds."""
    began = time.perf_counter()
    while time.perf_counter() < end:
        statuses = [Path(f"/proc/{process}/status").read_text() for process in processes]
        held = sum(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) for status in statuses)
        result.memory.append((time.perf_counter() - began, held / 1024))
        await asyncio.sleep(2)


async def run(arguments: argparse.Namespace, servers: list[Server]) -> Result:
    """The whole class, for as long as asked for."""
    result = Result()
    pages = [f"{server.address}/{arguments.page}" for server in servers]
    processes = [server.process.pid for server in servers]
    end = time.perf_counter() + ARRIVING + arguments.seconds
    before, own = _processor_seconds(processes), time.process_time()
    async with asyncio.TaskGroup() as group:
        for number in range(arguments.visitors):
            query = urlencode({"seed": number}) if arguments.own_seeds and number else ""
            group.create_task(attend(pages[number % len(pages)], query, number, end, result, arguments.drags))
        if arguments.heavy:
            group.create_task(ask_for_much(pages[0], end, result))
        group.create_task(watch(processes, end, result))
    result.server_seconds, result.own_seconds = _processor_seconds(processes) - before, time.process_time() - own
    return result


def report(result: Result, seconds: float) -> bool:
    """Print the table; whether there was no error."""
    opened, moved = [visitor.moves[0] for visitor in result.visitors], [move for visitor in result.visitors for move in visitor.moves[1:]]
    print(f"{'':24}{'answers':>9}{'median':>9}{'p95':>9}{'worst':>9}   s")
    for name, moves, part in (
        ("arriving, chart", opened, "chart"),
        ("arriving, whole", opened, "whole"),
        ("a move, chart", moved, "chart"),
        ("a move, whole", moved, "whole"),
        ("the heavy one, whole", [visitor.moves[0] for visitor in result.heavy], "whole"),
    ):
        waits = sorted(wait for move in moves if not isnan(wait := getattr(move, part)))
        if waits:
            p95 = waits[math.ceil(0.95 * len(waits)) - 1]
            print(f"{name:24}{len(waits):5} of {len(moves):<5}{statistics.median(waits):5.2f}{p95:9.2f}{waits[-1]:9.2f}")
    tables = sorted(seconds for visitor in result.visitors for seconds in visitor.tables)
    if tables:
        p95 = tables[math.ceil(0.95 * len(tables)) - 1]
        presses = sum(visitor.presses for visitor in result.visitors)
        print(f"{'a press, table':24}{len(tables):5} of {presses:<5}{statistics.median(tables):5.2f}{p95:9.2f}{tables[-1]:9.2f}")
    everyone = result.visitors + result.heavy
    errors = result.lost + [error for visitor in everyone for error in visitor.errors]
    errors += ["no chart" for visitor in everyone for move in visitor.moves if isnan(move.chart)]
    print(f"{len(errors)} errors", *sorted(set(errors))[:5], sep="\n  ")
    print(f"{sum(visitor.bytes for visitor in result.visitors) / max(1, len(moved)) / 1024:.0f} KB a move")
    answered = [move for move in moved if not isnan(move.whole)]
    if answered and not tables:
        each = result.server_seconds / (len(opened) + len(answered))
        print(f"{1000 * each:.0f} ms of a core a move or a page: {1 / each:.0f} a second and core")
    print(f"processor: servers {result.server_seconds / seconds:.2f}, visitors {result.own_seconds / seconds:.2f} cores")
    places = [int(share * (len(result.memory) - 1)) for share in (0, 1 / 4, 1 / 2, 3 / 4, 1)]
    print("memory: " + ", ".join(f"{result.memory[place][1]:.0f} MB after {result.memory[place][0]:.0f} s" for place in places))
    return not errors


def _processor_seconds(processes: list[int]) -> float:
    stats = [Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1].split() for process in processes]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--page", default="explore")
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--own-seeds", action="store_true")
    parser.add_argument("--heavy", action="store_true")
    parser.add_argument("--drags", action="store_true")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        servers = [stack.enter_context(running_server()) for _ in range(arguments.replicas)]
        result = asyncio.run(run(arguments, servers))
        log = "".join(server.log() for server in servers)
    fine = report(result, arguments.seconds)
    if "Traceback" in log:
        print(log[log.index("Traceback") :][:MOST_LOG])
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
