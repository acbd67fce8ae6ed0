"""Tab storage: a text that the visitor's browser keeps for this tab, through a reload, until the tab is closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from propagation.ui.components.mount import mount


def keep(name: str, text: str | None, on_found: Callable[[Any], None]) -> None:
    """Let the browser keep this text under a name; None asks for the one it has, which `on_found` gets ("{}": none). Draws nothing.

    What comes back may be anything: a visitor can write what they like into their own browser.
    """
    key = f"tab_storage_{name}"
    mount(key, key, files="tab_storage", data={"name": name, "text": text}, on_found_change=lambda: on_found(st.session_state[key].found))
