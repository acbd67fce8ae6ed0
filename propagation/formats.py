"""Formats: the floating-point numbers that networks are computed in, one record each, and what of a signal falls between them and 0."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from propagation.erf import erf


@dataclass(frozen=True)
class FloatFormat:
    """A format of floating-point numbers.

    `largest` is the largest number it holds, `smallest_normal` the smallest with all its digits; `epsilon` is the step from 1 to the next.
    Numbers are rounded to the nearest, of two as near to the even one.
    """

    name: str
    label: str
    largest: float
    smallest_normal: float
    epsilon: float

    @property
    def overflow(self) -> float:
        """Return where rounding to inf, or to nan, begins: half a step beyond the largest number."""
        return self.largest + self.epsilon * 2.0 ** math.floor(math.log2(self.largest)) / 2

    @property
    def smallest(self) -> float:
        """Return the smallest number above 0, a subnormal one."""
        return self.smallest_normal * self.epsilon


#: sources: IEEE 754; Intel 2018, BFLOAT16; Micikevicius et al. 2022 (arXiv 2209.05433), Open Compute Project's 8-bit formats. e4m3 is the
#: one without inf, which libraries call e4m3fn: what is too large becomes nan
FLOAT_FORMATS: dict[str, FloatFormat] = {
    of.name: of
    for of in (
        FloatFormat("float32", "float32", (2 - 2.0**-23) * 2.0**127, 2.0**-126, 2.0**-23),
        FloatFormat("float16", "float16", 65504.0, 2.0**-14, 2.0**-10),
        FloatFormat("bfloat16", "bfloat16", (2 - 2.0**-7) * 2.0**127, 2.0**-126, 2.0**-7),
        FloatFormat("float8_e4m3", "float8 e4m3", 448.0, 2.0**-6, 2.0**-3),
        FloatFormat("float8_e5m2", "float8 e5m2", 57344.0, 2.0**-14, 2.0**-2),
    )
}


def lost_share(log10_second_moment: np.ndarray, smallest: float) -> np.ndarray:
    """Return the share of entries N(0, s²) that are rounded to 0, erf(smallest/(2√2 s)); 0 where s is exactly 0, and nothing is lost.

    log10_second_moment: log10 s², any shape. smallest: the smallest number above 0.
    """
    sizes = np.asarray(log10_second_moment, dtype=float)
    log10_ratio = math.log10(smallest / (2 * math.sqrt(2))) - sizes / 2
    return np.where(np.isneginf(sizes), 0.0, erf(10 ** np.minimum(log10_ratio, 3.0)))
