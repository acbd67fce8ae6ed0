"""Rows: charts of something against depth, one above the other over one layer axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from propagation.charts.axes import ROOM, axis, decade_ticks, decade_windows, widened
from propagation.charts.marks import note
from propagation.charts.theme import Palette, base_layout


@dataclass(frozen=True)
class Place:
    """Where a row stands: `yaxis` as its traces call it, its `domain` in the height of the plot, 0 … 1, its `window` in whole decades."""

    yaxis: str
    domain: list[float]
    window: tuple[int, int]

    @property
    def top(self) -> float:
        """Return the upper edge, on which the title stands."""
        return self.domain[1]


def shares(count: int, title: float, *, ceiling: float = 1.0, gap: float = 0.0) -> list[list[float]]:
    """Return the domains of so many equal rows below `ceiling`, from the top: each under its title, with a gap above the next title."""
    return [
        [ceiling * (1 - (row + 1) / count) + (gap if row + 1 < count else 0), ceiling * (1 - row / count) - title] for row in range(count)
    ]


def stack(domains: Sequence[list[float]], extremes: Sequence[tuple[float, float]]) -> list[Place]:
    """Return the places of rows that show these (lowest, highest) as log10: all windows have as many decades, at least two."""
    windows = decade_windows(extremes)
    return [
        Place("y" if row == 0 else f"y{row + 1}", domain, window) for row, (domain, window) in enumerate(zip(domains, windows, strict=True))
    ]


def size_axes(places: Iterable[Place], colours: Palette) -> dict[str, dict]:
    """Return the logarithmic axes of rows by their keys in a layout: whole decades and a little more, for values given as log10."""
    axes = {}
    for place in places:
        values, texts = decade_ticks(*place.window)
        settings = {"domain": place.domain, "anchor": "x", "range": widened(place.window), "tickvals": values, "ticktext": texts}
        axes[place.yaxis.replace("y", "yaxis")] = axis(colours, **settings, **ROOM)
    return axes


def stack_layout(colours: Palette, height: int, top: int, bottom: int, revision: str, **settings: Any) -> dict:
    """Return what all stacks share: margins of these pixels, one hover box for all rows, zooms that last as long as `revision`."""
    return (
        base_layout(colours)
        | {
            "height": height,
            "margin": {"l": 58, "r": 14, "t": top, "b": bottom, "pad": 4},
            "hovermode": "x unified",
            "uirevision": revision,
        }
        | settings
    )


def bottom_line(key: str, colours: Palette) -> list[dict]:
    """Return the words under the layer axis: what dots and lines stand for, and the axis' name."""
    below = {"xref": "paper", "yref": "paper", "yanchor": "top", "yshift": -26}
    return [
        note(key, colours.muted, 13, 0, 0, **below, xanchor="left"),
        note("layer", colours.text, 14, 1, 0, **below, xanchor="right"),
    ]


def span(layers: np.ndarray) -> str:
    """Return these layers in words, from the first to the last."""
    return f"layer {layers[0]}" if len(layers) == 1 else f"layers {layers[0]} – {layers[-1]}"


def missing(text: str, gone: np.ndarray, place: Place, colours: Palette, **settings: Any) -> dict:
    """Return a word at the lower edge of a row for the layers `gone`, which have no place on its axis."""
    at = {"xref": "x", "yref": place.yaxis, "yanchor": "bottom"}
    return note(f"▼ {text}", colours.warning, 14, float(gone.mean()), place.window[0], **at, **settings)


def extremes(curves: Iterable[np.ndarray]) -> tuple[float, float]:
    """Return the lowest and the highest finite number among these; 0 where there is none."""
    everything = np.concatenate([np.ravel(curve) for curve in curves])
    finite = everything[np.isfinite(everything)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
