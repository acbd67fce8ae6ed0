"""Charts of distributions: layers as ridges one behind the other, and one layer's histogram with the Gaussian of theory."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import axis, named
from propagation.charts.marks import note, title
from propagation.charts.theme import Palette, base_layout, figure, palette
from propagation.formatting import from_log10, percent
from propagation.labs.distributions import CENTRES, EDGES, Distributions, Histogram
from propagation.signals import SIGNALS

RIDGES_HEIGHT, LAYER_HEIGHT = 500, 300
#: what is drawn of a histogram, in root mean squares to both sides
SHOWN = 4.0
#: height of a ridge, in distances between ridges
_RIDGE = 1.7
#: shares of exact zeros below this are not drawn
_SOME = 0.001


def ridges_chart(
    result: Distributions,
    signal: str,
    *,
    common: bool,
    chosen: int,
    theory: np.ndarray | None = None,
    mean: float = 0.0,
    appearance: str = "light",
) -> go.Figure:
    """Draw the histograms of one signal, the first layer on top, all drawn to one height; `chosen` is the layer that stands out.

    Each is in units of its own root mean square, or, with `common`, of the largest. `theory`, (layers,), is log₁₀ of the root mean
    squares of Gaussians of this `mean` to be drawn over them. A stem at 0 stands for the exact zeros; as high as a ridge would be 100 %.
    """
    colours = palette(appearance)
    histograms = result.histograms[signal]
    drawable = [one.log10_rms for one in histograms if math.isfinite(one.log10_rms)]
    largest = max(drawable, default=0.0)
    data: list[dict] = []
    for place, (layer, one) in enumerate(zip(result.layers, histograms, strict=True)):
        ground = len(histograms) - 1 - place
        unit = 10 ** (one.log10_rms - largest) if common and math.isfinite(one.log10_rms) else 1.0
        data.append(_ridge(layer, one, ground, unit, getattr(colours, SIGNALS[signal].role), layer == chosen, colours))
        if one.zeros > _SOME:
            data.append(_stem(one.zeros, ground, colours))
        if theory is not None and math.isfinite(one.log10_rms) and one.density.any():
            data.append(_gaussian_ridge(one, ground, unit, theory[place], mean, colours))
    unit_text = f"of the largest, {from_log10(largest)}" if common else "of the layer"
    layout = base_layout(colours) | {
        "height": RIDGES_HEIGHT,
        "margin": {"l": 44, "r": 74, "t": 26, "b": 48, "pad": 4},
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": "ridges",
        "xaxis": _value_axis(f"value, in root mean squares {unit_text}", colours),
        "yaxis": {
            "range": [-0.15, len(histograms) - 1 + _RIDGE + 0.1],
            "ticklabelstandoff": 6,
            "tickvals": list(range(len(histograms))),
            "ticktext": [f"{layer:,}" for layer in reversed(result.layers)],
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
        "annotations": [
            _corner("layer", 0, "right", colours),
            _corner("rms", 1, "left", colours) | {"xshift": 8},
            *(_size(one, len(histograms) - 1 - place, colours) for place, one in enumerate(histograms)),
        ],
    }
    return figure(data, layout)


def layer_chart(
    one: Histogram, signal: str, *, log10_theory: float | None = None, mean: float = 0.0, appearance: str = "light"
) -> go.Figure:
    """Draw one histogram in units of its root mean square, and the Gaussian of this `mean` whose root mean square theory predicts."""
    colours = palette(appearance)
    colour = getattr(colours, SIGNALS[signal].role)
    data = [
        {
            "type": "bar",
            "name": "measured",
            "x": CENTRES.tolist(),
            "y": _rounded(one.density),
            "marker": {"color": blended(colour, colours.background, 0.7), "line": {"width": 0}},
            "hovertemplate": "%{x:.2f} rms: %{y:.3f}<extra></extra>",
        }
    ]
    top = float(one.density.max())
    if log10_theory is not None and math.isfinite(log10_theory) and math.isfinite(one.log10_rms):
        density = _gaussian(one, log10_theory, mean)
        top = max(top, min(float(density.max()), 4 * top))
        data.append(_curve("theory", CENTRES, density, colours))
    top = 1.15 * top if top > 0 else 1.0
    notes = []
    if one.zeros > _SOME:
        data.append(_stem(1.0, 0.0, colours) | {"y": [0, 0.9 * top]})
        notes.append(_flag(f"{percent(one.zeros)} exactly 0", 0.9 * top, colours))
    layout = base_layout(colours) | {
        "height": LAYER_HEIGHT,
        "margin": {"l": 44, "r": 12, "t": 8, "b": 48},
        "bargap": 0,
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": "one layer",
        "xaxis": _value_axis("value, in root mean squares of the layer", colours),
        "yaxis": axis(colours, range=[0, top], nticks=4),
        "annotations": notes,
    }
    return figure(data, layout)


def blended(colour: str, ground: str, share: float) -> str:
    """Return a #RRGGBB colour mixed with another, opaque."""
    mixed = [round(share * int(colour[i : i + 2], 16) + (1 - share) * int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{part:02X}" for part in mixed)


def _ridge(layer: int, one: Histogram, ground: float, unit: float, colour: str, strong: bool, colours: Palette) -> dict:
    """Return a histogram as an outline standing on its ground; a signal that is all zero is the ground alone."""
    heights = _RIDGE * one.density / (one.density.max() or 1.0)
    x = unit * EDGES
    return {
        "type": "scatter",
        "name": f"layer {layer}",
        "mode": "lines",
        "x": _rounded(np.concatenate(([-2 * SHOWN, x[0]], np.repeat(x, 2)[1:-1], [x[-1], 2 * SHOWN])), 7),
        "y": _rounded(ground + np.concatenate(([0, 0], np.repeat(heights, 2), [0, 0]))),
        "line": {"color": colour, "width": 2 if strong else 1.2},
        "fill": "toself",
        "fillcolor": blended(colour, colours.background, 0.6 if strong else 0.22),
        "text": _hover(layer, one),
        "hoverinfo": "text",
        "hoveron": "fills",
    }


def _gaussian_ridge(one: Histogram, ground: float, unit: float, log10_rms: float, mean: float, colours: Palette) -> dict:
    """Return the Gaussian of this root mean square and mean, to the same scale as the ridge of the histogram measured."""
    density = _gaussian(one, log10_rms, mean)
    heights = np.minimum(_RIDGE * density / one.density.max(), 1.5 * _RIDGE)
    return _curve("theory", unit * CENTRES, ground + heights, colours)


def _gaussian(one: Histogram, log10_rms: float, mean: float) -> np.ndarray:
    """Return the density at CENTRES of the Gaussian of this root mean square and mean, in units of the histogram's."""
    mean = mean / 10**one.log10_rms if mean else 0.0
    deviation = math.sqrt(max(0.0, 10 ** (2 * (log10_rms - one.log10_rms)) - mean**2))
    if not 1e-6 < deviation < 1e6:  # nothing of it is to be seen on this scale
        return np.zeros_like(CENTRES)
    return np.exp(-0.5 * ((CENTRES - mean) / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))


def _curve(name: str, x: np.ndarray, y: np.ndarray, colours: Palette) -> dict:
    line = {"color": colours.text, "width": 1.5}
    return {"type": "scatter", "name": name, "mode": "lines", "x": _rounded(x, 7), "y": _rounded(y), "line": line, "hoverinfo": "skip"}


def _stem(share: float, ground: float, colours: Palette) -> dict:
    """Return a stem at zero with a knob."""
    return {
        "type": "scatter",
        "name": "zeros",
        "mode": "lines+markers",
        "x": [0, 0],
        "y": [ground, ground + _RIDGE * share],
        "line": {"color": colours.warning, "width": 2},
        "marker": {"color": colours.warning, "size": [0, 8]},
        "hoverinfo": "skip",
    }


def _hover(layer: int, one: Histogram) -> str:
    if not math.isfinite(one.log10_rms):
        return f"layer {layer}: {_nothing(one)}"
    zeros = f"<br>{percent(one.zeros)} exactly 0" if one.zeros else ""
    kurtosis = f"<br>excess kurtosis {one.excess_kurtosis:.2f}" if math.isfinite(one.excess_kurtosis) else ""
    return f"<b>layer {layer}</b><br>root mean square {from_log10(one.log10_rms)}{kurtosis}{zeros}"


def _nothing(one: Histogram) -> str:
    return "no numbers" if math.isnan(one.log10_rms) else "all 0"


def _size(one: Histogram, ground: float, colours: Palette) -> dict:
    """Return the root mean square at the end of a ridge, or why there is none."""
    gone = not math.isfinite(one.log10_rms)
    text, colour = (_nothing(one), colours.warning) if gone else (from_log10(one.log10_rms), colours.text)
    return note(text, colour, 13, 1, ground, xref="paper", xanchor="left", xshift=8, yanchor="middle")


def _corner(text: str, x: float, anchor: str, colours: Palette) -> dict:
    return title(text, 1, colours.muted, 13) | {"x": x, "xanchor": anchor}


def _flag(text: str, y: float, colours: Palette) -> dict:
    """Return a text beside the stem at zero."""
    return note(text, colours.warning, 14, 0, y, xanchor="left", xshift=8)


def _value_axis(text: str, colours: Palette) -> dict:
    return axis(colours, title=named(text, 6, size=13), range=[-SHOWN, SHOWN], tickvals=[-4, -2, 0, 2, 4])


def _rounded(values: np.ndarray, digits: int = 4) -> list[float]:
    return np.round(values, digits).tolist()
