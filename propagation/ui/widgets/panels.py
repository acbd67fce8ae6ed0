"""Panels: pieces of a page that fail alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

log = logging.getLogger(__name__)

_TRY = "Move a control to try again"


@contextmanager
def panel(what: str, instead: str = _TRY, needed: bool = False) -> Iterator[None]:
    """Draw a piece of a page; if it fails, a sentence stands in its place, the rest goes on, and the log has the details.

    `instead` is what a visitor can do. Without a piece that is `needed` the page ends there.
    """
    try:
        yield
    except Exception:
        log.exception("%s could not be drawn", what)
        st.error(f"{what} could not be drawn. {instead}; the details are in the server's log.", icon=":material/error:")
        if needed:
            st.stop()
