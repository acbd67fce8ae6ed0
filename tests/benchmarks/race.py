"""What a race costs: 10 layers × 100 neurons × 6 schemes × 300 steps, which has to take less than 20 seconds.

    python tests/benchmarks/race.py

Seconds are the processor's, so that a busy machine does not count, and beside them what the page estimates before it begins.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from propagation import Config
from propagation.labs.compare import FIRST, GLOROT_2010
from propagation.labs.race import Entry, decide, race
from propagation.labs.training import Recipe, seconds

RACES = {
    "10 × 100, Glorot 2010's six": (GLOROT_2010, Config(depth=10, width=100, bias_variance=0.0), Recipe(0.03)),
    "50 × 100, the first five": (FIRST, Config(depth=50, width=100), Recipe(0.01)),
    "10 × 512, Glorot 2010's six, 50 steps": (GLOROT_2010, Config(depth=10, width=512, bias_variance=0.0), Recipe(0.03, steps=50)),
}


def main() -> None:
    for name, (columns, base, recipe) in RACES.items():
        entries = [Entry(place, column.label, column.uses(base)) for place, column in enumerate(columns)]
        start = time.process_time()
        *_, lanes = race(entries, recipe)
        taken = time.process_time() - start
        estimate = sum(seconds(entry.config, recipe) for entry in entries)
        print(f"{name:40} {taken:6.1f} s (estimate {estimate:4.1f} s)   {decide(lanes).headline}", flush=True)


if __name__ == "__main__":
    main()
