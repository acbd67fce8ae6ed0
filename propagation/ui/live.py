"""Live: what a slider says while it is still held, so that charts move with the hand, and which one is moved by keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_KEY = "live"
_JS = (Path(__file__).parent / "live.js").read_text(encoding="utf-8")


def held(sliders: dict[str, dict[str, Any]]) -> tuple[str, Any] | None:
    """The field and the value of the slider that is being moved right now; None in a run for any other reason.

    `sliders`: by label, the field and, for a slider over steps, what each position means. To be called in a fragment: that is what a
    held slider runs again.
    """
    # registered anew in every run, which costs nothing: a registry lives as long as its server, this module may outlive it
    mount = st.components.v2.component("live", js=_JS, isolate_styles=False)
    moved = mount(key=_KEY, data={"sliders": sliders}, on_moved_change=_nothing, on_stepped_change=_nothing).moved
    known = {slider["field"] for slider in sliders.values()}
    return (moved["field"], moved["value"]) if isinstance(moved, dict) and moved.get("field") in known and "value" in moved else None


def by_keys() -> str | None:
    """The field of the slider that was last moved by keys; None where none was."""
    return getattr(st.session_state.get(_KEY), "stepped", None)


def _nothing() -> None:
    """The fragment reads what was moved by itself."""
