"""The history of a report: by what share of their size the weights were moved in each step that was watched, module by module."""

from __future__ import annotations

import math
from html import escape

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import decade_axis, decade_windows, linear_axis
from propagation.charts.marks import line, note
from propagation.charts.theme import base_layout, figure, palette, translucent
from propagation.formatting import from_log10
from propagation.reports.report import History

HEIGHT = 260
#: a share of its weights that a step commonly moves a module by
USUAL = 1e-3
#: curves drawn, at most: those that end highest and lowest among them
MOST_CURVES = 60


def history_chart(history: History, *, appearance: str = "light") -> go.Figure:
    """Draw log10 of the root mean square of a step over that of the weights at each step watched; dashed the usual 10⁻³."""
    colours = palette(appearance)
    curves = {name: _logs(ratios) for name, ratios in history.update_ratio.items()}
    order = sorted((name for name in curves if np.isfinite(curves[name]).any()), key=lambda name: _last(curves[name]))
    shown = [order[place] for place in np.unique(np.linspace(0, len(order) - 1, min(len(order), MOST_CURVES)).round().astype(int))]
    steps = list(history.steps)
    data = []
    for name in shown:
        ends = name in (order[0], order[-1])
        style = {"color": colours.weight_gradient if ends else translucent(colours.weight_gradient, 0.35), "width": 2 if ends else 1}
        texts = [f"<b>{escape(name)}</b>: {from_log10(value)} of its weights" for value in curves[name]]
        data.append(
            line(escape(name), steps, curves[name], style, text=texts, hovertemplate="step %{x}, %{text}<extra></extra>", hoverinfo="text")
            | {"mode": "lines+markers" if len(steps) < 30 else "lines", "marker": {"size": 4}}
        )
    usual = math.log10(USUAL)
    data.append(line("usual", [steps[0], steps[-1]], np.array([usual, usual]), {"color": colours.muted, "width": 1, "dash": "dash"}))
    everything = np.concatenate([[usual], *(curves[name] for name in shown)])
    finite = everything[np.isfinite(everything)]
    (window,) = decade_windows([(float(finite.min()), float(finite.max()))])
    at = {"xref": "paper", "yref": "y", "xanchor": "left", "yanchor": "bottom"}
    words = [note("usual: 10⁻³", colours.muted, 12, 0, usual, **at)]
    high, low = ("highest: " + escape(order[-1][-40:]), "lowest: " + escape(order[0][-40:])) if len(order) > 1 else ("", "")
    above = {"xref": "paper", "yref": "paper", "xanchor": "right"}
    words += [
        note(high, colours.weight_gradient_text, 13, 1, 1, yanchor="bottom", **above),
        note(low, colours.weight_gradient_text, 13, 1, 0, yanchor="bottom", **above),
    ]
    layout = base_layout(colours) | {
        "template": {},
        "height": HEIGHT,
        "margin": {"l": 58, "r": 14, "t": 26, "b": 44, "pad": 4},
        "hovermode": "closest",
        "uirevision": "history",
        "xaxis": linear_axis(float(steps[0]), float(max(steps[-1], steps[0] + 1)), colours)
        | {"title": {"text": "step of training", "standoff": 4}},
        "yaxis": decade_axis(window, colours),
        "annotations": words,
    }
    return figure(data, layout)


def _logs(ratios: tuple[float, ...]) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log10(np.array(ratios, dtype=float))


def _last(curve: np.ndarray) -> float:
    finite = curve[np.isfinite(curve)]
    return float(finite[-1]) if len(finite) else -math.inf
