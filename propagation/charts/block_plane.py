"""The plane of σ_w² and σ_b² of a network of blocks: what they do to gradients at every point, or leave of what tells inputs apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from propagation.charts.plane import CriticalLine, colour_trace, here_trace, line_trace, plane_layout, targets_trace
from propagation.charts.theme import Palette, figure, palette
from propagation.formatting import factor, number, power_of_ten
from propagation.theory.block_plane import BlockPlane


@dataclass(frozen=True)
class _Scale:
    """Colours between two values: of both signs, or from nothing to much; the name of what they show, and marks."""

    title: str
    low: float
    high: float
    ticks: dict[str, float]
    role: str = ""

    def colours(self, of: Palette) -> list:
        """Return the scale as Plotly has it."""
        if self.role:
            return [[0, of.neutral], [1, getattr(of, self.role)]]
        return [[0, of.smaller], [0.5, of.neutral], [1, of.larger]]


def _factors(title: str, end: float, marks: Sequence[float]) -> _Scale:
    return _Scale(title, -end, end, {factor(mark): float(np.log10(mark)) for mark in marks})


_A_BLOCK = _factors("a block", 0.4, (0.4, 0.6, 0.8, 1, 1.25, 1.6, 2.5))
_IN_ALL = _Scale("all blocks", -3, 3, {f"× {power_of_ten(power)}": float(power) for power in range(-3, 4)})
_ZETA = _Scale("power ζ", 0, 2, {number(mark): mark for mark in (0, 0.5, 1, 1.5)} | {"2+": 2.0}, "larger")
_LEFT = _Scale("1 − c", -4, 0, {power_of_ten(power): float(power) for power in range(-4, 1)}, "forward")
_TOKENS = _factors("1 − c, a block", 1.0, (0.1, 0.2, 0.5, 1, 2, 5, 10))
_TOKEN_POWER = _Scale("power", -1, 1, {number(mark): mark for mark in (-1, -0.5, 0, 0.5, 1)})


def scale_of(law: str, shown: str, tokens: bool) -> _Scale:
    """Return the colours of what is shown, "gradients" or "apart", by the law of the plane."""
    if shown == "gradients":
        return {"power": _ZETA, "whole": _IN_ALL}.get(law, _A_BLOCK)
    if not tokens:
        return _LEFT
    return _TOKEN_POWER if law == "power" else _TOKENS


def block_plane_chart(
    plane: BlockPlane,
    across: np.ndarray,
    up: np.ndarray,
    here: tuple[float, float],
    texts: list[str],
    *,
    shown: str = "gradients",
    tokens: bool = False,
    appearance: str = "light",
) -> go.Figure:
    """Draw `plane`, (k, m) at `up` × `across`, with the line where blocks keep gradients as large as they are, and a cross `here`.

    `texts` are what its points say, row by row; they catch clicks.
    """
    colours, scale = palette(appearance), scale_of(plane.law, shown, tokens)
    values = plane.gradients if shown == "gradients" else plane.apart
    x, y = (values.ravel() for values in np.meshgrid(across, up))
    bounds = {"zmin": scale.low, "zmax": scale.high}
    data = [
        colour_trace(across, up, np.clip(values, scale.low, scale.high), scale.colours(colours), bounds, scale.title, scale.ticks),
        targets_trace(x, y, texts),
        line_trace(level_line(plane, across, up), colours),
        here_trace(*here, colours),
    ]
    return figure(data, plane_layout((float(across[-1]), float(up[-1])), colours))


def level_line(plane: BlockPlane, across: np.ndarray, up: np.ndarray) -> CriticalLine:
    """Return where factors of gradients go through 1, the first place from the left at every σ_b²; NaN where there is none."""
    places = np.full(len(up), np.nan)
    if plane.law == "power":
        return CriticalLine(places, up)
    known = np.where(np.isfinite(plane.gradients), plane.gradients, np.nan)  # weights of 0 are no place that a line comes from
    for row, values in enumerate(known):
        cells = np.flatnonzero(values[:-1] * values[1:] < 0)
        if len(cells):
            cell = cells[0]
            share = values[cell] / (values[cell] - values[cell + 1])
            places[row] = across[cell] + share * (across[cell + 1] - across[cell])
    return CriticalLine(places, up)
