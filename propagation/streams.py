"""Random streams: one independent generator for each thing that is drawn, found from the seed alone."""

from __future__ import annotations

import numpy as np

#: what a stream is for; the numbers are part of every shared link, since they decide which numbers a seed gives
PURPOSES = {"inputs": 0, "weights": 1, "pull": 2, "cost": 3, "bias": 4, "held_out": 5, "batches": 6, "dropout": 7, "dropout_in_training": 8}


def stream(seed: int, purpose: str, *place: int) -> np.random.Generator:
    """Return the generator of one purpose at one place, such as a trial, a layer and a block of rows: independent of all others."""
    sequence = np.random.SeedSequence(seed, spawn_key=(PURPOSES[purpose], *place))
    return np.random.Generator(np.random.SFC64(sequence))
