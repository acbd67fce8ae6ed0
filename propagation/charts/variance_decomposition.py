"""The chart of scatters: what a second moment is made of, layer by layer, and one variance beside it on a logarithmic axis."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import decade_ticks, decade_windows, layer_ticks
from propagation.charts.rows import numbers
from propagation.charts.theme import Palette, base_layout, palette, translucent
from propagation.formatting import from_log10, percent
from propagation.labs.variance_decomposition import PARTS, RESOLUTION, Scatter

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
#: edges of the two rows in pixels from the top: title, key, plot
_ROWS = ((0, 46, 262), (284, 308, HEIGHT - _BOTTOM))


def colours_of(colours: Palette) -> dict[str, str]:
    """One colour for each part of a second moment and for each variance."""
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
    """Bars of the four parts of E[z²], which add up to 100 %, over the variance over `whose`: dots measured, lines theory."""
    colours = palette(appearance)
    depth = len(measured.log10_second_moment)
    layers = np.unique(np.linspace(1, depth, min(depth, MOST_LAYERS)).round().astype(int))
    size = measured.log10_second_moment[layers - 1]
    shown = measured.log10_variance(whose)[layers - 1]
    shown = np.where(shown < size + math.log10(RESOLUTION), -np.inf, shown)
    theory = None if predicted is None else predicted.log10_variance(whose)[layers - 1]
    window = _window(shown, size, theory)
    data = [*_bars(measured, layers, colours), *_boundaries(predicted, layers, colours)]
    data += _sizes(layers, shown, size, theory, symbol, colours_of(colours)[whose], colours)
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 58, "r": 14, "t": 0, "b": _BOTTOM, "pad": 4},
        "barmode": "stack",
        "bargap": 0.12 if len(layers) <= 60 else 0,
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "uirevision": f"whose {depth}",
        "xaxis": _layer_axis(depth, colours),
        "yaxis": _axis(0, [0, 1], [0, 0.5, 1], ["0", "50 %", "100 %"], colours),
        "yaxis2": _axis(1, _widened(window), *decade_ticks(*window), colours),
        "annotations": [
            _note(_ROWS[0][0] + 22, f"<b>What E[{symbol}²] is made of</b>", colours.text, 15),
            _note(_ROWS[0][1], _key(colours), colours.muted, 13),
            _note(_ROWS[1][1], _variance_title(symbol, whose, colours), colours.text, 15),
            *_missing(layers, shown, size, window, colours),
            _note(HEIGHT, _bottom_line(predicted, symbol), colours.muted, 13),
            _note(HEIGHT, "layer", colours.text, 14) | {"x": 1, "xanchor": "right"},
        ],
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def _bars(measured: Scatter, layers: np.ndarray, colours: Palette) -> list[dict]:
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
                "text": [f"{PART_LABELS[part]} {percent(share)}" if math.isfinite(share) else "" for share in shares.tolist()],
                "textposition": "none",
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    return bars


def _boundaries(predicted: Scatter | None, layers: np.ndarray, colours: Palette) -> list[dict]:
    """Where theory puts the upper edges of the bars, as far as it is not simply at 100 %."""
    if predicted is None:
        return []
    edges = np.cumsum([predicted.parts[PARTS.index(part)][layers - 1] for part in STACKED], axis=0)
    lines = []
    for part, edge in zip(STACKED[:2], edges, strict=False):
        if np.any(edge < 0.999):
            lines.append(_line(f"{part} theory", layers, edge, "y", {"color": colours.text, "width": 2}))
    return lines


def _sizes(
    layers: np.ndarray, shown: np.ndarray, size: np.ndarray, theory: np.ndarray | None, symbol: str, colour: str, colours: Palette
) -> list[dict]:
    """The second moment as a dotted line, the variance as dots, theory's variance as a line."""
    lines = [_line("second moment", layers, size, "y2", {"color": colours.muted, "width": 2, "dash": "dot"})]
    texts = [f"E[{symbol}²] {from_log10(total)}, variance {from_log10(value)}" for total, value in zip(size, shown, strict=True)]
    if theory is not None:
        lines.append(_line("variance theory", layers, theory, "y2", {"color": colours.text, "width": 1.25}))
        texts = [f"{text}, theory {from_log10(value)}" for text, value in zip(texts, theory, strict=True)]
    lines.append(
        {
            "type": "scatter",
            "name": "variance",
            "mode": "markers",
            "yaxis": "y2",
            "cliponaxis": False,
            "x": layers.tolist(),
            "y": numbers(shown),
            "marker": {"color": colour, "size": 7 if len(layers) <= 60 else 5 if len(layers) <= 150 else 3.5},
            "text": texts,
            "hovertemplate": "%{text}<extra></extra>",
        }
    )
    return lines


