"""The signal chart: one figure, one layer axis, and what happens to the signal forward, the gradient backward and the weight gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import spikes, stack_axis
from propagation.charts.marks import band, dot_size, dots, line, thinned, title
from propagation.charts.rows import Place, extremes, missing, shares, size_axes, span, stack, stack_layout
from propagation.charts.rulers import ruler_marks, ruler_words
from propagation.charts.signal_rows import Over, Row, row_over, rows_of
from propagation.charts.spread import spread_lines
from propagation.charts.strip import strip_axis, strip_caption, strip_cells
from propagation.charts.theme import Palette, figure, palette
from propagation.engine.trace import Trace
from propagation.formatting import from_log10
from propagation.precision import Precision
from propagation.signals import FORWARD
from propagation.theory.prediction import Prediction

HEIGHT = 560
_LEFT, _BOTTOM = 58, 54
#: of the plot, in pixels, from its top
_PLOT = HEIGHT - _BOTTOM
_STRIP_TOP, _STRIP_BOTTOM, _TITLE_HEIGHT = 22, 62, 27
#: layers drawn one by one; of deeper networks this many, evenly spread, first and last included
MOST_LAYERS = 400


#: a row's symbol in plain words, for a pointer on its title
_PLAINLY = {
    "z": "z: what a neuron adds up, weights times inputs<br>plus bias, before the activation",
    "h": "h: what a neuron passes on, after the activation φ",
    "stream": "x: the stream that a block reads, and adds to",
    "delta": "δ: how much the cost C changes if a neuron's z does",
    "stream_gradient": "∂C/∂x: how much the cost C changes if the stream does",
    "weight_gradient": "∂C/∂W: how much the cost C changes if a weight does,<br>by which training changes that weight",
}
#: what to watch for in a row, in a sentence beside its title
_SIGNAL = "The signal has to arrive: it must neither fade nor grow without end."
_GRADIENT = "The gradient has to come back, or the first layers hardly learn."
_BESIDE = {
    "z": _SIGNAL,
    "h": _SIGNAL,
    "stream": _SIGNAL,
    "delta": _GRADIENT,
    "stream_gradient": _GRADIENT,
    "weight_gradient": "Training changes weights by this: level means one pace for all layers.",
}


def signals_chart(
    trace: Trace,
    prediction: Prediction | None = None,
    *,
    forward: str = "",
    over: Over | None = None,
    weights: str = "",
    precision: Precision | None = None,
    appearance: str = "light",
) -> go.Figure:
    """Draw what one network does to its signals: second moments of every layer on logarithmic axes, one row a signal.

    trace: what `simulate` measured; dots are medians over trials, the band holds 10 to 90 % of them. prediction: what `predict` expects,
    a line; None draws none. Where theory knows how nets of this width scatter, it adds a dashed line for the typical one and dotted lines
    at 10 and 90 %. forward: the signal of the first row, by default what layers pass on; with `over`, the row shows that variance of it
    instead. weights: whose gradients the last row shows, by a name of `trace.weights`, by default of all. precision: the
    number format whose ends are drawn over all rows, where they are within its window. appearance: "light" or "dark".
    All rows have the same decades per pixel and never less than two.
    """
    spec = signals_spec(trace, prediction, forward=forward, over=over, weights=weights, precision=precision, appearance=appearance)
    return figure(spec["data"], spec["layout"])


def signals_spec(
    trace: Trace,
    prediction: Prediction | None = None,
    *,
    forward: str = "",
    over: Over | None = None,
    weights: str = "",
    precision: Precision | None = None,
    appearance: str = "light",
    hover: bool = True,
    guide: bool = False,
) -> dict:
    """Return the figure of `signals_chart` as plain data, which is drawn while a hand moves.

    `go.Figure` copies it twice, which takes longer than all of this. Without `hover` no words are made for a pointer on the chart, for
    when it is elsewhere. With `guide` a sentence beside each title says what to watch for; it needs room.
    """
    colours = palette(appearance)
    depth = trace.config.depth
    layers = thinned(depth, MOST_LAYERS)
    rows = rows_of(trace, prediction, forward, layers, colours, weights, precision)
    if over is not None:
        rows[0] = row_over(rows[0], over, layers)
    strip = [1 - _STRIP_BOTTOM / _PLOT, 1 - _STRIP_TOP / _PLOT]
    places = stack(shares(len(rows), _TITLE_HEIGHT / _PLOT, ceiling=strip[0]), [_extremes(row, trace) for row in rows])
    data: list[dict] = []
    notes = [title(strip_caption(colours), strip[1], colours.muted, 13)]
    for row, place in zip(rows, places, strict=True):
        if row.ruler is not None:
            data += ruler_marks(row.name, row.ruler, layers, colours, xaxis="x", yaxis=place.yaxis)
            notes += ruler_words(row.ruler, layers, place, colours)
        data += _row_traces(row, layers, place, colours, hover)
        notes.append(title(f"<b>{row.title}</b>", place.top, row.text_colour, 15) | {"hovertext": _PLAINLY[row.name]})
        if guide and not (over is not None and row is rows[0]):
            notes.append(title(_BESIDE[row.name], place.top, colours.muted, 13) | {"x": 1, "xanchor": "right", "name": "beside"})
        gone = layers[~np.isfinite(row.middle)]
        if len(gone):
            notes.append(missing(f"{row.nothing} in {span(gone)}", gone, place, colours))
    if over is None:
        data.append(_input_mark(trace, colours))
    data.append(strip_cells(trace, colours, np.append(0, layers)))
    layout = stack_layout(colours, HEIGHT, 0, _BOTTOM, f"depth {depth}") | {
        "template": {},  # Plotly's own is a fifth of the message and shows nowhere here
        "hoversubplots": "axis",
        "xaxis": stack_axis(depth, places[-1].yaxis) | spikes(colours) | {"ticks": ""},
        **size_axes(places, colours),
        "yaxis4": strip_axis(trace, strip),
        "annotations": notes + _bottom_line(trace, prediction, colours),
    }
    return {"data": data, "layout": layout}


def _extremes(row: Row, trace: Trace) -> tuple[float, float]:
    """Return the lowest and the highest number a row has to show."""
    shown = [row.middle, row.low, row.high] + ([] if row.theory is None else [row.theory])
    if row.spread is not None:
        shown += [row.spread.low, row.spread.high]
    if row.name in FORWARD:
        shown.append(np.array([trace.input_log10_second_moment]))
    return extremes(shown)


def _row_traces(row: Row, layers: np.ndarray, place: Place, colours: Palette, hover: bool) -> list[dict]:
    """Return band, dots and lines of theory."""
    x = layers.tolist()
    at: dict[str, Any] = {"xaxis": "x", "yaxis": place.yaxis}
    traces = []
    drawable = np.isfinite(row.low) & np.isfinite(row.high)
    if np.any(row.high[drawable] > row.low[drawable]):
        traces.append(band(layers, row.low, row.high, row.colour, name=f"{row.name} band", **at))
    words = _hovers(row) if hover else None
    traces.append(dots(row.name, x, row.middle, {"color": row.colour, "size": dot_size(len(x))}, words, **at))
    if row.theory is not None:
        traces.append(line(f"{row.name} theory", x, row.theory, {"color": colours.text, "width": 1.25}, **at))
    if row.spread is not None:
        traces += spread_lines(row.name, row.spread, x, colours, **at)
    return traces


def _hovers(row: Row) -> list[str]:
    """Return what the hover box says of the layers."""
    texts = [_hover(row, i) for i in range(len(row.middle))]
    if row.ruler is None:
        return texts
    return [f"{text}, {more}" if more else text for text, more in zip(texts, row.ruler.words(row.middle), strict=True)]


def _hover(row: Row, i: int) -> str:
    """Return what the hover box says of one layer: median, band, theory."""
    text = f'<span style="color:{row.text_colour}">{row.symbol}</span> {from_log10(row.middle[i])}'
    if row.high[i] > row.low[i]:
        text += f" ({from_log10(row.low[i])} – {from_log10(row.high[i])})"
    if row.theory is not None:
        text += f", theory {from_log10(row.theory[i])}"
    if row.spread is not None:
        text += f", typically {from_log10(row.spread.typical[i])} ({from_log10(row.spread.low[i])} – {from_log10(row.spread.high[i])})"
    return text


def _input_mark(trace: Trace, colours: Palette) -> dict:
    """Return the input's own size, at layer 0 of the first row."""
    size = trace.input_log10_second_moment
    marker = {"color": colours.forward, "size": 9, "symbol": "diamond-open", "line": {"width": 2}}
    return dots("input", [0], np.array([size]), marker, [f"input² {from_log10(size)}"], yaxis="y")


def _bottom_line(trace: Trace, prediction: Prediction | None, colours: Palette) -> list[dict]:
    """Return the words under the layer axis: what dots, band and line stand for, and the axis' name."""
    trials = trace.config.trials
    parts = [f"● median of {trials} networks", "▒ 10 – 90 %"] if trials > 1 else ["● one network"]
    if prediction is not None:
        parts.append("─ theory")
        # a phase has just room for this, from the figure's own edge on
        parts += [] if prediction.z.band is None else ["╌ typical"]
    below = -_BOTTOM / _PLOT
    return [
        title("  ".join(parts), below, colours.muted, 13) | {"xshift": -_LEFT},
        title("block" if "stream" in trace.signals else "layer", below, colours.text, 14) | {"x": 1, "xanchor": "right"},
    ]
