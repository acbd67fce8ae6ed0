"""Merging: how much of what tells two inputs apart an infinitely wide network leaves. Source: Schoenholz et al. 2017, section 3."""

from __future__ import annotations

import math

import numpy as np

from propagation.config import Config
from propagation.theory.op import State
from propagation.theory.trajectory import trajectory


def difference_left(config: Config) -> float:
    """Return 1 − c in the last layer as a share of that of the inputs, for two random inputs; NaN where sizes leave 1e-200 … 1e200.

    Two such inputs have c = m²/(s + m²) with the mean m and the variance s of their entries.
    """
    size = config.input_second_moment
    apart = np.array([config.input_variance / size])
    same = np.zeros(1, dtype=int)
    start = State(np.array([math.log(size)]), np.ones(1), (same, same), apart)
    eps = trajectory(config, start)[-1][-1].after.eps
    return math.nan if eps is None else float(eps[0] / apart[0])
