"""Figures on a page: the one way a Plotly figure is shown, and how it is saved as a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from propagation.charts.theme import palette
from propagation.notation import tagged
from propagation.ui.components import plot
from propagation.ui.widgets.page_header import appearance


def draw_figure(figure: go.Figure | dict, key: str, alt: str, on_point: Callable[[], None] | None = None) -> None:
    """Show a figure, or one as plain data, in its own colours; `alt` is what a screen reader says of it: a sentence with the numbers.

    With `on_point`, points can be clicked: it is called when one was, and finds it by `clicked_point(key)`. The camera that appears while
    the pointer is on the chart saves a picture of it, see plot.js.
    """
    plot.plot(_text(figure), key, alt, configuration(key), on_point)


def clicked_point(key: str) -> dict[str, Any] | None:
    """Return the point of the chart of this key that was clicked, with x and y."""
    return plot.point(key)


def redraw_figure(figure: go.Figure | dict, key: str, alt: str, step: int = 0) -> None:
    """Put a better figure in the place of the one that this run has drawn under the same key; several of them have a `step` each."""
    plot.redraw(_text(figure), key, alt, configuration(key), step)


def configuration(key: str) -> dict[str, Any]:
    """Return Plotly's settings of a chart: its one tool is a camera (see plot.js), shown while the pointer is on the chart."""
    return {
        "displayModeBar": "hover",
        "displaylogo": False,
        "doubleClick": "reset",
        "toImageButtonOptions": {"format": "png", "scale": 2, "filename": f"signal-propagation-{key}"},
    }


def on_paper(figure: dict) -> dict:
    """Return the figure on the ground of its page, so that a saved picture of it is not see-through, with a quiet camera."""
    return figure | {"layout": figure["layout"] | _ground()}


def _ground() -> dict:
    colours = palette(appearance())
    return {
        "paper_bgcolor": colours.background,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.text},
    }


def _text(figure: go.Figure | dict) -> str:
    """Return the figure as JSON, its symbols typeset."""
    return json.dumps(tagged(on_paper(figure) if isinstance(figure, dict) else json.loads(figure.update_layout(_ground()).to_json())))
