"""The plane of σ_w² and σ_b²: how fast gradients shrink or grow at every point, the critical line, and where the visitor stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import bare, linear_axis, named
from propagation.charts.marks import note
from propagation.charts.theme import Palette, base_layout, figure, palette, translucent
from propagation.formatting import factor, number
from propagation.theory.phases import PhaseGrid

HEIGHT = 520
#: pixels beside the plane for its scale of colours, which leave it where it is
_COLOUR_BAR = 100
#: the colour scale ends where a layer keeps or adds this many decades
_MOST_DECADES = 0.4
#: layers a signal survives at which the other scale is full
_MOST_LAYERS = 1000
SHOWN = {"chi_1": "gradient factor χ₁", "survival": "layers until inputs are forgotten"}


@dataclass(frozen=True)
class CriticalLine:
    """Points (σ_w², σ_b²) with χ₁ = 1 at a stable fixed point, two (k,) arrays; NaN in the first where there is none."""

    weight_variances: np.ndarray
    bias_variances: np.ndarray


def plane_chart(
    grid: PhaseGrid, line: CriticalLine, weight_variance: float, bias_variance: float, *, shown: str = "chi_1", appearance: str = "light"
) -> go.Figure:
    """Draw colour for log χ₁ ("chi_1") or for 6 ξ_c ("survival"), the critical line, and a cross at (`weight_variance`, `bias_variance`).

    Invisible points, at every second place of the grid, catch hovers and clicks.
    """
    colours = palette(appearance)
    x, y = grid.weight_variances, grid.bias_variances
    layers = survival(grid)
    if shown == "chi_1":
        with np.errstate(divide="ignore"):
            values = np.clip(np.log10(grid.chi_1), -_MOST_DECADES, _MOST_DECADES)
        scale = [[0, colours.smaller], [0.5, colours.neutral], [1, colours.larger]]
        bounds = {"zmin": -_MOST_DECADES, "zmax": _MOST_DECADES}
        ticks = {factor: np.log10(factor) for factor in (0.4, 0.6, 0.8, 1, 1.25, 1.6, 2.5)}
    else:
        values = np.log10(np.clip(np.nan_to_num(layers, nan=1, posinf=_MOST_LAYERS), 1, _MOST_LAYERS))
        scale = [[0, colours.neutral], [1, colours.forward]]
        bounds = {"zmin": 0, "zmax": np.log10(_MOST_LAYERS)}
        ticks = {layers: np.log10(layers) for layers in (1, 10, 100, 1000)}
    data = [
        colour_trace(x, y, values, scale, bounds, "χ₁" if shown == "chi_1" else "layers", {_tick(at, shown): ticks[at] for at in ticks}),
        _targets(grid, layers),
        line_trace(line, colours),
        here_trace(weight_variance, bias_variance, colours),
    ]
    layout = plane_layout((float(x[-1]), float(y[-1])), colours) | {"annotations": _regions(grid, colours)}
    return figure(data, layout)


def colour_trace(
    x: np.ndarray, y: np.ndarray, values: np.ndarray, scale: list, bounds: dict[str, float], title: str, ticks: dict[str, float]
) -> dict:
    """Return the colours of the plane for values, (k, m), with a scale beside it that has these marks at these values."""
    return {
        "type": "heatmap",
        "x": x,
        "y": y,
        "z": values.astype(np.float32),
        "colorscale": scale,
        **bounds,
        "zsmooth": "best",
        "hoverinfo": "skip",
        "colorbar": {
            "title": {"text": title, "side": "top"},
            "tickvals": list(ticks.values()),
            "ticktext": list(ticks),
            "thickness": 14,
            "outlinewidth": 0,
            "len": 0.95,
        },
    }


def here_spec(ends: tuple[float, float], weight_variance: float, bias_variance: float, *, appearance: str = "light") -> dict:
    """Return the cross alone, as plain data of a figure to lie over a plane with these ends."""
    colours = palette(appearance)
    return {"data": [here_trace(weight_variance, bias_variance, colours)], "layout": bare(plane_layout(ends, colours))}


def plane_layout(ends: tuple[float, float], colours: Palette) -> dict:
    """Return the layout of a plane that ends there."""
    return base_layout(colours) | {
        "template": {},  # Plotly's own would move the margins to where it finds room
        "height": HEIGHT,
        "margin": {"l": 64, "r": _COLOUR_BAR, "t": 8, "b": 56},
        "hovermode": "closest",
        "clickmode": "event+select",
        "dragmode": False,
        "uirevision": "plane",
        "xaxis": linear_axis(0, ends[0], colours, title=named("weight variance σ_w²", 8)),
        "yaxis": linear_axis(0, ends[1], colours, title=named("bias variance σ_b²", 8)),
    }


def here_trace(weight_variance: float, bias_variance: float, colours: Palette) -> dict:
    """Return the cross where the visitor stands."""
    return {
        "type": "scatter",
        "name": "here",
        "mode": "markers",
        "x": [weight_variance],
        "y": [bias_variance],
        "marker": {"symbol": "x-thin", "size": 15, "line": {"width": 4, "color": colours.backward_text}},
        # a click on the plane selects its target, and what is not selected would fade
        "unselected": {"marker": {"opacity": 1}},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def survival(grid: PhaseGrid) -> np.ndarray:
    """Return 6 ξ_c, the number of layers a signal is followed through, (k, m); NaN where the signal itself dies."""
    return 6 * grid.xi_c


def line_trace(line: CriticalLine, colours: Palette) -> dict:
    """Return the line on which gradients keep their size."""
    return {
        "type": "scatter",
        "name": "critical line",
        "mode": "lines",
        "x": line.weight_variances,
        "y": line.bias_variances,
        "line": {"color": colours.text, "width": 2.5},
        "hoverinfo": "skip",
    }


def _targets(grid: PhaseGrid, layers: np.ndarray) -> dict:
    x, y = (values[::2, ::2].ravel() for values in np.meshgrid(grid.weight_variances, grid.bias_variances))
    chi_1, q_star, layers = (values[::2, ::2].ravel() for values in (grid.chi_1, grid.q_star, layers))
    texts = [
        f"σ_w² {number(w)}, σ_b² {number(b)}<br>χ₁ {number(chi)}, q* {number(q)}<br>{_reach(q, reach)}"
        for w, b, chi, q, reach in zip(x, y, chi_1, q_star, layers, strict=True)
    ]
    return targets_trace(x, y, texts)


def targets_trace(x: np.ndarray, y: np.ndarray, texts: list[str]) -> dict:
    """Return the points, unseen, that catch hovers and clicks."""
    return {
        "type": "scatter",
        "name": "targets",
        "mode": "markers",
        "x": x,
        "y": y,
        "marker": {"size": 6, "opacity": 0},
        "selected": {"marker": {"opacity": 0}},
        "unselected": {"marker": {"opacity": 0}},
        "text": texts,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _reach(q_star: float, layers: float) -> str:
    """Say what becomes of a signal; ξ_c sets a limit only where its size settles, at neither 0 nor ∞."""
    if q_star == 0 or np.isinf(q_star):
        return "the signal dies" if q_star == 0 else "the signal grows without end"
    if np.isnan(layers):
        return "every correlation is kept"
    return "no limit to the depth" if layers > 1e5 else f"inputs are forgotten after ≈ {number(float(f'{layers:.2g}'))} layers"


def _tick(value: float, shown: str) -> str:
    return factor(value) if shown == "chi_1" else f"{value:,}" + ("+" if value == _MOST_LAYERS else "")


def _regions(grid: PhaseGrid, colours: Palette) -> list[dict]:
    """Return the words "ordered" and "chaotic" in the middle of the cells that are so, where there are enough of them."""
    notes = []
    x, y = np.meshgrid(grid.weight_variances, grid.bias_variances)
    for word, inside in (("ordered", grid.chi_1 < 1), ("chaotic", grid.chi_1 > 1)):
        if inside.mean() > 0.08:
            ground = {"bgcolor": translucent(colours.background, 0.7), "borderpad": 3}
            notes.append(note(f"<b>{word}</b>", colours.text, 18, float(np.median(x[inside])), float(np.median(y[inside])), **ground))
    return notes
