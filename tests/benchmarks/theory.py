"""Speed of the theory, as a table: predict(config) on a redraw, and the phase plane of every activation with nothing remembered.

python tests/benchmarks/theory.py
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from propagation import ACTIVATIONS, Config
from propagation.theory import fixed_points, kernel, moments, phases
from propagation.theory.prediction import predict

RUNS = 15
PLANE = np.linspace(0, 5, 101), np.linspace(0, 1, 101)
CASES = {
    "tanh": Config(),
    "tanh, chaotic": Config(weight_variance=2.5),
    "gelu, 1,024 inputs": Config(activation="gelu", inputs=1024),
    "relu, he, with bands": Config(activation="relu", scheme="he", bias_variance=0),
    "sigmoid, glorot, funnel": Config(activation="sigmoid", scheme="glorot", width_profile="funnel"),
    "digits, cross-entropy": Config(input_law="digits", cost="cross_entropy"),
    "2,000 layers": Config(depth=2000),
    "2,000 layers, slow decay": Config(depth=2000, activation="hard_tanh", weight_variance=1, bias_variance=0, inputs=1024),
}


def forget() -> None:
    """Empties every table, as in a fresh process."""
    for remembered in (
        moments.moments,
        moments._rules,
        kernel.kernel,
        fixed_points._scan,
        phases.critical_weight_variance,
    ):
        remembered.cache_clear()


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    print(f"{'predict(config)':28}{'cold ms':>10}{'median ms':>12}")
    for name, config in CASES.items():
        forget()
        cold = seconds(lambda config=config: predict(config))
        warm = statistics.median(seconds(lambda config=config: predict(config)) for _ in range(RUNS))
        print(f"{name:28}{1e3 * cold:10.1f}{1e3 * warm:12.1f}")
    print(f"\n{'101 × 101 plane, cold':28}{'ms':>10}")
    for name in ACTIVATIONS:
        forget()
        print(f"{name:28}{1e3 * seconds(lambda name=name: phases.phase_grid(name, *PLANE)):10.0f}")


if __name__ == "__main__":
    main()
