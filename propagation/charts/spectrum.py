"""The chart of a spectrum: singular values against depth, and beside it, on the same axis, their histogram at one depth."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import axis, decade_axis, decade_windows, layer_axis, named
from propagation.charts.marks import band, line, note, numbers, title, vertical
from propagation.charts.theme import Palette, base_layout, figure, palette, translucent
from propagation.formatting import from_log10
from propagation.labs.spectrum import Spectrum
from propagation.theory.spectrum import SpectrumPrediction

HEIGHT = 390
#: decades below the largest singular value that are drawn
MOST_DECADES = 6
#: widths of the histogram's bars, in decades
_WIDTHS = (0.05, 0.1, 0.2, 0.25, 0.5)
_ROLES = {"gaussian": "forward", "orthogonal": "weight_gradient"}


def window_of(spectra: Sequence[Spectrum]) -> tuple[int, int]:
    """Return a window in whole decades for all of these: every largest value, and what lies up to MOST_DECADES below the highest."""
    values = np.concatenate([values for spectrum in spectra for values in spectrum.log10_values])
    values = values[np.isfinite(values)]
    if not values.size:
        return -2, 1
    tops = [values[0] for spectrum in spectra for values in spectrum.log10_values if np.isfinite(values[0])]
    top = float(values.max())
    return decade_windows([(max(float(values.min()), min(top - MOST_DECADES, min(tops))), top)])[0]


def spectrum_chart(
    spectrum: Spectrum,
    prediction: SpectrumPrediction | None,
    place: int,
    window: tuple[int, int],
    *,
    density: tuple[np.ndarray, np.ndarray] | None = None,
    appearance: str = "light",
) -> go.Figure:
    """Draw the range of singular values at each depth, and beside it how they are distributed at the depth in `place`.

    Left, largest and root mean square are marks, theory lines. Right is the share of singular values per decade, with `density`
    (log10 s, share per decade), if there is one, as a line.
    """
    colours = palette(appearance)
    role = _ROLES[spectrum.config.weight_law]
    colour = getattr(colours, role)
    depth = int(spectrum.layers[-1])
    layer = int(spectrum.layers[place])
    data = [*_ranges(spectrum, colour, window), *_marks(spectrum, colour, colours), *_theory(prediction, depth, colours)]
    bars, outside = _histogram(spectrum.log10_values[place], colour, window)
    data.append(bars)
    longest = max(bars["x"])
    if density is not None:
        inside = (density[0] >= window[0]) & (density[0] <= window[1])
        x, y = numbers(density[1][inside]), density[0][inside]
        data.append(line("density theory", x, y, {"color": colours.text, "width": 1.5}, xaxis="x2", yaxis="y"))
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 52, "r": 8, "t": 26, "b": 50, "pad": 4},
        "hovermode": "closest",
        "barmode": "overlay",
        "bargap": 0,
        "uirevision": f"depth {depth}",
        "xaxis": layer_axis(depth, colours) | {"domain": [0, 0.64]} | _few_ticks(depth),
        "xaxis2": axis(colours, domain=[0.68, 1], range=[0, 1.08 * longest], nticks=4)
        | {"title": named("share of all s", size=14), "showticklabels": False},
        "yaxis": decade_axis(window, colours),
        "shapes": [vertical(layer, colours.muted, xref="x", layer="below")],
        "annotations": [
            title("<b>singular values s</b> of ∂h/∂x", 1, getattr(colours, f"{role}_text")),
            title(f"layer {layer}", 1, colours.muted) | {"x": 0.68},
            *_below(outside, colours),
        ],
    }
    return figure(data, layout)


def _ranges(spectrum: Spectrum, colour: str, window: tuple[int, int]) -> list[dict]:
    """Return bands over all values and over their middle half at the depths looked at; what is below the window ends at its edge."""
    ordered = [np.maximum(values, window[0]) for values in spectrum.log10_values]
    quarters = np.array([[values[round(share * (len(values) - 1))] for share in (0, 0.25, 0.75, 1)] for values in ordered]).T
    return [
        band(spectrum.layers, quarters[3], quarters[0], colour, 0.16, showlegend=False, xaxis="x", yaxis="y"),
        band(spectrum.layers, quarters[2], quarters[1], colour, 0.26, showlegend=False, xaxis="x", yaxis="y"),
    ]


def _marks(spectrum: Spectrum, colour: str, colours: Palette) -> list[dict]:
    """Return largest, root mean square and, where it is resolved, smallest singular value."""
    largest = np.array([values[0] for values in spectrum.log10_values])
    smallest = np.array([values[-1] for values in spectrum.log10_values])
    typical = spectrum.log10_mean_square[spectrum.layers - 1] / 2
    series = (("largest", largest, "triangle-up"), ("root mean square", typical, "circle"), ("smallest", smallest, "triangle-down"))
    return [
        {
            "type": "scatter",
            "name": name,
            "mode": "markers",
            "x": spectrum.layers.tolist(),
            "y": numbers(values),
            "marker": {"color": colour, "size": 9, "symbol": symbol, "line": {"width": 1, "color": colours.background}},
            "text": [f"layer {layer}: {name} {from_log10(value)}" for layer, value in zip(spectrum.layers, values, strict=True)],
            "hovertemplate": "%{text}<extra></extra>",
        }
        for name, values, symbol in series
    ]


def _theory(prediction: SpectrumPrediction | None, depth: int, colours: Palette) -> list[dict]:
    if prediction is None:
        return []
    series = (("largest theory", prediction.log10_largest, "solid"), ("root mean square theory", prediction.log10_mean_square / 2, "dot"))
    return [
        line(name, list(range(1, depth + 1)), values, {"color": colours.text, "width": 1.25, "dash": dash}) for name, values, dash in series
    ]


def _histogram(values: np.ndarray, colour: str, window: tuple[int, int]) -> tuple[dict, float]:
    """Return bars of the share per decade inside the window, and the share that lies below it."""
    inside = values[values >= window[0]]
    middle_half = float(np.subtract(*np.quantile(inside, (0.75, 0.25)))) if inside.size else 0.0
    wanted = middle_half / max(inside.size, 1) ** (1 / 3)  # half of Freedman and Diaconis
    width = next((width for width in _WIDTHS if width >= wanted), _WIDTHS[-1])
    # values that differ by rounding stand in one bar, also where its edge is between them, as it is at 1
    counts, edges = np.histogram(inside.round(9), round((window[1] - window[0]) / width), window)
    shares = counts / len(values)
    trace = {
        "type": "bar",
        "name": "histogram",
        "orientation": "h",
        "xaxis": "x2",
        "yaxis": "y",
        "x": (shares / width).tolist(),
        "y": ((edges[1:] + edges[:-1]) / 2).round(4).tolist(),
        "width": width,
        "marker": {"color": translucent(colour, 0.7), "line": {"width": 0}},
        "text": [
            f"{share:.1%} between {from_log10(low)} and {from_log10(high)}"
            for share, low, high in zip(shares, edges[:-1], edges[1:], strict=True)
        ],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }
    return trace, float(np.mean(values < window[0]))


def _below(share: float, colours: Palette) -> list[dict]:
    """Return what the histogram leaves out, at its lower edge."""
    if share == 0:
        return []
    return [
        note(f"▼ {100 * share:.0f} % below", colours.text, 13, 0.5, 0, xref="x2 domain", yref="paper", yanchor="bottom")
        | {"bgcolor": translucent(colours.background, 0.75)}
    ]


def _few_ticks(depth: int) -> dict:
    """Return ticks that fit half a page: the first layer, the last, and one or two between."""
    step = max(1, math.ceil(depth / 3))
    values = sorted({1, *range(step, depth - step // 2, step), depth})
    return {"tickvals": values, "ticktext": [f"{value:,}" for value in values]}
