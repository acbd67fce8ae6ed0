"""The history of a report, module by module: by what share of their size a step moved the weights, and how large their gradients were."""

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


def history_chart(history: History, quantity: str = "update_ratio", *, appearance: str = "light") -> go.Figure:
    """Draw at each step watched log10 of the root mean square of a step over that of the weights, and dashed the usual 10⁻³.

    quantity: "update_ratio", or "weight_gradient" for log10 of the mean square of ∂C/∂W.
    """
    colours, ratios = palette(appearance), quantity == "update_ratio"
    curves = {name: _logs(found) if ratios else np.array(found) for name, found in getattr(history, quantity).items()}
    order = sorted((name for name in curves if np.isfinite(curves[name]).any()), key=lambda name: _last(curves[name]))
    shown = [order[place] for place in np.unique(np.linspace(0, len(order) - 1, min(len(order), MOST_CURVES)).round().astype(int))]
    steps = list(history.steps)
    data = []
    for name in shown:
        ends = name in (order[0], order[-1])
        style = {"color": colours.weight_gradient if ends else translucent(colours.weight_gradient, 0.35), "width": 2 if ends else 1}
        texts = [f"<b>{escape(name)}</b>: {from_log10(value)}{' of its weights' if ratios else ''}" for value in curves[name]]
        data.append(
            line(escape(name), steps, curves[name], style, text=texts, hovertemplate="step %{x}, %{text}<extra></extra>", hoverinfo="text")
            | {"mode": "lines+markers" if len(steps) < 30 else "lines", "marker": {"size": 4}}
        )
    usual = np.array([math.log10(USUAL)] * 2 if ratios else [])
    words = []
    if ratios:
        data.append(line("usual", [steps[0], steps[-1]], usual, {"color": colours.muted, "width": 1, "dash": "dash"}))
        at = {"xref": "paper", "yref": "y", "xanchor": "left", "yanchor": "bottom"}
        words.append(note("usual: 10⁻³", colours.muted, 12, 0, usual[0], **at))
    everything = np.concatenate([usual, *(curves[name] for name in shown)])
    finite = everything[np.isfinite(everything)]
    (window,) = decade_windows([(float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)])
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
