"""A visitor's guess, drawn into a chart: a dashed line to a value, or a bracket around a range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from propagation.charts.axes import bare
from propagation.charts.theme import Palette, palette, translucent
from propagation.formatting import power_of_ten
from propagation.signals import BACKWARD

#: the name of what is drawn of a guess
GUESS = "your guess"


@dataclass(frozen=True)
class Guess:
    """What the visitor expects of one signal: a value `low` = `high`, or a range that may be open; logarithms, where the signal arrives.

    `path`: whether it is drawn from where the signal sets out, at 0.
    """

    signal: str
    low: float
    high: float
    path: bool = True


def guess_traces(guess: Guess, depth: int, axis: str, window: tuple[int, int], colours: Palette) -> list[dict]:
    """Return a dashed line from where the signal sets out, at 0, to a value guessed; a bracket around a range."""
    start, end = (depth, 1) if guess.signal in BACKWARD else (0, depth)
    if guess.low < guess.high:
        return [_bracket(end, max(guess.low, window[0]), min(guess.high, window[1]), axis, colours)]
    return [
        {
            "type": "scatter",
            "name": GUESS,
            "mode": "lines+markers",
            "x": [start, end],
            "y": [0 if guess.path else None, guess.low],
            "yaxis": axis,
            "cliponaxis": False,
            "line": {"color": colours.warning, "width": 2.5, "dash": "dash"},
            "marker": {"color": colours.warning, "size": [0, 13], "symbol": "circle-open", "line": {"width": 2.5}},
            "showlegend": False,
            "text": ["", f"your guess: {power_of_ten(round(guess.low))}"],
            "hovertemplate": "%{text}<extra></extra>",
        }
    ]


def guess_specs(chart: go.Figure, values: Sequence[int]) -> list[dict]:
    """Return for each of these values the guess alone, as plain data of a figure to lie over a chart with a guess; of others nothing."""
    drawn = next((trace.to_plotly_json() for trace in chart.data if trace.name == GUESS), None)
    if drawn is None:
        return []
    layout = bare(chart.layout.to_plotly_json())
    return [{"data": [drawn | {"y": [drawn["y"][0], value]}], "layout": layout} for value in values]


def _bracket(layer: int, low: float, high: float, axis: str, colours: Palette) -> dict:
    """Return a range that was guessed, as a broad band over one layer."""
    return {
        "type": "scatter",
        "name": GUESS,
        "mode": "lines+markers",
        "x": [layer, layer],
        "y": [low, high],
        "yaxis": axis,
        "cliponaxis": False,
        "line": {"color": translucent(colours.warning, 0.45), "width": 12},
        "marker": {"color": colours.warning, "size": 18, "symbol": "line-ew-open", "line": {"width": 2.5}},
        "showlegend": False,
        "hoverinfo": "skip",
    }


def with_share_guess(figure: go.Figure, layer: int, low: float, high: float, *, appearance: str = "light") -> go.Figure:
    """Return a chart of parts with the visitor's guess, a range of shares, as a bracket at the layer in question."""
    colours = palette(appearance)
    bracket = _bracket(layer, max(low, 0.0), min(high, 1.0), "y", colours)
    return figure.add_trace(go.Scatter(bracket))
