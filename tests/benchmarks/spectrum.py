"""Speed of the Spectrum and the Angles page's labs, as a table: both laws of weights, and a circle, with no noise remembered.

python tests/benchmarks/spectrum.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from propagation import Config
from propagation.labs.manifold import ANGLES, CIRCLE
from propagation.labs.spectrum import SPECTRUM
from propagation.theory.manifold import predict_circle
from propagation.theory.spectrum import LAWS, predict_spectrum

RUNS = 3
CASES = {
    "30 × 400": Config(depth=30, width=400),
    "30 × 400, ReLU": Config(depth=30, width=400, activation="relu", scheme="he", bias_variance=0),
    "100 × 400": Config(depth=100, width=400),
}


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def both_laws(config: Config) -> None:
    for law in LAWS:
        own = SPECTRUM.uses(replace(config, weight_law=law))
        SPECTRUM.measure(own)
        predict_spectrum(own, law, min(config.depth, 100))


def main() -> None:
    print(f"{'case':20}{'spectra s':>12}{'angles s':>12}{'circle s':>12}")
    for name, config in CASES.items():
        # another seed each time: noise that is kept would make all but the first run faster
        fresh = [replace(config, seed=seed) for seed in range(RUNS)]
        spectra = min(seconds(lambda one=one: both_laws(one)) for one in fresh)
        angles = min(seconds(lambda one=one: ANGLES(one)) for one in fresh)
        circle = min(seconds(lambda one=one: (CIRCLE(one), predict_circle(one))) for one in fresh)
        print(f"{name:20}{spectra:12.2f}{angles:12.2f}{circle:12.2f}")


if __name__ == "__main__":
    main()
