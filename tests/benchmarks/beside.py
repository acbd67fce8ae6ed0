"""The engine of this checkout beside that of another one, such as a worktree of an older commit, as a table.

    git worktree add /tmp/before HEAD~1
    python tests/benchmarks/beside.py /tmp/before
    python tests/benchmarks/beside.py /tmp/before --runs 15 "one network" "a sweep"

Each has a process of its own, and they are asked in turn, so that a machine that slows down slows both. Milliseconds of processor time,
medians of the runs after a first one; a ratio is that of two runs next to each other, the median of them. On a busy machine the least of
the runs says more: the ratio of these stands last.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parents[2]
DEEP = {"depth": 50, "inputs": 64, "trials": 1, "bias_variance": 0.05}
#: (what is run, how many values of σ_w² at once or 0 for `simulate`, config)
CASES = {
    "one network, 512 wide": (0, DEEP | {"width": 512}),
    "eight networks": (0, DEEP | {"width": 512, "trials": 8}),
    "2,048 wide": (0, DEEP | {"width": 2048}),
    "8,192 wide": (0, DEEP | {"width": 8192, "depth": 10}),
    "1,000,000 wide, 4 layers, 8 inputs": (0, {"depth": 4, "width": 1_000_000, "inputs": 8, "trials": 1}),
    "16 inputs": (0, DEEP | {"width": 512, "inputs": 16}),
    "GELU": (0, DEEP | {"width": 512, "activation": "gelu"}),
    "a sweep of 33 values": (33, {"trials": 1}),
    "a sweep, 64 inputs": (33, {"trials": 1, "inputs": 64}),
}


def measured(name: str, run: int) -> float:
    """Seconds of processor time of a case, at values of σ_w² that no run before had."""
    from propagation import Config, simulate, simulate_sweep

    values, fields = CASES[name]
    own = 1e-4 * run
    began = time.process_time()
    if values:
        simulate_sweep(Config(**fields), "weight_variance", [0.5 + own + 3.5 * place / (values - 1) for place in range(values)])
    else:
        simulate(Config(**fields, weight_variance=1.5 + own))
    return time.process_time() - began


def serve() -> None:
    """Answer each line, a case and a number of the run, with its seconds."""
    for line in sys.stdin:
        print(json.dumps(measured(*json.loads(line))), flush=True)


def asked(process: subprocess.Popen, name: str, run: int) -> float:
    process.stdin.write(json.dumps([name, run]) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other")
    parser.add_argument("cases", nargs="*", help="the first words of cases; all of them where none is given")
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_intermixed_args()
    if given.other == "serve":
        serve()
        return
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "serve"], env={"PYTHONPATH": str(folder)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for folder in (Path(given.other).resolve(), HERE)
    ]
    print(f"{'milliseconds':>42}{'before':>9}{'now':>9}{'ratio':>8}{'of the least':>14}")
    for name in CASES:
        if given.cases and not name.startswith(tuple(given.cases)):
            continue
        times = [[asked(process, name, run) for process in processes] for run in range(given.runs + 1)][1:]
        before, now = zip(*times, strict=True)
        ratio, least = statistics.median(a / b for a, b in times), min(before) / min(now)
        print(f"{name:>42}{1e3 * statistics.median(before):9.1f}{1e3 * statistics.median(now):9.1f}{ratio:8.2f}{least:14.2f}", flush=True)
    for process in processes:
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    main()
