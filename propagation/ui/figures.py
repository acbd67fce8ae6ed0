"""Figures on a page: the one way a Plotly figure is shown."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

#: an accessible name for a chart came after Streamlit 1.62
_NAMES_CHARTS = "alt" in inspect.signature(st.plotly_chart).parameters


def draw_figure(figure: go.Figure, key: str, alt: str, on_select: Callable[[], None] | None = None) -> None:
    """Show a figure in its own colours; `alt` is what a screen reader says of it: a sentence with the numbers.

    With `on_select`, points can be clicked: it is called when one was, and finds it in the session state under `key`.
    """
    options: dict[str, Any] = {"alt": alt} if _NAMES_CHARTS else {}
    if on_select:
        options |= {"on_select": on_select, "selection_mode": "points"}
    st.plotly_chart(figure, key=key, theme=None, config={"displayModeBar": False, "doubleClick": "reset"}, **options)
