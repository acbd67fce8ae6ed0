"""What a server holds after a long time, and what it survives: memory, open files and threads of its process; whether all are answered.

    python tests/benchmarks/long_run.py experiments --number 2000   # one after another, each another one
    python tests/benchmarks/long_run.py visitors --minutes 30       # 20 visitors, each moving σ_w² once a second, or `--every` so many
    python tests/benchmarks/long_run.py heavy                       # several runs near the memory budget at once
    python tests/benchmarks/long_run.py replicas                    # both replicas behind nginx go away and come back (needs a browser)

Caches fill at first: they keep 2,000 small traces of 60 KB, and more. Level is memory that stays within 10 % of its last value from five
minutes on (in a shorter run, in its second half), and as many open files and threads, but for those that come and go with a visitor.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from load import HEAVY, MOST_LOG
from websocket_visitor import PATIENCE, Visitor, visiting

from propagation.budget import fits
from propagation.engine.cost import work
from tests.browser.cluster import running_cluster
from tests.browser.conftest import Visitor as BrowserVisitor
from tests.browser.conftest import launched_browser, running_server
from tests.browser.streamlit_page import IS_CONNECTED

#: steps of σ_w² on its slider, all different experiments
VALUES = [hundredths / 100 for hundredths in range(1, 500)]
TIMES_TOLD = 10
#: seconds after which a server is warm
WARM = 300.0
#: files and threads that one visitor, or one run, has and gives back
COME_AND_GO = 8


@dataclass
class Held:
    """What a process holds at one moment."""

    seconds: float
    megabytes: float
    files: int
    threads: int


def held(process: int, began: float) -> Held:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    files = len(list(Path(f"/proc/{process}/fd").iterdir()))
    return Held(time.monotonic() - began, int(status["VmRSS"].split()[0]) / 1024, files, int(status["Threads"]))


def report(moments: list[Held], lost: list[str], visitors: list[Visitor]) -> bool:
    """Print what was held and what went wrong; whether all is level and answered."""
    step = max(1, len(moments) // TIMES_TOLD)
    for each in [*moments[::step], moments[-1]]:
        print(f"after {each.seconds:6.0f} s: {each.megabytes:6.0f} MB, {each.files:4} files, {each.threads:4} threads")
    errors = lost + [error for visitor in visitors for error in visitor.errors]
    later = [each for each in moments if each.seconds >= min(WARM, moments[-1].seconds / 2)]
    spread = max(abs(each.megabytes / later[-1].megabytes - 1) for each in later)
    grown = {what: getattr(later[-1], what) - getattr(later[0], what) for what in ("files", "threads")}
    moves = sum(len(visitor.moves) for visitor in visitors)
    told = ", ".join(f"{number:+} {what}" for what, number in grown.items())
    print(f"from {later[0].seconds:.0f} s on: memory within {spread:.0%} of its last value, {told}")
    print(f"{moves} moves, {len(errors)} errors", *sorted(set(errors))[:5], sep="\n")
    return not errors and spread <= 0.1 and max(grown.values()) <= COME_AND_GO


async def experiments(address: str, process: int, number: int) -> bool:
    """So many different experiments, one after another."""
    began, moments, visitors, lost = time.monotonic(), [], [], []
    left = number
    for seed in itertools.count():
        async with visiting(address, urlencode({"seed": seed}), visitors, lost) as visitor:
            await visitor.settle()
            for value in VALUES[:left]:
                await visitor.move(value)
                await visitor.settle()
                moments.append(held(process, began))
        left -= len(VALUES)
        if left <= 0 or lost:
            return report(moments, lost, visitors)


async def visitors(address: str, process: int, minutes: float, number: int, every: float) -> bool:
    """So many visitors, who each move once in so many seconds whether answered or not."""
    began, moments, everyone, lost = time.monotonic(), [], [], []
    end = began + 60 * minutes

    async def visit(seed: int) -> None:
        rng = random.Random(seed)
        await asyncio.sleep(5 * rng.random())
        async with visiting(address, urlencode({"seed": seed}), everyone, lost) as visitor:
            await visitor.settle()
            while time.monotonic() < end:
                await visitor.move(rng.choice(VALUES))
                await asyncio.sleep(every)
            await visitor.settle()

    async def watch() -> None:
        while time.monotonic() < end:
            moments.append(held(process, began))
            await asyncio.sleep(2)

    async with asyncio.TaskGroup() as group:
        for seed in range(number):
            group.create_task(visit(seed))
        group.create_task(watch())
    return report(moments, lost, everyone)


async def heavy(address: str, process: int, number: int) -> bool:
    """So many of the largest networks that the page takes on, at once and each with a seed of its own; then what is left of them."""
    began, moments, everyone, lost = time.monotonic(), [], [], []
    config = max(filter(fits, HEAVY), key=lambda config: work(config).bytes)
    print(f"{number} times {config.to_query()}: {work(config).bytes / 2**20:.0f} MB each")

    async def visit(seed: int) -> None:
        async with visiting(address, urlencode(config.to_query() | {"seed": seed}), everyone, lost) as visitor:
            await visitor.settle(20 * PATIENCE)

    done = asyncio.gather(*(visit(seed) for seed in range(number)))
    while not done.done():
        moments.append(held(process, began))
        await asyncio.sleep(0.2)
    print(f"at most {max(each.megabytes for each in moments):.0f} MB at once")
    async with visiting(address, "", everyone, lost) as visitor:
        await visitor.settle()
    return report([*moments, held(process, began)], lost, everyone) or not lost


def replicas() -> bool:
    """A visit behind nginx of which both replicas go away and come back."""
    with tempfile.TemporaryDirectory() as folder, running_cluster(Path(folder)) as cluster, launched_browser() as browser:
        visitor = BrowserVisitor(browser.new_context(viewport={"width": 1440, "height": 1000}).new_page(), cluster.address)
        visitor.open("?width=64&trials=2&weight_variance=1.7")
        before = visitor.page.url, visitor.drawn()
        for replica in cluster.replicas:
            replica.kill()
        visitor.page.wait_for_function(f"() => !({IS_CONNECTED})")
        print("both away: the last chart stays" if visitor.drawn() == before[1] else "both away: the chart is gone")
        began = time.monotonic()
        for replica in cluster.replicas:
            replica.start()
        started = time.monotonic()
        visitor.page.wait_for_function(f"() => {IS_CONNECTED}")
        visitor.settle()
        same = (visitor.page.url, visitor.drawn()) == before
        print(f"started in {started - began:.1f} s, connected and settled {time.monotonic() - started:.1f} s later")
        print("the same page, settings and picture" if same else "not the same")
        return same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["experiments", "visitors", "heavy", "replicas"])
    parser.add_argument("--number", type=int, help="of experiments, visitors, or heavy runs: 2000, 20, 4")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--every", type=float, default=1, help="seconds from one move of a visitor to the next")
    arguments = parser.parse_args()
    number = arguments.number or {"experiments": 2000, "visitors": 20, "heavy": 4, "replicas": 0}[arguments.what]
    if arguments.what == "replicas":
        sys.exit(0 if replicas() else 1)
    with running_server() as server:
        address, process = server.address, server.process.pid
        runs = {
            "experiments": lambda: experiments(address, process, number),
            "visitors": lambda: visitors(address, process, arguments.minutes, number, arguments.every),
            "heavy": lambda: heavy(address, process, number),
        }
        fine = asyncio.run(runs[arguments.what]())
        if "Traceback" in (log := server.log()):
            print(log[log.index("Traceback") :][:MOST_LOG])
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
