"""The signal chart: one figure, one layer axis, and what happens to the signal forward, the gradient backward and the weight gradients."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import decade_windows
from propagation.charts.rows import extremes, numbers, size_axis, spikes, stack_axis
from propagation.charts.signal_rows import Over, Row, row_over, rows_of
from propagation.charts.spread import spread_lines
from propagation.charts.strip import strip_axis, strip_caption, strip_cells
from propagation.charts.theme import Palette, base_layout, palette, translucent
from propagation.engine.trace import Trace
from propagation.formatting import from_log10

HEIGHT = 560
_LEFT, _BOTTOM = 58, 54
_STRIP_TOP, _STRIP_HEIGHT, _TITLE_HEIGHT = 22, 40, 27
#: layers drawn one by one; of deeper networks this many, evenly spread, first and last included
MOST_LAYERS = 400


def signals_chart(trace: Trace, prediction=None, *, forward: str = "z", over: Over | None = None, appearance: str = "light") -> go.Figure:
    """`signals_spec` as a Plotly figure."""
    return go.Figure(signals_spec(trace, prediction, forward=forward, over=over, appearance=appearance), _validate=False)


def signals_spec(
    trace: Trace, prediction=None, *, forward: str = "z", over: Over | None = None, appearance: str = "light", hover: bool = True
) -> dict:
    """Second moments of every layer on a logarithmic axis: dots for the median over trials, a band from 10 to 90 %, a line for theory.

    The figure as plain data, which is drawn while a hand moves: `go.Figure` copies it twice, which takes longer than all of this.

    Where theory knows how nets of this width scatter, it adds a dashed line for the typical one and dotted lines at 10 and 90 %.

    `forward` is the signal of the first row, "z" or "h"; with `over`, the row shows that variance of it instead. Without `hover` no
    words are made for a pointer on the chart, for when it is elsewhere.

    All rows have the same decades per pixel and never less than two.
    """
    colours = palette(appearance)
    depth = trace.config.depth
    layers = np.unique(np.linspace(1, depth, min(depth, MOST_LAYERS)).round().astype(int))
    rows = rows_of(trace, prediction, forward, layers, colours)
    if over is not None:
        rows[0] = row_over(rows[0], over, layers)
    windows = decade_windows([_extremes(row, trace) for row in rows])
    data: list[dict] = []
    annotations: list[dict] = [_note(0, strip_caption(colours), colours.muted, size=13)]
    layout = base_layout(colours) | {
        "template": {},  # Plotly's own is a fifth of the message and shows nowhere here
        "height": HEIGHT,
        "margin": {"l": _LEFT, "r": 14, "t": 0, "b": _BOTTOM, "pad": 4},
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "uirevision": f"depth {depth}",
        "xaxis": stack_axis(depth, "y3", colours) | spikes(colours) | {"ticks": ""},
        "yaxis4": strip_axis(_domain(_STRIP_TOP, _STRIP_TOP + _STRIP_HEIGHT)),
    }
    for index, (row, window) in enumerate(zip(rows, windows, strict=True)):
        axis = "y" if index == 0 else f"y{index + 1}"
        top, bottom = _row_edges(index)
        layout[axis.replace("y", "yaxis")] = size_axis(_domain(top, bottom), window, colours)
        data += _row_traces(row, layers, axis, colours, hover)
        annotations += [_note(top, f"<b>{row.title}</b>", row.text_colour), *_missing(row, layers, axis, window, colours)]
    if over is None:
        data.append(_input_mark(trace, colours))
    data.append(strip_cells(trace, colours, np.append(0, layers)))
    annotations += _bottom_line(trace, prediction, colours)
    layout["annotations"] = annotations
    return {"data": data, "layout": layout}


def _extremes(row: Row, trace: Trace) -> tuple[float, float]:
    """Lowest and highest number a row has to show."""
    shown = [row.middle, row.low, row.high] + ([] if row.theory is None else [row.theory])
    if row.spread is not None:
        shown += [row.spread.low, row.spread.high]
    if row.name in ("z", "h"):
        shown.append(np.array([trace.input_log10_second_moment]))
    return extremes(shown)


def _row_traces(row: Row, layers: np.ndarray, axis: str, colours: Palette, hover: bool) -> list[dict]:
    """Band, dots, theory line."""
    x = layers.tolist()
    common = {"type": "scatter", "xaxis": "x", "yaxis": axis}
    quiet = common | {"hoverinfo": "skip"}
    traces = []
    drawable = np.isfinite(row.low) & np.isfinite(row.high)
    if np.any(row.high[drawable] > row.low[drawable]):
        within = layers[drawable].tolist()
        traces.append(
            quiet
            | {
                "mode": "lines",
                "x": within + within[::-1],
                "y": numbers(row.high[drawable]) + numbers(row.low[drawable])[::-1],
                "fill": "toself",
                "fillcolor": translucent(row.colour, 0.22),
                "line": {"width": 0},
            }
        )
    words = {"text": [_hover(row, i) for i in range(len(x))], "hovertemplate": "%{text}<extra></extra>"} if hover else {"hoverinfo": "skip"}
    traces.append(
        common
        | words
        | {
            "name": row.name,
            "mode": "markers",
            "cliponaxis": False,
            "x": x,
            "y": numbers(row.middle),
            "marker": {"color": row.colour, "size": 7 if len(x) <= 60 else 5 if len(x) <= 150 else 3.5},
        }
    )
    if row.theory is not None:
        traces.append(
            quiet
            | {
                "name": f"{row.name} theory",
                "mode": "lines",
                "x": x,
                "y": numbers(row.theory),
                "line": {"color": colours.text, "width": 1.25},
            }
        )
    if row.spread is not None:
        traces += spread_lines(row.name, row.spread, common | {"x": x}, colours)
    return traces


def _hover(row: Row, i: int) -> str:
    """What the hover box says of one layer: median, band, theory."""
    text = f'<span style="color:{row.text_colour}">{row.symbol}</span> {from_log10(row.middle[i])}'
    if row.high[i] > row.low[i]:
        text += f" ({from_log10(row.low[i])} – {from_log10(row.high[i])})"
    if row.theory is not None:
        text += f", theory {from_log10(row.theory[i])}"
    if row.spread is not None:
        text += f", typically {from_log10(row.spread.typical[i])} ({from_log10(row.spread.low[i])} – {from_log10(row.spread.high[i])})"
    return text


def _input_mark(trace: Trace, colours: Palette) -> dict:
    """The input's own size, at layer 0 of the first row."""
    size = trace.input_log10_second_moment
    return {
        "type": "scatter",
        "name": "input",
        "mode": "markers",
        "cliponaxis": False,
        "x": [0],
        "y": numbers(np.array([size])),
        "yaxis": "y",
        "marker": {"color": colours.forward, "size": 9, "symbol": "diamond-open", "line": {"width": 2}},
        "text": [f"input² {from_log10(size)}"],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _missing(row: Row, layers: np.ndarray, axis: str, window: tuple[int, int], colours: Palette) -> list[dict]:
    """A word at the edge where a signal is exactly zero and has no place on a logarithmic axis."""
    gone = layers[~np.isfinite(row.middle)]
    if len(gone) == 0:
        return []
    where = f"layer {gone[0]}" if len(gone) == 1 else f"layers {gone[0]} – {gone[-1]}"
    return [
        {
            "x": float(gone.mean()),
            "y": window[0],
            "xref": "x",
            "yref": axis,
            "text": f"▼ {row.nothing} in {where}",
            "showarrow": False,
            "yanchor": "bottom",
            "font": {"color": colours.warning, "size": 14},
        }
    ]


def _bottom_line(trace: Trace, prediction, colours: Palette) -> list[dict]:
    """Under the layer axis: what dots, band and line stand for, and the axis' name."""
    trials = trace.config.trials
    parts = [f"● median of {trials} networks", "▒ 10 – 90 %"] if trials > 1 else ["● one network"]
    if prediction is not None:
        parts.append("─ theory")
        # a phone has just room for this, from the figure's own edge on
        parts += [] if prediction.z.band is None else ["╌ typical"]
    below = {"y": -_BOTTOM / (HEIGHT - _BOTTOM)}
    return [
        _note(0, "  ".join(parts), colours.muted, size=13) | below | {"xshift": -_LEFT},
        _note(0, "layer", colours.text, size=14) | below | {"x": 1, "xanchor": "right"},
    ]


def _row_edges(index: int) -> tuple[float, float]:
    """Top and bottom of a row's plot in pixels from the figure's top; its title stands above."""
    first = _STRIP_TOP + _STRIP_HEIGHT
    each = (HEIGHT - _BOTTOM - first) / 3
    return first + index * each + _TITLE_HEIGHT, first + (index + 1) * each


def _domain(top: float, bottom: float) -> list[float]:
    height = HEIGHT - _BOTTOM
    return [max(0.0, 1 - bottom / height), min(1.0, 1 - top / height)]


def _note(top: float, text: str, colour: str, size: int = 15) -> dict:
    """A line of text just above the pixel `top`, from the left edge of the plot."""
    return {
        "x": 0,
        "y": 1 - max(top, _STRIP_TOP) / (HEIGHT - _BOTTOM),
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "text": text,
        "showarrow": False,
        "font": {"color": colour, "size": size},
    }
