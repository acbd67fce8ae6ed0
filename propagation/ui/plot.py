"""Plot: a Plotly figure in the page that is changed in place.

`st.plotly_chart` throws a chart away and builds another whenever its numbers change: zoom and legend choices are lost, and every redraw
costs a first one. This draws with the same library, from the installed `plotly` package, but calls `Plotly.react`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import plotly
import streamlit as st
from streamlit.components.v1 import declare_component

_JS = (Path(__file__).parent / "plot.js").read_text(encoding="utf-8")
_turns = itertools.count()
_HTML = '<div class="plot" role="figure"></div>'


def plot(figure: str, key: str, alt: str, config: dict[str, Any], on_point: Callable[[], None] | None = None) -> None:
    """Show a figure, given as JSON. With `on_point`, points can be clicked; the one that was is `point(key)` while it is called."""
    _mount(key, {"key": key, "alt": alt, "config": config, "clickable": on_point is not None}, figure, on_point)


def redraw(figure: str, key: str, alt: str, config: dict[str, Any]) -> None:
    """Put a better figure in the place of the one that the same run has shown under this key."""
    turn = next(_turns)  # what is put there twice must still be put there, whatever stood there in between
    _mount(f"{key}_again", {"into": key, "alt": alt, "config": config, "turn": turn}, figure)


def point(key: str) -> dict[str, Any] | None:
    """The point of this plot that was clicked, as x, y and customdata."""
    return st.session_state[key].point


def _mount(key: str, message: dict[str, Any], figure: str, on_point: Callable[[], None] | None = None) -> None:
    # registered anew in every run, which costs nothing: a registry lives as long as its server, this module may outlive it
    name, html = ("plot", _HTML) if "key" in message else ("better_plot", "")
    mount = st.components.v2.component(name, html=html, js=_JS, isolate_styles=False)
    head = json.dumps(message | {"url": _library()})
    data = f'{head[:-1]}, "figure": {figure}}}'.encode()
    mount(key=key, data=data, on_point_change=on_point or _nothing)


@cache
def _library() -> str:
    """Where the page finds plotly.js: Streamlit serves the folder of a declared component, here that of the plotly package."""
    folder = Path(plotly.__file__).parent / "package_data"
    served = declare_component("library", path=str(folder))
    return "/".join(("", *filter(None, (st.get_option("server.baseUrlPath").strip("/"), "component", served.name, "plotly.min.js"))))


def _nothing() -> None:
    """Not every plot can be clicked."""