def _line(name: str, layers: np.ndarray, values: np.ndarray, axis: str, line: dict) -> dict:
    return {
        "type": "scatter",
        "name": name,
        "mode": "lines",
        "x": layers.tolist(),
        "y": numbers(values),
        "yaxis": axis,
        "line": line,
        "hoverinfo": "skip",
    }


def _window(shown: np.ndarray, size: np.ndarray, theory: np.ndarray | None) -> tuple[int, int]:
    """Whole decades around everything measured, and around theory as far down as a measurement could follow it."""
    values = np.concatenate([shown, size] + ([] if theory is None else [np.maximum(theory, size + math.log10(RESOLUTION))]))
    finite = values[np.isfinite(values)]
    return decade_windows([(float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)] * 2)[0]


def _missing(layers: np.ndarray, shown: np.ndarray, size: np.ndarray, window: tuple[int, int], colours: Palette) -> list[dict]:
    """A word at the edge where there is nothing that could be drawn."""
    gone = layers[~np.isfinite(shown)]
    if len(gone) == 0:
        return []
    why = "too small to measure" if np.isfinite(size[layers == gone[0]][0]) else "no signal"
    return [
        {
            "x": float(gone.mean()),
            "y": window[0],
            "xref": "x",
            "yref": "y2",
            "text": f"▼ {why} from layer {gone[0]}",
            "showarrow": False,
            "yanchor": "bottom",
            "font": {"color": colours.warning, "size": 14},
        }
    ]


def _key(colours: Palette) -> str:
    """Which colour is which part."""
    squares = colours_of(colours)
    return "  ".join(f'<span style="color:{squares[part]}">■</span> {PART_LABELS[part]}' for part in STACKED)


def _variance_title(symbol: str, whose: str, colours: Palette) -> str:
    square = f'<span style="color:{colours_of(colours)[whose]}">●</span>'
    return f"{square} <b>Variance of {symbol} over {OVER[whose]}</b>"


def _bottom_line(predicted: Scatter | None, symbol: str) -> str:
    return "   ".join(["● measured", f"┄ E[{symbol}²]"] + ([] if predicted is None else ["─ theory"]))


def _layer_axis(depth: int, colours: Palette) -> dict:
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


def _axis(row: int, window: list[float], values: list, texts: list[str], colours: Palette) -> dict:
    _, top, bottom = _ROWS[row]
    height = HEIGHT - _BOTTOM
    return {
        "domain": [1 - bottom / height, 1 - top / height],
        "anchor": "x",
        "range": window,
        "tickvals": values,
        "ticktext": texts,
        "fixedrange": True,
        "gridcolor": colours.grid,
        "zeroline": False,
    }


def _widened(window: tuple[int, int]) -> list[float]:
    spare = 0.04 * (window[1] - window[0])
    return [window[0] - spare, window[1] + spare]


def _note(bottom: float, text: str, colour: str, size: int) -> dict:
    """A line of text whose lower edge is this many pixels from the top."""
    return {
        "x": 0,
        "y": 1 - bottom / (HEIGHT - _BOTTOM),
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "text": text,
        "showarrow": False,
        "font": {"color": colour, "size": size},
    }
