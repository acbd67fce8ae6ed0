"""The chart of scatters: what a second moment is made of, layer by layer, and one variance beside it on a logarithmic axis."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import axis, decade_windows, layer_ticks
from propagation.charts.marks import dot_size, dots, line, numbers, thinned, title
from propagation.charts.rows import Place, extremes, missing, size_axes, stack_layout
from propagation.charts.theme import Palette, figure, palette, translucent
from propagation.formatting import from_log10, percent
from propagation.labs.variance_decomposition import RESOLUTION
from propagation.theory.variance_decomposition import PARTS, Scatter

HEIGHT = 560
_BOTTOM = 54
#: the parts from the bottom up, the one that tells the story on the ground
STACKED = ("inputs", "neurons", "draws", "mean")
PART_LABELS = {"inputs": "inputs", "neurons": "neurons", "draws": "networks", "mean": "mean²"}
WHOSE_LABELS = {"inputs": "inputs", "neurons": "neurons", "draws": "draws", "all": "all"}
OVER = {"inputs": "inputs", "neurons": "neurons", "draws": "weight draws", "all": "all of them together"}
HELD_STILL = {
    "inputs": "one network, one neuron",
    "neurons": "one network, one input",
    "draws": "one neuron, one input",
    "all": "nothing held still",
}
#: layers drawn one by one; of deeper networks this many, evenly spread, first and last included
MOST_LAYERS = 400
#: the parts that are the same for every input are drawn paler
_QUIET = 0.5
#: of the plot, in pixels; from its top down the title of the bars, their key, their edges, and the edges of the lower row
_PLOT = HEIGHT - _BOTTOM
_TITLE, _BARS, _LOWER = 22, (46, 262), (308, _PLOT)


def colours_of(colours: Palette) -> dict[str, str]:
    """Return one colour for each part of a second moment and for each variance."""
    return {
        "inputs": colours.forward,
        "neurons": colours.compare[3],
        "draws": colours.compare[4],
        "mean": colours.muted,
        "all": colours.muted,
    }


def decomposition_chart(
    measured: Scatter, predicted: Scatter | None, *, symbol: str = "z", whose: str = "inputs", appearance: str = "light"
) -> go.Figure:
    """Draw bars of the four parts of E[z²], which add up to 100 %, over the variance over `whose`: dots measured, lines theory."""
    spec = decomposition_spec(measured, predicted, symbol=symbol, whose=whose, appearance=appearance)
    return figure(spec["data"], spec["layout"])


def decomposition_spec(
    measured: Scatter,
    predicted: Scatter | None,
    *,
    symbol: str = "z",
    whose: str = "inputs",
    appearance: str = "light",
    hover: bool = True,
) -> dict:
    """Return the figure of `decomposition_chart` as plain data, without `hover` for when no pointer is on it."""
    colours = palette(appearance)
    depth = len(measured.log10_second_moment)
    layers = thinned(depth, MOST_LAYERS)
    size = measured.log10_second_moment[layers - 1]
    shown = measured.log10_variance(whose)[layers - 1]
    shown = np.where(shown < size + math.log10(RESOLUTION), -np.inf, shown)
    theory = None if predicted is None else predicted.log10_variance(whose)[layers - 1]
    bars = _domain(*_BARS)
    # theory as far down as a measurement could follow it
    seen = [shown, size] + ([] if theory is None else [np.maximum(theory, size + math.log10(RESOLUTION))])
    lower = Place("y2", _domain(*_LOWER), decade_windows([extremes(seen)])[0])
    data = [*_bars(measured, layers, colours, hover), *_boundaries(predicted, layers, colours)]
    data += _sizes(layers, shown, size, theory, symbol if hover else "", colours_of(colours)[whose], colours)
    layout = stack_layout(colours, HEIGHT, 0, _BOTTOM, f"whose {depth}") | {
        "template": {},  # as in `signals_spec`
        "barmode": "stack",
        "bargap": 0.12 if len(layers) <= 60 else 0,
        "hoversubplots": "axis",
        "xaxis": _layer_axis(depth),
        "yaxis": axis(colours, domain=bars, anchor="x", range=[0, 1], tickvals=[0, 0.5, 1], ticktext=["0", "50 %", "100 %"]),
        **size_axes([lower], colours),
        "annotations": [
            title(f"<b>What E[{symbol}²] is made of</b>", 1 - _TITLE / _PLOT, colours.text, 15),
            title(_key(colours), bars[1], colours.muted, 13),
            title(_variance_title(symbol, whose, colours), lower.top, colours.text, 15),
            *_missing(layers, shown, size, lower, colours),
            title(_bottom_line(predicted, symbol), 1 - HEIGHT / _PLOT, colours.muted, 13),
            title("layer", 1 - HEIGHT / _PLOT, colours.text, 14) | {"x": 1, "xanchor": "right"},
        ],
    }
    return {"data": data, "layout": layout}


def _bars(measured: Scatter, layers: np.ndarray, colours: Palette, hover: bool) -> list[dict]:
    bars = []
    fills = {part: colour if part == "inputs" else translucent(colour, _QUIET) for part, colour in colours_of(colours).items()}
    for part in STACKED:
        shares = measured.parts[PARTS.index(part)][layers - 1]
        bars.append(
            {
                "type": "bar",
                "name": part,
                "x": layers.tolist(),
                "y": numbers(shares, digits=6),
                "width": (layers[-1] - layers[0]) / (len(layers) - 1) if len(layers) > 60 else None,
                "marker": {"color": fills[part], "line": {"width": 0}},
                "textposition": "none",
            }
        )
        if hover:
            texts = [f"{PART_LABELS[part]} {percent(share)}" if math.isfinite(share) else "" for share in shares.tolist()]
            bars[-1] |= {"text": texts, "hovertemplate": "%{text}<extra></extra>"}
    return bars


def _boundaries(predicted: Scatter | None, layers: np.ndarray, colours: Palette) -> list[dict]:
    """Return where theory puts the upper edges of the bars, as far as it is not simply at 100 %."""
    if predicted is None:
        return []
    edges = np.cumsum([predicted.parts[PARTS.index(part)][layers - 1] for part in STACKED], axis=0)
    style = {"color": colours.text, "width": 2}
    return [
        line(f"{part} theory", layers.tolist(), edge, style, yaxis="y")
        for part, edge in zip(STACKED[:2], edges, strict=False)
        if np.any(edge < 0.999)
    ]


def _sizes(
    layers: np.ndarray, shown: np.ndarray, size: np.ndarray, theory: np.ndarray | None, symbol: str, colour: str, colours: Palette
) -> list[dict]:
    """Return the second moment as a dotted line, the variance as dots, theory's as a line; without a symbol no words for a pointer."""
    x = layers.tolist()
    traces = [line("second moment", x, size, {"color": colours.muted, "width": 2, "dash": "dot"}, yaxis="y2")]
    if theory is not None:
        traces.append(line("variance theory", x, theory, {"color": colours.text, "width": 1.25}, yaxis="y2"))
    texts = _hovers(shown, size, theory, symbol) if symbol else None
    return [*traces, dots("variance", x, shown, {"color": colour, "size": dot_size(len(x))}, texts, yaxis="y2")]


