"""The comparison chart: several initializations over one layer axis, forward, backward and in the weight gradients, under one legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from propagation.charts import rows
from propagation.charts.axes import decade_windows
from propagation.charts.theme import Palette, base_layout, palette
from propagation.engine.trace import Trace
from propagation.formatting import from_log10
from propagation.signals import SIGNALS
from propagation.theory.prediction import Prediction

HEIGHT = 470
_TOP, _BOTTOM, _TITLE_HEIGHT = 30, 50, 26
#: layers drawn one by one; of deeper networks this many, evenly spread, first and last included
MOST_LAYERS = 200
#: a shape for each place of the palette's `compare` colours, as Plotly and as a page's text call it
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
GLYPHS = ("●", "■", "◆", "▲", "✚", "✖")
#: the signals of the rows, from the top
ROWS = ("z", "delta", "weight_gradient")


@dataclass(frozen=True)
class Curves:
    """One column: its place (which decides colour and shape), its name, and what was measured and predicted (or None)."""

    place: int
    label: str
    trace: Trace
    prediction: Prediction | None


def compare_chart(columns: Sequence[Curves], *, winner: int | None = None, appearance: str = "light") -> go.Figure:
    """Second moments of every layer on logarithmic axes: for each column dots (median over draws) and a thin line (theory).

    All columns have the same number of layers; there is at least one. All rows have the same decades per pixel. The column at the place
    `winner` is drawn last, on top of the others, with a tick in the legend.
    """
    colours = palette(appearance)
    depth = columns[0].trace.config.depth
    layers = np.unique(np.linspace(1, depth, min(depth, MOST_LAYERS)).round().astype(int))
    medians = {name: [column.trace.signal(name).median()[layers - 1] for column in columns] for name in ROWS}
    theories = {name: [_theory(column, name, layers) for column in columns] for name in ROWS}
    windows = decade_windows([rows.extremes([*medians[name], *theories[name]]) for name in ROWS])

    data: list[dict] = []
    annotations: list[dict] = _bottom_line(columns, colours)
    axes: dict[str, dict] = {}
    for index, (name, window) in enumerate(zip(ROWS, windows, strict=True)):
        axis = "y" if index == 0 else f"y{index + 1}"
        bottom, top = _domain(index)
        axes[axis.replace("y", "yaxis")] = rows.size_axis([bottom, top], window, colours)
        annotations.append(rows.title(f"<b>{SIGNALS[name].title}</b>", top, colours.text, size=15))
        annotations += _missing(columns, medians[name], layers, axis, window, colours)
        for column, middle, theory in zip(columns, medians[name], theories[name], strict=True):
            data += _column_traces(column, name, layers, middle, theory, axis, column.place == winner, colours)
    # the sort is stable: within a row and a column the line stays under its dots
    data.sort(key=lambda trace: trace["legendgroup"] == str(winner))
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 58, "r": 14, "t": _TOP, "b": _BOTTOM, "pad": 4},
        "hovermode": "x unified",
        "uirevision": f"depth {depth} {[column.label for column in columns]}",
        "showlegend": True,
        # above the plot: where its entries need more rows, as on a phone, the plot gives way
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1,
            "xanchor": "left",
            "yanchor": "bottom",
            "font": {"size": 14},
            "itemsizing": "constant",
            "traceorder": "normal",
        },
        "xaxis": rows.stack_axis(depth, "y3", colours, first=1) | rows.spikes(colours),
        **axes,
        "annotations": annotations,
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def _theory(column: Curves, name: str, layers: np.ndarray) -> np.ndarray:
    """The prediction at these layers; empty without one."""
    if column.prediction is None:
        return np.empty(0)
    return np.asarray(column.prediction.signal(name).log10_second_moment)[layers - 1]


def _column_traces(
    column: Curves, name: str, layers: np.ndarray, middle: np.ndarray, theory: np.ndarray, axis: str, wins: bool, colours: Palette
) -> list[dict]:
    """Theory line and dots of one column in one row; the dots of the first row stand for the column in the legend."""
    x, colour = layers.tolist(), colours.compare[column.place]
    common = {"type": "scatter", "xaxis": "x", "yaxis": axis, "x": x, "legendgroup": str(column.place)}
    traces = []
    if len(theory):
        traces.append(
            common
            | {
                "name": f"{name} {column.label} theory",
                "mode": "lines",
                "y": rows.numbers(theory),
                "line": {"color": colour, "width": 1.25},
                "showlegend": False,
                "hoverinfo": "skip",
            }
        )
    traces.append(
        common
        | {
            "name": f"<b>✓ {column.label}</b>" if wins else column.label,
            "meta": name,
            "mode": "markers",
            "cliponaxis": False,
            "y": rows.numbers(middle),
            "marker": {"color": colour, "symbol": SYMBOLS[column.place], "size": 7 if len(x) <= 60 else 5 if len(x) <= 120 else 3.5},
            "showlegend": name == "z",
            "legendrank": column.place,
            "text": [_hover(column, middle, theory, i) for i in range(len(x))],
            "hovertemplate": "%{text}<extra></extra>",
        }
    )
    return traces


def _hover(column: Curves, middle: np.ndarray, theory: np.ndarray, i: int) -> str:
    text = f"{column.label}: {from_log10(middle[i])}"
    return f"{text}, theory {from_log10(theory[i])}" if len(theory) else text


def _missing(
    columns: Sequence[Curves], medians: list[np.ndarray], layers: np.ndarray, axis: str, window: tuple[int, int], colours: Palette
) -> list[dict]:
    """A word at the edge for each column that is exactly zero somewhere, which has no place on a logarithmic axis."""
    notes: list[dict] = []
    for column, middle in zip(columns, medians, strict=True):
        gone = layers[~np.isfinite(middle)]
        if len(gone) == 0:
            continue
        where = f"layer {gone[0]}" if len(gone) == 1 else f"layers {gone[0]} – {gone[-1]}"
        notes.append(
            {
                "x": float(gone.mean()),
                "y": window[0],
                "xref": "x",
                "yref": axis,
                "text": f"▼ {GLYPHS[column.place]} 0 in {where}",
                "showarrow": False,
                "yanchor": "bottom",
                "yshift": 18 * len(notes),
                "font": {"color": colours.warning, "size": 14},
            }
        )
    return notes


def _bottom_line(columns: Sequence[Curves], colours: Palette) -> list[dict]:
    """Under the layer axis: what dots and lines stand for."""
    trials = columns[0].trace.config.trials
    dots = f"dots: median of {trials} networks" if trials > 1 else "dots: one network"
    theory = "   line: theory" if any(column.prediction is not None for column in columns) else ""
    return rows.bottom_line(dots + theory, colours)


def _domain(index: int) -> list[float]:
    """Where a row stands between 0 and 1; its title stands above it."""
    title = _TITLE_HEIGHT / (HEIGHT - _TOP - _BOTTOM)
    return [1 - (index + 1) / 3, 1 - index / 3 - title]
