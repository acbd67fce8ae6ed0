"""The comparison chart: several initializations over one layer axis, forward, backward and in the weight gradients, under one legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import bare, spikes, stack_axis
from propagation.charts.marks import DASHES, GLYPHS, SYMBOLS, dot_size, dots, line, note, thinned, title
from propagation.charts.measured import Measured, measured_marks
from propagation.charts.rows import bottom_line, extremes, missing, shares, size_axes, span, stack, stack_layout
from propagation.charts.rulers import ruler_marks, ruler_of, ruler_words
from propagation.charts.theme import LEGEND_ABOVE, Palette, figure, palette
from propagation.engine.trace import Trace
from propagation.formatting import from_log10
from propagation.precision import Precision
from propagation.signals import SIGNALS, BySignal
from propagation.theory.prediction import Prediction

HEIGHT = 470
_TOP, _BOTTOM, _TITLE_HEIGHT = 30, 50, 26
#: layers drawn one by one; of deeper networks this many, evenly spread, first and last included
MOST_LAYERS = 200
#: names of the dashed curves, from the top row, and of the word that says whose they are
YOURS = ("forward yours", "backward yours", "weight_gradient yours")


@dataclass(frozen=True)
class Curves:
    """One column: its place (which decides colour and shape), its name, and what was measured and predicted (or None)."""

    place: int
    label: str
    trace: Trace
    prediction: Prediction | None


@dataclass(frozen=True)
class Yours:
    """A setting that is none of the columns: its name, and what theory expects of it."""

    name: str
    prediction: Prediction


@dataclass(frozen=True)
class _Curve:
    """One column in one row: log10 of the second moment at the layers drawn, measured and predicted (empty without a prediction)."""

    column: Curves
    signal: str
    measured: np.ndarray
    theory: np.ndarray


def compare_chart(
    columns: Sequence[Curves],
    *,
    winner: int | None = None,
    yours: Yours | None = None,
    measured: Measured | None = None,
    precision: Precision | None = None,
    appearance: str = "light",
) -> go.Figure:
    """Draw second moments of every layer on logarithmic axes: for each column dots (median over draws) and a thin line (theory).

    All columns have the same number of layers; there is at least one. All rows have the same decades per pixel. The column at the place
    `winner` is drawn last, on top of the others, with a tick in the legend. `yours` is one more, dashed, to be seen beside them: it moves
    no axis, and where it leaves the window of a row it ends. So do the ends of the number format of a `precision`. A `measured` network has
    as many layers as it has.
    """
    colours = palette(appearance)
    depth = columns[0].trace.config.depth
    layers = thinned(depth, MOST_LAYERS)
    rows = [[_curve(column, row, layers) for column in columns] for row in range(len(YOURS))]
    domains = shares(len(rows), _TITLE_HEIGHT / (HEIGHT - _TOP - _BOTTOM))
    others = [[] if measured is None else [measured.drawn(at, [curve.measured[-1] for curve in row])] for at, row in enumerate(rows)]
    places = stack(
        domains,
        [
            extremes([*(curve.measured for curve in row), *(curve.theory for curve in row), *other])
            for row, other in zip(rows, others, strict=True)
        ],
    )
    data: list[dict] = []
    notes = _bottom_line(columns, colours)
    for row, place in zip(rows, places, strict=True):
        notes.append(title(f"<b>{_title(row)}</b>", place.top, colours.text, 15))
        dead = [(curve, gone) for curve in row if len(gone := layers[~np.isfinite(curve.measured)])]
        notes += [
            missing(f"{GLYPHS[curve.column.place]} 0 in {span(gone)}", gone, place, colours, yshift=18 * above)
            for above, (curve, gone) in enumerate(dead)
        ]
        ruler = ruler_of(precision, columns[0].trace, row[0].signal, layers)
        if ruler is not None:
            data += [
                {"legendgroup": "", "showlegend": False} | mark
                for mark in ruler_marks(row[0].signal, ruler, layers, colours, yaxis=place.yaxis)
            ]
            notes += ruler_words(ruler, layers, place, colours)
        for curve in row:
            data += _traces(curve, layers.tolist(), place.yaxis, curve.column.place == winner, colours)
    # the sort is stable: within a row and a column the line stays under its dots
    data.sort(key=lambda trace: trace["legendgroup"] == str(winner))
    if measured is not None:
        for at, ((drawn,), place) in enumerate(zip(others, places, strict=True)):
            curve_of_it, words = measured_marks(measured, at, drawn, place, colours)
            data, notes = data + curve_of_it, notes + words
    if yours is not None:
        data += _dashed(yours, colours)
        notes.append(_name(yours, places[0].top, colours))
    layout = stack_layout(
        colours,
        HEIGHT,
        _TOP,
        _BOTTOM,
        f"depth {depth} {[column.label for column in columns]}{'' if measured is None else escape(measured.name)}",
    ) | {
        "showlegend": True,
        "legend": LEGEND_ABOVE | {"font": {"size": 14}, "itemsizing": "constant", "traceorder": "normal"},
        "xaxis": stack_axis(max(depth, *(len(drawn) for other in others for drawn in other), 1), places[-1].yaxis, first=1)
        | spikes(colours),
        **size_axes(places, colours),
        "annotations": notes,
    }
    return figure(data, layout)


def yours_spec(layout: dict, yours: Yours, *, appearance: str = "light") -> dict:
    """Return the dashed curve alone, as plain data of a figure to lie over a chart with this layout."""
    colours = palette(appearance)
    name = _name(yours, layout["yaxis"]["domain"][1], colours)
    return {"data": _dashed(yours, colours), "layout": bare(layout) | {"annotations": [name]}}


def _dashed(yours: Yours, colours: Palette) -> list[dict]:
    """Return one curve a row, thick, without dots and in the colour of words, as no column is."""
    traces = []
    for row, (signal, name) in enumerate(zip(_signals(yours.prediction), YOURS, strict=True)):
        sizes = np.asarray(yours.prediction.signal(signal).log10_second_moment)
        layers = thinned(len(sizes), MOST_LAYERS)
        texts = [f"{yours.name}: theory {from_log10(size)}" for size in sizes[layers - 1]]
        words = {"text": texts, "hoverinfo": "text", "showlegend": False, "xaxis": "x", "yaxis": f"y{row + 1}" if row else "y"}
        traces.append(line(name, layers.tolist(), sizes[layers - 1], {"color": colours.text, "width": 3, "dash": "dash"}, **words))
    return traces


def _name(yours: Yours, top: float, colours: Palette) -> dict:
    """Return the name of the dashed curve, across from the title of the first row."""
    at = {"xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "bottom"}
    return note(f"╌ {yours.name}", colours.text, 13, 1, top, name=YOURS[0], **at)


def _signals(answers: BySignal) -> tuple[str, ...]:
    """Return the signals of the rows, from the top: what this network's layers pass on, and its weight gradient."""
    return (*answers.main, "weight_gradient")


