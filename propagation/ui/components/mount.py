"""Mount: how a component of our own comes into the page. Its JavaScript and CSS are the files of its name in this folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from propagation.ui.components.streamlit_page import NAMES

_FOLDER = Path(__file__).parent


#: what a component's own script can use, before it
LIBRARIES = {
    "plot": ("svg", "scale", "picture"),
    "sweep": ("frames", "signal", "symbols"),
    "reconnect": ("notices", "back_steps", "symbols"),
    "screen": ("symbols",),
}


def mount(name: str, key: str, *, html: str | None = None, files: str = "", isolated: bool = True, **options: Any) -> None:
    """Mount the component `name` under `key`, with the files of that name or of `files`.

    Not `isolated`, it stands in the page itself, outside a shadow root. `options` are those of a mounted component: `data`, `width`,
    callbacks.
    """
    css, js = _sources(files or name)
    # registered anew in every run, which costs nothing: a registry lives as long as its server, this module may outlive it
    st.components.v2.component(name, html=html, css=css, js=js, isolate_styles=isolated)(key=key, **options)


@cache
def _sources(name: str) -> tuple[str | None, str]:
    """Return the CSS of a component, None if it has none, and its JavaScript, to which `STREAMLIT` names the parts of Streamlit's page."""
    css = _FOLDER / f"{name}.css"
    scripts = (NAMES, *((_FOLDER / f"{file}.js").read_text(encoding="utf-8") for file in (*LIBRARIES.get(name, ()), name)))
    return css.read_text(encoding="utf-8") if css.exists() else None, "".join(scripts)


def nothing() -> None:
    """Do nothing when a component reports: that the page runs again, or reads it by itself, is enough."""
