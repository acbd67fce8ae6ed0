"""What a comparison of six schemes costs, as a multiple of one simulation: 50 layers × 512 neurons × 64 inputs, 8 draws of the network.

The comparison draws each network at most `labs.compare.MOST_DRAWS` times, the one simulation all 8 times.

    python tests/benchmarks/compare.py

Fresh: a seed not seen before, as when the page is opened; the columns of one law draw their noise once. Redrawn: the noise is there and
everything is computed anew on it, as when a control moves all columns. Seconds are the processor's, so that a busy machine does not count.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from propagation import Config, diagnose, predict, simulate
from propagation.labs.compare import GLOROT_2010, Column, common, condition, summarize

BASE = Config(depth=50, width=512, inputs=64, trials=8)
RUNS = 3
SIX = {
    "gaussian": [Column(s, a, "gaussian") for s in ("lecun", "he") for a in ("relu", "tanh", "gelu")],
    "orthogonal": [Column(s, a, "orthogonal") for s in ("lecun", "he") for a in ("relu", "tanh", "gelu")],
    "Glorot 2010's six (uniform)": GLOROT_2010,
    "common rules (mixed laws)": common("tanh"),
}


def six(columns: Sequence[Column], base: Config) -> float:
    """Processor time of everything the page computes for these columns."""
    start = time.process_time()
    for place, column in enumerate(columns):
        config = column.uses(base)
        trace = simulate(config)
        summarize(place, column.label, trace, diagnose(trace, predict(config)), condition(config))
    return time.process_time() - start


def one(column: Column, base: Config) -> float:
    """Processor time of one simulation with this initialization, with every draw of the network that the experiment asks for."""
    config = replace(column.uses(base), trials=base.trials)
    start = time.process_time()
    trace = simulate(config)
    diagnose(trace, predict(config))
    return time.process_time() - start


def main() -> None:
    seeds, biases = itertools.count(1), itertools.count(1)
    print(f"{'seconds, medians':38}{'one':>8}{'six':>8}{'ratio':>8}    one: mean over the columns")
    for name, columns in SIX.items():
        alone, together, alone_again, together_again = [], [], [], []
        six(columns, replace(BASE, depth=2))  # the tables of theory
        for _ in range(RUNS):
            alone.append(statistics.mean(one(column, replace(BASE, seed=next(seeds))) for column in columns))
            base = replace(BASE, seed=next(seeds))
            together.append(six(columns, base))
            moved = replace(base, bias_variance=0.05 + 1e-4 * next(biases))
            together_again.append(six(columns, moved))
            alone_again.append(statistics.mean(one(column, moved) for column in columns))
        for label, ones, sixes in ((f"{name}, fresh", alone, together), (f"{name}, redrawn", alone_again, together_again)):
            a, b = statistics.median(ones), statistics.median(sixes)
            print(f"{label[:38]:38}{a:8.2f}{b:8.2f}{b / a:8.1f}", flush=True)


if __name__ == "__main__":
    main()
