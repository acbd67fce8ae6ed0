"""The network strip: one cell a layer, coloured by how far the signal in it is from where it started."""

from __future__ import annotations

import numpy as np

from propagation.charts.axes import ROOM
from propagation.charts.theme import Palette
from propagation.engine.trace import Trace
from propagation.signals import SIGNALS

#: the colour scale never spans less than this many decades to either side, so that a healthy network looks healthy
LEAST_DECADES = 2.0


def deviations(trace: Trace) -> np.ndarray:
    """Return decades between a signal's size and its start, (2, depth + 1) for columns 0 … depth.

    z, or the stream, starts from the input's size, its gradient from that of the last layer. Medians over trials. The gradient has no
    column 0 (NaN).
    """
    forward = trace.forward.median() - trace.input_log10_second_moment
    backward = trace.backward.median()
    start = backward[-1] if np.isfinite(backward[-1]) else 0.0
    return np.stack([np.append(0.0, forward), np.append(np.nan, backward - start)])


def strip_cells(trace: Trace, colours: Palette, layers: np.ndarray) -> dict:
    """Return the two rows of cells as one heatmap trace, for the layers given (columns 0 … depth)."""
    decades = deviations(trace)[:, layers]
    finite = decades[np.isfinite(decades)]
    span = max(LEAST_DECADES, float(np.abs(finite).max(initial=0)))
    gap = 1.5 if len(layers) <= 110 else 0
    return {
        "type": "heatmap",
        "x": layers.tolist(),
        "y": [1, 0],
        # what has vanished altogether is as small as the scale goes
        "z": [[None if np.isnan(value) else round(float(value), 3) for value in row] for row in np.clip(decades, -span, span)],
        "zmin": -span,
        "zmax": span,
        "colorscale": [[0, colours.smaller], [0.5, colours.neutral], [1, colours.larger]],
        "showscale": False,
        "xgap": gap,
        "ygap": 3,
        "hoverinfo": "skip",
        "yaxis": "y4",
    }


def strip_axis(trace: Trace, domain: list[float]) -> dict:
    """Return the axis that names the two rows and their direction of travel."""
    forward, backward = (SIGNALS[name].symbol for name in trace.main)
    return {
        "domain": domain,
        "anchor": "x",
        "range": [-0.5, 1.5],
        "tickvals": [1, 0],
        "ticktext": [f"{forward} →", f"← {backward}"],
        **ROOM,
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
    }


def strip_caption(colours: Palette) -> str:
    """Return the key to the colours."""
    return f'<span style="color:{colours.smaller}">■</span> smaller, <span style="color:{colours.larger}">■</span> larger than at its start'
