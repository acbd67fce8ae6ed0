"""Speed of sweeps, as a table: many values of one field in one call, beside the same values one by one.

    python tests/benchmarks/sweep.py             # 33 values of networks, 200 of theory
    python tests/benchmarks/sweep.py --runs 9

Both sides run in turn, so that a machine that slows down slows both, and after a first run that draws the noise. Medians and their ratio
are printed, and that of processor time, since full stacks use all cores.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from propagation import Config, predict, predict_sweep, simulate, simulate_sweep
from propagation.theory.maps import fixed_point

ONE = Config(trials=1)
VARIANCES = tuple(np.linspace(0.5, 4, 200).tolist())
BIASES = tuple(np.linspace(0, 1, 200).tolist())
DEPTHS, WIDTHS = tuple(range(1, 200, 6)), tuple(range(16, 512, 15))
CASES = {
    "σ_w², one network": (ONE, "weight_variance", VARIANCES),
    "σ_w², eight networks": (Config(), "weight_variance", VARIANCES),
    "σ_w², chaotic": (ONE, "weight_variance", tuple(np.linspace(2, 4, 200).tolist())),
    "σ_w², ReLU, no bias": (Config(trials=1, activation="relu", bias_variance=0), "weight_variance", VARIANCES),
    "σ_w², orthogonal": (Config(trials=1, weight_law="orthogonal"), "weight_variance", VARIANCES),
    "σ_w², 64 × 20, dense": (Config(trials=1, width=64, depth=20, weight_law="uniform"), "weight_variance", VARIANCES),
    "σ_b², one network": (ONE, "bias_variance", BIASES),
    "input variance": (ONE, "input_variance", tuple(np.logspace(-2, 2, 200).tolist())),
    "depth": (ONE, "depth", DEPTHS),
    "width": (ONE, "width", WIDTHS),
}


@dataclass(frozen=True)
class Timed:
    """Seconds on the clock and of processors."""

    clock: float
    processor: float


def timed(run: Callable[[], object]) -> Timed:
    fixed_point.cache_clear()  # what one side has found out is not the other side's gain
    clock, processor = time.perf_counter(), time.process_time()
    run()
    return Timed(time.perf_counter() - clock, time.process_time() - processor)


def compare(case: tuple[Config, str, tuple], singly: Callable, swept: Callable, runs: int) -> str:
    """A row: milliseconds a value on both sides, the ratio, and that of processor time."""
    config, field, values = case
    configs = config.variants(field, values)
    both = [(timed(lambda: list(map(singly, configs))), timed(lambda: swept(config, field, values))) for _ in range(1 + runs)][1:]
    one, all_at_once = (1e3 / len(values) * statistics.median(pair[side].clock for pair in both) for side in (0, 1))
    processor = statistics.median(pair[0].processor / pair[1].processor for pair in both)
    return f"{one:12.2f}{all_at_once:12.2f}{one / all_at_once:9.2f}{processor:12.2f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    header = f"{'one by one':>12}{'sweep':>12}{'ratio':>9}{'processor':>12}"
    print(f"{'simulate, ms a value':26}{header}")
    for name, (config, field, values) in CASES.items():
        some = values[:: max(1, len(values) // 33)]
        print(f"{name:26}{compare((config, field, some), simulate, simulate_sweep, runs)}", flush=True)
    print(f"\n{'predict, ms a value':26}{header}")
    for name, case in CASES.items():
        print(f"{name:26}{compare(case, predict, predict_sweep, runs)}", flush=True)


if __name__ == "__main__":
    main()
