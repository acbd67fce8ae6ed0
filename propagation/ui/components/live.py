"""Live: what a slider says while it is still held, so that charts move along, and which one is moved by keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import streamlit as st

from propagation.ui.components.mount import mount, nothing

_KEY = "live"


@dataclass(frozen=True)
class Drag:
    """A slider being dragged: its field, the value it is moved to, and whether it rests there."""

    field: str
    value: Any
    rests: bool


def held(sliders: dict[str, dict[str, Any]]) -> Drag | None:
    """Return the slider that is held right now, and where; None in a run for any other reason."""
    moved = getattr(st.session_state.get(_KEY), "moved", None)
    known = {slider["field"] for slider in sliders.values()}
    if not isinstance(moved, dict) or moved.get("field") not in known or "value" not in moved:
        return None
    return Drag(moved["field"], moved["value"], moved.get("rests") is True)


def watch(sliders: dict[str, dict[str, Any]]) -> None:
    """Watch these sliders; belongs into a fragment, which is what a held slider runs again.

    `sliders`: by label, the field and, for a slider over steps, what each position means.
    """
    # as bytes: to look through a dict, Streamlit imports pandas, and the first visitor would wait for that
    mount("live", _KEY, isolated=False, data=json.dumps(sliders).encode(), on_moved_change=nothing, on_stepped_change=nothing)


def by_keys() -> str | None:
    """Return the field of the slider that was last moved by keys; None where none was."""
    return getattr(st.session_state.get(_KEY), "stepped", None)
