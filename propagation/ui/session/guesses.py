"""Guesses: what a visitor expected of each screen of a lesson, and where the truth is shown. They belong to a visit, not to a link."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

_KEPT = "guesses"


@dataclass(frozen=True)
class Guessed:
    """One screen: the value its widget stands at (None: nothing chosen yet), and whether the truth is shown."""

    value: int | None = None
    revealed: bool = False


def of(step: str) -> Guessed:
    """Return what is known of a screen."""
    return st.session_state.setdefault(_KEPT, {}).get(step, Guessed())


def widget(step: str, default: int | None) -> dict:
    """Return what a guess's widget needs: it stands where the visitor left it, however many screens ago."""
    key = f"guess_{step}"
    if key not in st.session_state:
        value = of(step).value
        st.session_state[key] = default if value is None else value
    return {"key": key, "on_change": _take, "args": (step, key)}


def reveal(step: str, value: int | None) -> None:
    """Show the truth; the guess is what the widget stands at."""
    st.session_state[_KEPT][step] = Guessed(value, True)


def forget(step: str) -> None:
    """Ask again."""
    st.session_state[_KEPT].pop(step, None)
    st.session_state.pop(f"guess_{step}", None)


def _take(step: str, key: str) -> None:
    st.session_state[_KEPT][step] = replace(of(step), value=st.session_state[key])
