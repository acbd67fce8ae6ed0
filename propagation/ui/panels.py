"""Panels: pieces of a page that fail alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

log = logging.getLogger(__name__)


@contextmanager
def panel(what: str) -> Iterator[None]:
    """Draw a piece of a page; if it fails, a sentence stands in its place, the rest goes on, and the log has the details."""
    try:
        yield
    except Exception:
        log.exception("%s could not be drawn", what)
        st.error(f"{what} could not be drawn. Move a control to try again; the details are in the server's log.", icon=":material/error:")
