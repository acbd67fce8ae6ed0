"""The spread: how nets of one width scatter around the wide limit, by theory, drawn over a row of the signal chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from propagation.charts.marks import line
from propagation.charts.theme import Palette
from propagation.theory.spread import Band

#: standard deviations from the middle to the 10 % and 90 % edges of a Gaussian, which the logarithm of a size is close to
_EDGE = 1.2816


@dataclass(frozen=True)
class Spread:
    """Theory for nets of one width at the layers drawn, in log10: the typical net (mean of the logarithm), edges of the middle 80 %."""

    typical: np.ndarray
    low: np.ndarray
    high: np.ndarray


def spread_of(band: Band | None, layers: np.ndarray) -> Spread | None:
    """Return the spread at these layers, (k,) from 1; None where theory has no law."""
    if band is None:
        return None
    typical = band.log10_mean[layers - 1]
    reach = _EDGE * np.sqrt(band.log10_variance[layers - 1])
    return Spread(typical, typical - reach, typical + reach)


def spread_lines(name: str, spread: Spread, x: list, colours: Palette, **settings: Any) -> list[dict]:
    """Return the typical net as a dashed line, and the edges as thin dotted ones; no line where a size is exactly 0."""
    edge = {"width": 1, "dash": "dot", "color": colours.muted}
    lines = {
        f"{name} theory, typical": (spread.typical, {"width": 1.5, "dash": "dash", "color": colours.text}),
        f"{name} theory, 10 %": (spread.low, edge),
        f"{name} theory, 90 %": (spread.high, edge),
    }
    return [line(label, x, heights, style, **settings) for label, (heights, style) in lines.items()]
