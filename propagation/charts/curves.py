"""Curves: numbers against any number, each axis linear or of decades: dots as measured, lines as theory has them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import axis, decade_axis, linear_axis, named
from propagation.charts.marks import SYMBOLS, dot_size, dots, line
from propagation.charts.theme import LEGEND_ABOVE, Palette, base_layout, figure, palette
from propagation.formatting import number

HEIGHT = 400

Numbers = Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Scale:
    """An axis: its title and its ends. With `logarithmic` both are powers of ten; `marks` are the numbers that it names, where given."""

    title: str
    low: float
    high: float
    logarithmic: bool = False
    marks: tuple[float, ...] = ()

    def places(self, values: Numbers) -> np.ndarray:
        """Return where values stand on it; NaN for those that have no place."""
        of = np.asarray(values, dtype=float)
        return np.log10(np.where(of > 0, of, np.nan)) if self.logarithmic else of

    def axis(self, colours: Palette) -> dict:
        """Return it as an axis of Plotly."""
        ends = [float(end) for end in self.places([self.low, self.high])]
        if self.marks:
            drawn = axis(colours, range=ends, tickvals=self.places(self.marks).tolist(), ticktext=[number(mark) for mark in self.marks])
        elif self.logarithmic:
            drawn = decade_axis((round(ends[0]), round(ends[1])), colours)
        else:
            drawn = linear_axis(self.low, self.high, colours)
        return drawn | {"title": named(self.title, 4, size=14)}


@dataclass(frozen=True)
class Series:
    """One curve: dots at (`x`, `y`), and a line through (`line_x`, `line_y`); either may be empty. A NaN breaks the line."""

    label: str
    x: Numbers = ()
    y: Numbers = ()
    line_x: Numbers = ()
    line_y: Numbers = ()


def curves_chart(series: Sequence[Series], across: Scale, up: Scale, *, appearance: str = "light") -> go.Figure:
    """Draw at most six series; the legend names each of them once."""
    colours = palette(appearance)
    data: list[dict] = []
    for place, one in enumerate(series):
        data += _series(one, place, across, up, colours)
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 62, "r": 14, "t": 8, "b": 46},
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": f"{across.title} {up.title}",
        "showlegend": True,
        "legend": LEGEND_ABOVE,
        "xaxis": across.axis(colours),
        "yaxis": up.axis(colours),
    }
    return figure(data, layout)


def _series(one: Series, place: int, across: Scale, up: Scale, colours: Palette) -> list[dict]:
    """Return the line of a series, and its dots over it, which stand for it in the legend where there are some."""
    colour, common = colours.compare[place], {"legendgroup": one.label}
    drawn: list[dict[str, Any]] = []
    if len(one.line_x):
        x, style = np.round(across.places(one.line_x), 4).tolist(), {"color": colour, "width": 1.5}
        name = f"{one.label} theory" if len(one.x) else one.label
        drawn.append(line(name, x, up.places(one.line_y), style, **common, showlegend=not len(one.x), connectgaps=False))
    if len(one.x):
        texts = [f"{one.label}<br>{number(x)}: {_said(y)}" for x, y in zip(one.x, one.y, strict=True)]
        marker = {"color": colour, "symbol": SYMBOLS[place], "size": dot_size(len(one.x), few=30)}
        drawn.append(dots(one.label, np.round(across.places(one.x), 4).tolist(), up.places(one.y), marker, texts, **common))
    return drawn


def _said(value: float) -> str:
    return number(value) if math.isfinite(value) else "nothing"
