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

from propagation.ui.components.mount import mount, nothing

_turns = itertools.count()
_COVER = "position: absolute; inset: 0; pointer-events: none"
_HTML = f'<div class="plot" role="figure" style="position: relative"><div></div><div style="{_COVER}"></div></div>'


def plot(figure: str, key: str, alt: str, config: dict[str, Any], on_point: Callable[[], None] | None = None) -> None:
    """Show a figure, given as JSON. With `on_point`, points can be clicked; the one that was is `point(key)` while it is called."""
    _mount("plot", key, _shown(figure, key, alt, config, on_point is not None), _HTML, on_point or nothing)


def redraw(figure: str, key: str, alt: str, config: dict[str, Any], step: int = 0) -> None:
    """Put a better figure in the place of the one that the same run has shown under this key; its `step` is another each time."""
    turn = next(_turns)  # what is put there twice must still be put there, whatever stood there in between
    _mount("better_plot", f"{key}_again{step or ''}", _text({"into": key, "alt": alt, "config": config, "turn": turn}, figure))


def point(key: str) -> dict[str, Any] | None:
    """Return the point of this plot that was clicked, as x, y and customdata."""
    return st.session_state[key].point


def _shown(figure: str, key: str, alt: str, config: dict[str, Any], clickable: bool = False) -> str:
    """Return what the page is sent of a figure."""
    return _text({"key": key, "alt": alt, "config": config, "clickable": clickable}, figure)


def _text(message: dict[str, Any], figure: str) -> str:
    head = json.dumps(message | {"url": _library()})
    return f'{head[:-1]}, "figure": {figure}}}'


def _mount(name: str, key: str, text: str, html: str | None = None, on_point: Callable[[], None] = nothing) -> None:
    mount(name, key, html=html, files="plot", isolated=False, data=text.encode(), on_point_change=on_point)


@cache
def _library() -> str:
    """Return where the page finds plotly.js: Streamlit serves the folder of a declared component, here that of the plotly package."""
    folder = Path(plotly.__file__).parent / "package_data"
    served = declare_component("library", path=str(folder))
    return "/".join(("", *filter(None, (st.get_option("server.baseUrlPath").strip("/"), "component", served.name, "plotly.min.js"))))
