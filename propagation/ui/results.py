"""Results: the seam where Streamlit's cache stands between the pages and what computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

import propagation
from propagation.config import Config
from propagation.engine.cost import work
from propagation.engine.trace import Trace
from propagation.labs import variance_decomposition
from propagation.labs.variance_decomposition import Scatter
from propagation.runtime.scheduler import queue_length, queued_since
from propagation.theory.prediction import Prediction
from propagation.ui.session import experiment

#: seconds of work that a hand on a slider does not notice
_MOMENT = 0.03
#: seconds of work after which a page that shows it first has still answered at once
_SOON = 0.25
#: seconds after which even one network is no answer at once
_TOO_LONG = 0.3
#: Traces of up to this many layers (of all draws together) are kept for a whole class, whose members come by the same positions of a
#: slider again and again: 60 KB each. Of larger ones, which may have 15 MB, a few.
_SMALL = 500
_MANY, _FEW = 2000, 16
_ENTRIES = 500


def trace_of(config: Config, progress: Callable[[float], None] | None = None) -> Trace:
    """The trace of a config, from the cache or simulated now; `progress` may draw, and may stop the run by raising."""
    try:
        return _remembered(config)
    except _NotYet:
        with queued_since(experiment.waiting_since()):
            trace = propagation.simulate(config, _stoppable(progress))
        _remembered(config, trace)  # before Streamlit, asked for the session's state, ends a run whose visitor has moved on
        experiment.served()
        return trace


def _stoppable(progress: Callable[[float], None] | None) -> Callable[[float], None]:
    """A progress callback that ends a run which a visitor has moved on from: Streamlit does so where the session's state is read."""

    def look(share: float) -> None:
        experiment.waiting_since()
        if progress:
            progress(share)

    return look


def first_trace_of(config: Config) -> Trace | None:
    """What can be had of a config's trace at once: all of it, or its first networks, as many as take a moment; None if one takes longer."""
    try:
        return _remembered(config)
    except _NotYet:
        seconds = work(replace(config, trials=1)).seconds
    if seconds > _TOO_LONG:
        return None
    quick = 1 if queue_length() else max(1, min(config.trials, int(_MOMENT / seconds)))
    return trace_of(replace(config, trials=quick))


def is_soon(config: Config) -> bool:
    """Whether the trace of a config is here, or will be before anybody looks elsewhere."""
    try:
        _remembered(config)
    except _NotYet:
        return not queue_length() and work(config).seconds < _SOON
    return True


def _remembered(config: Config, trace: Trace | None = None) -> Trace:
    """The trace that the cache holds of a config, or the one given, which it then holds."""
    return (_small if config.depth * config.trials <= _SMALL else _large)(config, trace)


# Simulating happens outside, because elements drawn inside a cached function would be replayed. Nothing is cached when these raise. A
# Config is named by its repr, which is quicker to find than a walk through its fields.
@st.cache_data(max_entries=_MANY, show_spinner=False, hash_funcs={Config: repr})
def _small(config: Config, _trace: Trace | None) -> Trace:
    return _given(_trace)


@st.cache_data(max_entries=_FEW, show_spinner=False, hash_funcs={Config: repr})
def _large(config: Config, _trace: Trace | None) -> Trace:
    return _given(_trace)


def _given(trace: Trace | None) -> Trace:
    if trace is None:
        raise _NotYet
    return trace


class _NotYet(LookupError):
    """The cache does not hold this trace."""


def first_scatters_of(config: Config) -> dict[str, Scatter] | None:
    """The scatters of a few networks, or None where even they take longer than a moment."""
    few = replace(variance_decomposition.uses(config), trials=4)
    if work(few).seconds > _TOO_LONG:
        return None
    with queued_since(experiment.waiting_since()):
        scatters = _scatters_remembered(few)
    experiment.served()
    return scatters


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs={Config: repr})
def _scatters_remembered(config: Config) -> dict[str, Scatter]:
    return variance_decomposition.measure(config, _stoppable(None))


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs={Config: repr})
def scatters_predicted(config: Config) -> dict[str, Scatter]:
    """The scatters that theory expects in the networks of `labs.whose`."""
    return variance_decomposition.predicted(config)


def prediction_of(config: Config) -> Prediction:
    """The prediction of a config."""
    return _predicted(replace(config, trials=1))  # theory does not know how many networks are drawn


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs={Config: repr})
def _predicted(config: Config) -> Prediction:
    return propagation.predict(config)
