"""Sweep: a table of answers over a slider's range, from which the page draws while the slider is moved, and who asks for one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from propagation.ui.components.mount import mount, nothing

_KEY = "sweep"


def asked() -> str | None:
    """Return the field of the slider that a hand has come to, if that is why this run is made."""
    said = getattr(st.session_state.get(_KEY), "asked", None)
    return said.get("field") if isinstance(said, dict) else None


def watch(
    sliders: dict[str, dict[str, str]], ghosts: Mapping[str, Sequence[str]], play: str = "", symbol: str = "", signal: bool = False
) -> None:
    """Watch these sliders, by label their field and the key of its table, for charts, by key the traces that stay in faint colour.

    A button on the first chart moves the slider labelled `play`, in short `symbol`, to and fro; empty, there is none. With `signal`,
    another shows how the signal goes through that chart. Belongs into a fragment, which is what a hand that comes to a slider runs again.
    """
    # as bytes: to look through a dict, Streamlit imports pandas, and the first visitor would wait for that
    data = json.dumps({"sliders": sliders, "ghosts": ghosts, "play": play, "symbol": symbol, "signal": signal}).encode()
    mount("sweep", _KEY, isolated=False, data=data, on_asked_change=nothing)


def packed(table: dict[str, Any]) -> bytes:
    """Return a table as it is sent."""
    return zlib.compress(json.dumps(table, separators=(",", ":")).encode())


def send(table: bytes, part: int) -> None:
    """Send a packed table to the page; the parts of one answer have a number each."""
    mount("sweep_table", f"{_KEY}_table_{part}", files="sweep", isolated=False, data=table)