def _curve(column: Curves, row: int, layers: np.ndarray) -> _Curve:
    signal = _signals(column.trace)[row]
    expected = None if column.prediction is None else column.prediction.signal(signal)
    theory = np.empty(0) if expected is None else np.asarray(expected.log10_second_moment)[layers - 1]
    return _Curve(column, signal, column.trace.signal(signal).median()[layers - 1], theory)


def _title(row: Sequence[_Curve]) -> str:
    """Return what a row shows: of residual networks another signal than of plain ones."""
    shown = [SIGNALS[name] for name in dict.fromkeys(curve.signal for curve in row)]
    return shown[0].title if len(shown) == 1 else f"{shown[0].way} {' or '.join(info.formula for info in shown)}"


def _traces(curve: _Curve, x: list[int], yaxis: str, wins: bool, colours: Palette) -> list[dict]:
    """Return theory's line and the dots of one column in one row; the dots of the first row stand for the column in the legend."""
    column, colour = curve.column, colours.compare[curve.column.place]
    at = {"xaxis": "x", "yaxis": yaxis, "legendgroup": str(column.place)}
    traces = []
    if len(curve.theory):
        name = f"{curve.signal} {column.label} theory"
        traces.append(line(name, x, curve.theory, {"color": colour, "width": 1.75, "dash": DASHES[column.place]}, showlegend=False, **at))
    name = f"<b>✓ {column.label}</b>" if wins else column.label
    marker = {"color": colour, "symbol": SYMBOLS[column.place], "size": dot_size(len(x), many=120)}
    legend = {"meta": curve.signal, "showlegend": curve.signal == curve.column.trace.main[0], "legendrank": column.place}
    traces.append(dots(name, x, curve.measured, marker, _hovers(curve), **legend, **at))
    return traces


def _hovers(curve: _Curve) -> list[str]:
    texts = [f"{curve.column.label}: {from_log10(value)}" for value in curve.measured]
    if not len(curve.theory):
        return texts
    return [f"{text}, theory {from_log10(value)}" for text, value in zip(texts, curve.theory, strict=True)]


def _bottom_line(columns: Sequence[Curves], colours: Palette) -> list[dict]:
    """Return the words under the layer axis: what dots and lines stand for."""
    trials = columns[0].trace.config.trials
    dots = f"dots: median of {trials} networks" if trials > 1 else "dots: one network"
    theory = "   line: theory" if any(column.prediction is not None for column in columns) else ""
    return bottom_line(dots + theory, colours)
