"""The chart of a lesson: sizes against depth, one row a signal, with the visitor's guess in it, before and after the truth is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import stack_axis
from propagation.charts.guess import Guess, guess_traces
from propagation.charts.marks import SYMBOLS, dots, line, note, thinned, title
from propagation.charts.rows import Place, bottom_line, extremes, shares, size_axes, stack, stack_layout
from propagation.charts.theme import LEGEND_ABOVE, Palette, base_layout, figure, palette
from propagation.formatting import from_log10
from propagation.labs.evidence import Evidence, arrivals, log10_apart, median_sizes, origins, predicted_sizes, tokens_apart
from propagation.signals import FORWARD, SIGNALS

_TOP, _BOTTOM, _TITLE = 8, 50, 28
_HEIGHTS = {1: 330, 2: 356, 3: 384}
_LEGEND = 26
#: layers drawn one by one; of deeper networks this many
_MOST_LAYERS = 200
#: what rows show beside a signal's mean square
_OTHERS = {
    "apart": "distance of two inputs: 1 − cosine",
    "tokens": "distance of two tokens: 1 − cosine",
    "strength": "strength of the signal, layer by layer",
    "variances": "variance of z, layer by layer",
}
_ROLES = {name: info.role for name, info in SIGNALS.items()} | dict.fromkeys(_OTHERS, "forward")
_TITLES = {name: info.mean_square_title for name, info in SIGNALS.items()} | _OTHERS
#: what the variance of one number z is taken over, and how its curve is called
_OVER = {"neurons": "over the neurons of one network", "draws": "one neuron, over draws of the network"}


@dataclass(frozen=True)
class Curve:
    """log₁₀ of a size in every layer, (depth,): measured in networks drawn, and theory's."""

    label: str
    measured: np.ndarray
    theory: np.ndarray


@dataclass(frozen=True)
class Row:
    """Some curves of one signal over one axis. `unit` says what the sizes are measured in, where they are relative."""

    signal: str
    curves: tuple[Curve, ...]
    unit: str = ""


def rows_of(seen: Sequence[tuple[str, Evidence]], signals: Sequence[str], *, gap: bool = False) -> tuple[Row, ...]:
    """Return the rows of a chart of sizes from (label, evidence) pairs, each curve in units of the size from which its signal sets out.

    With `gap`, all are in units of the last network's size where its signal arrives.
    """
    last_label, last = seen[-1]
    rows = []
    for signal in signals:
        curves = []
        for label, evidence in seen:
            start, start_theory = arrivals(last, signal) if gap else origins(evidence, signal)
            sizes, theory = median_sizes(evidence, signal), predicted_sizes(evidence, signal)
            curves.append(Curve(label, sizes - _finite(start), theory - _finite(start_theory)))
        rows.append(Row(signal, tuple(curves), _unit(signal, last.config.depth, last_label if gap else "")))
    return tuple(rows)


def waiting_rows(signals: Sequence[str], depth: int, *, gap: str = "") -> tuple[Row, ...]:
    """Return the same rows while there is nothing to show; `gap` is the label of the network that the others are compared with."""
    return tuple(Row(signal, (), _unit(signal, depth, gap)) for signal in signals)


def distance_rows(seen: Sequence[tuple[str, Evidence]]) -> tuple[Row, ...]:
    """Return one row: 1 − cosine of two inputs' z in every layer."""
    curves = (Curve(label, log10_apart(e.scatter.cosine), log10_apart(e.expected.cosine)) for label, e in seen)
    return (Row("apart", tuple(curves)),)


def token_rows(seen: Sequence[tuple[str, Evidence]]) -> tuple[Row, ...]:
    """Return one row: 1 − cosine of two tokens of a sequence after every block."""
    return (Row("tokens", tuple(Curve(label, *tokens_apart(evidence)) for label, evidence in seen)),)


def strength_rows(seen: Sequence[tuple[str, Evidence]]) -> tuple[Row, ...]:
    """Return one row: the root of z's mean square in every layer, in units of the input's."""
    (row,) = rows_of(seen, ("z",))
    curves = (Curve(curve.label, curve.measured / 2, curve.theory / 2) for curve in row.curves)
    return (Row("strength", tuple(curves), row.unit),)


def variance_rows(seen: Sequence[tuple[str, Evidence]]) -> tuple[Row, ...]:
    """Return one row: two variances of the first network's z in every layer, over neurons and over draws of the weights."""
    scatter, expected = seen[0][1].scatter, seen[0][1].expected
    curves = (Curve(label, scatter.log10_variance(over), expected.log10_variance(over)) for over, label in _OVER.items())
    return (Row("variances", tuple(curves)),)


def waiting_row(of: str) -> tuple[Row, ...]:
    """Return the one row of "apart", "tokens", "strength" or "variances" while there is nothing to show."""
    return (Row(of, (), "the input = 1" if of == "strength" else ""),)


