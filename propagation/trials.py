"""Trials: the middle of what several random networks measured, and the band that holds most of them. Taken here and nowhere else.

Two rules decide what an exceptional trial counts as:

- A *size* that is not a number has left every representation: it is gone and counts as 0, −inf as a logarithm. Left out, the trials in
  which a signal died would flatter those in which it lives.
- Anything else that is not a number (an angle without vectors, a curvature at a kink) does not exist in that trial, which is left out.

−inf is an ordinary value, smaller than all others; a median between it and a number is −inf.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Array = np.ndarray

#: the band that is drawn and tabulated goes from 10 to 90 % of the trials
LOW, HIGH = 0.1, 0.9


class Quantiles(NamedTuple):
    """What trials agree on, each of the shape of one trial: `low` and `high` are the values of the trials nearest to 10 and 90 %."""

    median: Array
    low: Array
    high: Array


def over_trials(values: Array) -> Quantiles:
    """Return median and band over the first axis, (trials, …); trials that are NaN are left out, and what is left of none is NaN."""
    ordered = np.sort(values, axis=0)  # NaN stand last
    last = len(ordered) - 1
    if not np.isnan(ordered[last]).any():
        return Quantiles((ordered[last // 2] + ordered[(last + 1) // 2]) / 2, ordered[round(LOW * last)], ordered[round(HIGH * last)])
    lasts = np.maximum((~np.isnan(ordered)).sum(axis=0) - 1, 0)

    def at(places: Array) -> Array:
        return np.take_along_axis(ordered, places[None], axis=0)[0]

    low, high = (at(np.rint(share * lasts).astype(int)) for share in (LOW, HIGH))
    return Quantiles((at(lasts // 2) + at((lasts + 1) // 2)) / 2, low, high)


def sizes_over_trials(log10_sizes: Array) -> Quantiles:
    """Return median and band of logarithms of sizes over the first axis, (trials, …); NaN, a size that is gone, counts as −inf."""
    return over_trials(np.where(np.isnan(log10_sizes), -np.inf, log10_sizes))
