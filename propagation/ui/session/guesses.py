"""Guesses: what a visitor expected of each screen of a lesson, and where the truth is shown. They belong to a visit, not to a link.

The visitor's browser keeps them for its tab, so that a reload loses nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

import streamlit as st

from propagation.ui.components.tab_storage import keep

_KEPT, _READ = "guesses", "guesses_read"
_STEP = re.compile(r"\d\d?\.\d\d?")
#: the most screens that are taken from a browser, and the farthest guess on any slider
_MOST, _FARTHEST = 200, 1000


@dataclass(frozen=True)
class Guessed:
    """One screen: the value its widget stands at (None: nothing chosen yet), whether the truth is shown, whether the first guess was right.

    `right` is None until a guess was judged, and from then on what it is, however often the screen is asked again.
    """

    value: int | None = None
    revealed: bool = False
    right: bool | None = None


def of(step: str) -> Guessed:
    """Return what is known of a screen."""
    return _all().get(step, Guessed())


def widget(step: str, default: int | None, allowed: Container[int]) -> dict:
    """Return what a guess's widget needs: it stands where the visitor left it, however many screens ago, if that is still `allowed`."""
    key = f"guess_{step}"
    if key not in st.session_state:
        value = of(step).value
        st.session_state[key] = value if value in allowed else default
    return {"key": key, "on_change": _take, "args": (step, key)}


def reveal(step: str, value: int | None) -> None:
    """Show the truth; the guess is what the widget stands at."""
    _all()[step] = replace(of(step), value=value, revealed=True)


def judge(step: str, right: bool) -> None:
    """Note whether the guess was right, unless an earlier one was judged."""
    if of(step).right is None:
        _all()[step] = replace(of(step), right=right)


def forget(step: str) -> None:
    """Ask again."""
    _all()[step] = Guessed(right=of(step).right)
    st.session_state.pop(f"guess_{step}", None)


def keep_in_browser() -> None:
    """Let the browser keep all guesses, and take those it has kept from before a reload. Draws nothing; belongs at the end of the page."""
    known = st.session_state.get(_READ, False)
    keep("lesson", written(_all()) if known else None, _found)


def written(kept: Mapping[str, Guessed]) -> str:
    """Return guesses as text."""
    return json.dumps({step: astuple(guessed) for step, guessed in kept.items() if guessed != Guessed()})


def read(text: Any) -> dict[str, Guessed]:
    """Return the guesses in a text, without whatever in it is none. Never raises."""
    try:
        found = json.loads(text)
        pairs = list(found.items())[:_MOST]
    except (TypeError, ValueError, AttributeError, RecursionError):
        return {}
    return {step: Guessed(*parts) for step, parts in pairs if _STEP.fullmatch(step) and _is_guess(parts)}


def _is_guess(parts: Any) -> bool:
    if not (isinstance(parts, list) and len(parts) == 3):
        return False
    value, revealed, right = parts
    whole = value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _FARTHEST)
    return whole and isinstance(revealed, bool) and (right is None or isinstance(right, bool))


def _found(text: Any) -> None:
    """Take what the browser has kept; what was done in this visit since counts more."""
    if not st.session_state.get(_READ, False):
        st.session_state[_READ] = True
        for step, guessed in read(text).items():
            if step not in _all():
                _all()[step] = guessed
                st.session_state.pop(f"guess_{step}", None)


def _all() -> dict[str, Guessed]:
    return st.session_state.setdefault(_KEPT, {})


def _take(step: str, key: str) -> None:
    _all()[step] = replace(of(step), value=st.session_state[key])