def lesson_chart(
    rows: Sequence[Row],
    depth: int,
    *,
    guess: Guess | None = None,
    reach: tuple[float, float] | None = None,
    appearance: str = "light",
) -> go.Figure:
    """Draw dots measured and theory's line in every row, and the guess dashed; rows without curves wait for the truth.

    `reach` is what the guess may span: its row shows all of it, so that the axis gives nothing away. All rows have the same decades per
    pixel and never less than two.
    """
    colours = palette(appearance)
    layers = thinned(depth, _MOST_LAYERS)
    labels = [curve.label for curve in rows[0].curves] if len(rows[0].curves) > 1 else []
    top = _TOP + (_LEGEND if labels else 0)
    height = _HEIGHTS[len(rows)] + top - _TOP
    domains = shares(len(rows), _TITLE / (height - top - _BOTTOM), gap=0.03)
    places = stack(domains, [_extremes(row, layers, reach if guess is None or row.signal == guess.signal else None) for row in rows])
    data: list[dict] = []
    notes = _bottom_line(bool(rows[0].curves), guess is not None, colours)
    for row, place in zip(rows, places, strict=True):
        notes.append(_title(row, place, colours))
        for number in range(len(row.curves)):
            data += _curve(row, number, layers, place, colours)
        if guess and guess.signal == row.signal:
            data += guess_traces(guess, depth, place.yaxis, place.window, colours)
        if not row.curves:
            data.append(_NOTHING | {"yaxis": place.yaxis})
            notes.append(_question_mark(sum(place.domain) / 2, colours))
    layout = stack_layout(colours, height, top, _BOTTOM, f"lesson {depth} {labels}") | {
        "showlegend": bool(labels),
        "legend": LEGEND_ABOVE | {"font": {"size": 14}},
        "xaxis": stack_axis(depth, places[-1].yaxis) | {"fixedrange": True},
        **size_axes(places, colours),
        "annotations": notes,
    }
    return figure(data, layout)


#: without a trace Plotly draws no axis
_NOTHING = {"type": "scatter", "x": [None], "y": [None], "hoverinfo": "skip"}


def waiting_chart(height: int, *, appearance: str = "light") -> go.Figure:
    """Draw the place of a chart that is still to be guessed at."""
    colours = palette(appearance)
    frame = {"type": "rect", "xref": "paper", "yref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 1}
    layout = base_layout(colours) | {
        "height": height,
        "margin": {"l": 2, "r": 2, "t": 8, "b": 8},
        "xaxis": {"visible": False, "fixedrange": True},
        "yaxis": {"visible": False, "fixedrange": True},
        "shapes": [frame | {"line": {"color": colours.grid, "width": 1.5, "dash": "dot"}}],
        "annotations": [_question_mark(0.5, colours)],
    }
    return figure([_NOTHING], layout)


def _unit(signal: str, depth: int, label: str) -> str:
    """Return what the sizes of a row are measured in."""
    if label:
        return f"{label} in layer {depth if signal in FORWARD else 1} = 1"
    return "the input = 1" if signal in FORWARD else f"layer {depth} = 1"


def _extremes(row: Row, layers: np.ndarray, reach: tuple[float, float] | None) -> tuple[float, float]:
    """Return the lowest and the highest number a row has to show; 0, where every signal sets out, is one of them."""
    shown = [np.array([0.0]), np.array(reach or (), dtype=float)]
    shown += [part[layers - 1] for curve in row.curves for part in (curve.measured, curve.theory)]
    return extremes(shown)


def _curve(row: Row, number: int, layers: np.ndarray, place: Place, colours: Palette) -> list[dict]:
    """Return theory's line of one curve, and dots over it; where curves coincide, the later ones are smaller, and all can be seen."""
    curve, several = row.curves[number], len(row.curves) > 1
    colour = colours.compare[number] if several else getattr(colours, _ROLES[row.signal])
    x, at = layers.tolist(), {"xaxis": "x", "yaxis": place.yaxis, "legendgroup": str(number)}
    measured, theory = curve.measured[layers - 1], curve.theory[layers - 1]
    before = f"{curve.label}: " if several else ""
    texts = [f"{before}{from_log10(a)}, theory {from_log10(b)}" for a, b in zip(measured, theory, strict=True)]
    style = {"color": colour if several else colours.text, "width": 1.25}
    larger = 4.5 if row.signal == "variances" else 1.5  # where all dots of two curves coincide, both are to be seen
    marker = {"color": colour, "symbol": SYMBOLS[number], "size": (6.5 if len(x) <= 60 else 4) + larger * (len(row.curves) - 1 - number)}
    legend = {"meta": row.signal, "showlegend": several and place.yaxis == "y"}
    return [
        line(f"{row.signal} {curve.label} theory", x, theory, style, showlegend=False, **at),
        dots(curve.label if several else row.signal, x, measured, marker, texts, **legend, **at),
    ]


def _title(row: Row, place: Place, colours: Palette) -> dict:
    colour = colours.text if len(row.curves) > 1 else getattr(colours, f"{_ROLES[row.signal]}_text")
    unit = f'  <span style="color:{colours.muted};font-size:13px">{row.unit}</span>' if row.unit else ""
    return title(f"<b>{_TITLES[row.signal]}</b>{unit}", place.top, colour, 15)


def _question_mark(height: float, colours: Palette) -> dict:
    return note("?", colours.grid, 64, 0.5, height, xref="paper", yref="paper")


def _bottom_line(shown: bool, guessed: bool, colours: Palette) -> list[dict]:
    """Return the words under the layer axis: what dots, line and dashes stand for."""
    parts = ["● measured", "─ theory"] if shown else []
    if guessed:
        parts.append(f'<span style="color:{colours.warning}">╌ your guess</span>')
    return bottom_line("   ".join(parts), colours)


def _finite(value: float) -> float:
    """Return a unit to measure in: 1 where the signal is gone already."""
    return float(value) if np.isfinite(value) else 0.0
