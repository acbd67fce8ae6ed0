"""Rulers: the ends of a number format, drawn over a row of sizes: where its entries become inf, and where they are rounded to 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from propagation.charts.marks import band, line, note
from propagation.charts.rows import Place
from propagation.charts.theme import Palette
from propagation.engine.trace import Trace
from propagation.formats import lost_share
from propagation.formatting import percent
from propagation.precision import Precision

#: decades that a zone beyond an end reaches: farther than any window
_FAR = 5000.0
#: shares below this are not worth a word
_LEAST_SHARE = 0.0005


@dataclass(frozen=True)
class Ruler:
    """The ends of a format for one signal at the layers drawn, as log10 of mean squares, and by how many decades its squares are scaled."""

    label: str
    smallest: float
    lower: np.ndarray
    upper: np.ndarray
    log10_scale: float

    def words(self, log10_second_moments: np.ndarray) -> list[str]:
        """Return what becomes of signals of these sizes, layer by layer; empty where nothing does."""
        lost = lost_share(log10_second_moments + self.log10_scale, self.smallest)
        return [
            f"{self.label} overflows" if size > end else f"{self.label}: {percent(share)} → 0" if share > _LEAST_SHARE else ""
            for size, end, share in zip(log10_second_moments.tolist(), self.upper.tolist(), lost.tolist(), strict=True)
        ]


def ruler_of(precision: Precision | None, trace: Trace, name: str, layers: np.ndarray) -> Ruler | None:
    """Return the ruler of one signal of a network at these layers; None without a precision."""
    if precision is None:
        return None
    lower, upper = precision.ends(trace, name)
    of = precision.format
    return Ruler(of.label, of.smallest, lower[layers - 1], upper[layers - 1], 2 * precision.log10_scale(name))


def ruler_marks(name: str, ruler: Ruler, layers: np.ndarray, colours: Palette, **at: Any) -> list[dict]:
    """Return a line at each end and the zone beyond it. They move no axis: outside its window they are not seen."""
    marks = []
    for which, end, beyond in (("overflow", ruler.upper, _FAR), ("zero", ruler.lower, -_FAR)):
        low, high = sorted((end, end + beyond), key=lambda edge: float(edge[0]))
        marks.append(band(layers, low, high, colours.warning, 0.10, name=f"{name} {which} zone", **at))
        style = {"color": colours.warning, "width": 1.5, "dash": "dot"}
        marks.append(line(f"{name} {which}", layers.tolist(), end, style, **at))
    return marks


def ruler_words(ruler: Ruler, layers: np.ndarray, place: Place, colours: Palette) -> list[dict]:
    """Return a word at each end of the format that the window of a row shows."""
    low, high = place.window
    at = {"xref": "x", "yref": place.yaxis, "xanchor": "right"}
    words = []
    for end, word, anchor in ((ruler.upper[-1], f"{ruler.label} ↑ inf", "top"), (ruler.lower[-1], f"{ruler.label} ↓ 0", "bottom")):
        if low < end < high:
            words.append(note(word, colours.warning, 12, float(layers[-1]), float(end), yanchor=anchor, **at))
    return words
