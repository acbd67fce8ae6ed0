"""The two maps of Poole et al. 2016 for several σ_w in one plane: curves of theory, dots of real networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from propagation.charts.compare import SYMBOLS
from propagation.charts.theme import base_layout, palette, translucent
from propagation.formatting import number
from propagation.labs.papers.poole import Maps

HEIGHT = 400
#: which field holds the curve and the steps of a map, what its axes are called, and where it ends
_MAPS = {
    "q": ("size q of z, before a layer", "size q after it", 15.0),
    "c": ("correlation c, before a layer", "correlation c after it", 1.0),
}


def maps_chart(maps: Sequence[Maps], which: str, *, appearance: str = "light") -> go.Figure:
    """The length map ("q") or the correlation map ("c"): for each σ_w theory's curve, a network's steps and a ring at the fixed point."""
    colours = palette(appearance)
    before, after, end = _MAPS[which]
    data: list[dict] = [
        {"type": "scatter", "name": "diagonal", "mode": "lines", "x": [0, end], "y": [0, end], "hoverinfo": "skip", "showlegend": False}
        | {"line": {"color": colours.muted, "width": 1, "dash": "dot"}}
    ]
    for place, of in enumerate(maps):
        colour, name = colours.compare[place], number(of.sigma_w)
        x, y = getattr(of, which), getattr(of, f"{which}_after")
        steps = getattr(of, f"{which}_steps")
        fixed = of.scales.q_star if which == "q" else of.scales.c_star
        line = {"color": colour, "width": 2}
        common = {"type": "scatter", "legendgroup": name}
        data.append(common | {"name": name, "mode": "lines", "x": _rounded(x), "y": _rounded(y), "line": line, "hoverinfo": "skip"})
        data.append(
            common
            | {
                "name": f"{name} measured",
                "mode": "markers",
                "x": _rounded(steps[0]),
                "y": _rounded(steps[1]),
                "marker": {"color": translucent(colour, 0.55), "size": 7, "symbol": SYMBOLS[place]},
                "showlegend": False,
                "hovertemplate": f"σ_w = {name}: {which} from %{{x:.3g}} to %{{y:.3g}}<extra></extra>",
            }
        )
        data.append(
            common
            | {
                "name": f"{name} fixed point",
                "mode": "markers",
                "x": [fixed],
                "y": [fixed],
                "marker": {"size": 13, "color": colours.background, "line": {"width": 3, "color": colour}},
                "showlegend": False,
                "cliponaxis": False,
                "hovertemplate": f"σ_w = {name}: {which}* = {number(fixed)}<extra></extra>",
            }
        )
    axis = {"range": [-0.02 * end, 1.02 * end], "fixedrange": True, "gridcolor": colours.grid, "zeroline": False, "nticks": 6}
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 52, "r": 12, "t": 8, "b": 44},
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": f"maps {which}",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "title": {"text": "σ_w"}},
        "xaxis": axis | {"title": {"text": before, "standoff": 4, "font": {"size": 14}}},
        "yaxis": axis | {"title": {"text": after, "standoff": 4, "font": {"size": 14}}},
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def _rounded(values: np.ndarray) -> list[float]:
    return np.round(values, 4).tolist()
