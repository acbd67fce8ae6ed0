"""What a residual network costs for each of its linear maps, beside a plain one of as many maps.

    python tests/benchmarks/blocks.py

One network each, in turn; medians. Norms are two passes over a layer more, batch norm also the Gram matrices of its weight gradients.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from propagation import Config, simulate

BLOCKS, ROUNDS = 50, 15
#: 50 blocks of two maps, beside 100 plain layers
SHAPE = {"width": 512, "inputs": 16, "trials": 1, "activation": "relu", "bias_variance": 0.0}
NETWORKS = {
    "plain": Config(depth=2 * BLOCKS, scheme="he", **SHAPE),
    "residual, α = 1/√L": Config(depth=BLOCKS, architecture="residual", branch_rule="sqrt", scheme="he", **SHAPE),
    "pre-norm residual": Config(depth=BLOCKS, architecture="residual", normalization="layer", scheme="he", **SHAPE),
    "plain, layer norm": Config(depth=2 * BLOCKS, normalization="layer", scheme="he", **SHAPE),
    "plain, batch norm": Config(depth=2 * BLOCKS, normalization="batch", scheme="he", **SHAPE),
}


def main() -> None:
    for config in NETWORKS.values():
        simulate(config)  # draws the noise
    seconds: dict[str, list[float]] = {name: [] for name in NETWORKS}
    for _ in range(ROUNDS):
        for name, config in NETWORKS.items():
            began = time.perf_counter()
            simulate(config)
            seconds[name].append(time.perf_counter() - began)
    plain = statistics.median(seconds["plain"])
    print("                         ms a map   beside plain")
    for name, found in seconds.items():
        middle = statistics.median(found)
        print(f"{name:24}{1000 * middle / (2 * BLOCKS):9.3f}{middle / plain:14.2f}", flush=True)


if __name__ == "__main__":
    main()