def _hovers(shown: np.ndarray, size: np.ndarray, theory: np.ndarray | None, symbol: str) -> list[str]:
    texts = [f"E[{symbol}²] {from_log10(total)}, variance {from_log10(value)}" for total, value in zip(size, shown, strict=True)]
    return texts if theory is None else [f"{text}, theory {from_log10(value)}" for text, value in zip(texts, theory, strict=True)]


def _missing(layers: np.ndarray, shown: np.ndarray, size: np.ndarray, row: Place, colours: Palette) -> list[dict]:
    """Return a word at the edge where there is nothing that could be drawn."""
    gone = layers[~np.isfinite(shown)]
    if len(gone) == 0:
        return []
    why = "too small to measure" if np.isfinite(size[layers == gone[0]][0]) else "no signal"
    return [missing(f"{why} from layer {gone[0]}", gone, row, colours)]


def _key(colours: Palette) -> str:
    """Return which colour is which part."""
    squares = colours_of(colours)
    return "  ".join(f'<span style="color:{squares[part]}">■</span> {PART_LABELS[part]}' for part in STACKED)


def _variance_title(symbol: str, whose: str, colours: Palette) -> str:
    square = f'<span style="color:{colours_of(colours)[whose]}">●</span>'
    return f"{square} <b>Variance of {symbol} over {OVER[whose]}</b>"


def _bottom_line(predicted: Scatter | None, symbol: str) -> str:
    return "   ".join(["● measured", f"┄ E[{symbol}²]"] + ([] if predicted is None else ["─ theory"]))


def _layer_axis(depth: int) -> dict:
    """Return the axis of layers 1 … depth: bars have no room for the input."""
    values, texts = layer_ticks(depth)
    return {
        "anchor": "y2",
        "range": [0.3 - depth / 200, depth + 0.7 + depth / 200],
        "tickvals": [1, *values[1:]] if values[1] > 2 else values[1:],
        "ticktext": ["1", *texts[1:]] if values[1] > 2 else texts[1:],
        "tickangle": 0,
        "unifiedhovertitle": {"text": "<b>layer %{x}</b>"},
        "showgrid": False,
        "zeroline": False,
    }


def _domain(top: float, bottom: float) -> list[float]:
    """Return the part of the plot between these pixels from its top."""
    return [1 - bottom / _PLOT, 1 - top / _PLOT]
