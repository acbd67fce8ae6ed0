"""Results: the seam where Streamlit's cache stands between the pages and what computes."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

import propagation
from propagation.config import Config
from propagation.engine.trace import Trace

_ENTRIES = 64  # a Config is named by its repr, which is quicker to find than a walk through its fields


def trace_of(config: Config, progress: Callable[[float], None] | None = None) -> Trace:
    """The trace of a config, from the cache or simulated now; `progress` may draw, and may stop the run by raising."""
    try:
        return _remembered(config)
    except _NotYet:
        return _remembered(config, propagation.simulate(config, progress))


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs={Config: repr})
def _remembered(config: Config, _trace: Trace | None = None) -> Trace:
    # Simulating happens outside, because elements drawn inside a cached function would be replayed. Nothing is cached when this raises.
    if _trace is None:
        raise _NotYet
    return _trace


class _NotYet(LookupError):
    """The cache does not hold this trace."""


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs={Config: repr})
def prediction_of(config: Config):
    """The prediction of a config."""
    return propagation.predict(config)
