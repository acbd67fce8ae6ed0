"""One statistical oracle: when a mean is right, and when two samples follow one law. Tolerances come from standard errors."""

from __future__ import annotations

import numpy as np
from scipy import stats

Samples = dict[str, np.ndarray]

#: how many standard errors a mean may be off (6e-5 of all honest runs are)
ERRORS = 4.0
#: two samples of one law give a smaller p than this once in ten thousand runs
SAME = 1e-4
#: what a negative control must stay below: far beyond chance
DIFFERENT = 1e-8


def errors_off(samples: np.ndarray, expected: float) -> float:
    """How many of its own standard errors the mean of independent samples is away from `expected`."""
    samples = np.ravel(samples)
    return float(abs(samples.mean() - expected) / (samples.std(ddof=1) / len(samples) ** 0.5))


def assert_mean(samples: np.ndarray, expected: float) -> None:
    """Independent samples whose mean is `expected`, within four standard errors."""
    off = errors_off(samples, expected)
    assert off < ERRORS, f"mean {np.mean(samples):.6g} is {off:.1f} standard errors from {expected:.6g}"


def assert_variance(samples: np.ndarray, expected: float) -> None:
    """Independent samples around their known mean 0 whose variance is `expected`."""
    assert_mean(np.square(samples), expected)


def law_p_value(first: Samples, second: Samples) -> tuple[float, str]:
    """The smallest Kolmogorov–Smirnov p over the named statistics, times their number (Bonferroni), and the statistic it belongs to."""
    values = {name: stats.ks_2samp(first[name], second[name], method="asymp").pvalue for name in first}
    name = min(values, key=values.get)
    return min(1.0, values[name] * len(values)), name


def assert_same_law(first: Samples, second: Samples) -> None:
    """Two samples of the same statistics that may well come from one law."""
    p, name = law_p_value(first, second)
    assert p > SAME, f"{name}: p = {p:.2g}"


def assert_other_law(first: Samples, second: Samples) -> None:
    """The negative control: two samples that the same oracle tells apart."""
    p, name = law_p_value(first, second)
    assert p < DIFFERENT, f"the oracle is blind: its best statistic is {name}, p = {p:.2g}"
