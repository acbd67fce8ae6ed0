"""Measured: a network of a library or of the visitor's own, by its report, among those of the comparison chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from propagation.charts.marks import dot_size, line, note, thinned
from propagation.charts.rows import Place, missing, span
from propagation.charts.theme import Palette
from propagation.formatting import from_log10

#: its shape, as Plotly and as a page's text call it, and its place in the legend: behind all columns
SYMBOL, GLYPH, _LAST = "star-diamond-open", "✧", 100
_DASH = "2px,5px"
#: layers drawn one by one, and letters of a name in the legend
_MOST_LAYERS, _LONGEST = 1_000, 28


@dataclass(frozen=True)
class Measured:
    """A measured network: its name and those of its layers, a visitor's text, and log10 of mean squares, (layers,), in each row."""

    name: str
    labels: Sequence[str]
    rows: tuple[np.ndarray, np.ndarray, np.ndarray]

    @property
    def short_name(self) -> str:
        """Return the name, its end left out where there is no room."""
        return self.name if len(self.name) <= _LONGEST else f"{self.name[: _LONGEST - 1]}…"

    def drawn(self, row: int, ends: Sequence[float]) -> np.ndarray:
        """Return a row as it is drawn beside columns that have these values in their last layer.

        A gradient is as large as the loss that it is of: from there it is drawn, at its last layer. What goes forward stays as it is.
        """
        sizes, levels = self.rows[row], [end for end in ends if math.isfinite(end)]
        finite = sizes[np.isfinite(sizes)]
        return sizes + (float(np.median(levels)) - finite[-1]) if row and levels and len(finite) else sizes


def measured_marks(measured: Measured, row: int, drawn: np.ndarray, place: Place, colours: Palette) -> tuple[list[dict], list[dict]]:
    """Return the curve of a measured network in one row, and words for the layers that have no place on the axis."""
    x = np.arange(1, len(drawn) + 1)
    kept = ~np.isnan(drawn) & np.isin(x, thinned(len(x), _MOST_LAYERS))
    name = escape(measured.short_name)
    texts = [
        f"{name}, {escape(label)}: {from_log10(size)}{' measured' if row else ''}"
        for label, size in zip(measured.labels, measured.rows[row], strict=True)
    ]
    marker = {
        "color": colours.text,
        "symbol": SYMBOL,
        "size": dot_size(len(x), few=20, many=60),
        "line": {"color": colours.text, "width": 1.25},
    }
    curve = line(name, x[kept].tolist(), drawn[kept], {"color": colours.text, "width": 1.5, "dash": _DASH})
    curve |= {"mode": "lines+markers", "marker": marker, "text": [text for text, there in zip(texts, kept, strict=True) if there]}
    curve |= {"hoverinfo": "text", "legendgroup": "measured", "legendrank": _LAST, "showlegend": row == 0, "xaxis": "x"}
    curve |= {"yaxis": place.yaxis, "meta": "measured"}
    words = []
    if len(gone := x[np.isneginf(drawn)]):
        words.append(missing(f"{GLYPH} 0 in {span(gone)}", gone, place, colours))
    if len(lost := x[np.isposinf(drawn)]):
        at = {"xref": "x", "yref": place.yaxis, "yanchor": "top"}
        words.append(note(f"▲ {GLYPH} not finite", colours.warning, 14, float(lost.mean()), place.window[1], **at))
    return [curve], words
