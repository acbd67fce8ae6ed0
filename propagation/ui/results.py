"""Results: the seam where a cache that all visitors share stands between the pages and what computes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st

import propagation
from propagation.config import Config
from propagation.engine.cost import work
from propagation.engine.trace import Trace
from propagation.labs import slider_sweep, variance_decomposition
from propagation.labs.slider_sweep import NETWORKS, Found, Plan, Sweep, Theory
from propagation.runtime.lru import LRU
from propagation.runtime.scheduler import expected_wait, queue_length, queued_since
from propagation.runtime.single_flight import SingleFlight
from propagation.theory.op import NoLaw
from propagation.theory.prediction import Prediction
from propagation.theory.variance_decomposition import Scatter, predict_scatters
from propagation.ui.session import experiment

log = logging.getLogger(__name__)
Known = TypeVar("Known")
Asked = TypeVar("Asked")

#: seconds of work that nobody who drags a slider notices
_MOMENT = 0.03
#: seconds of work after which a page that shows it first has still answered at once
_SOON = 0.25
#: seconds after which even one network is no answer at once
_TOO_LONG = 0.3
#: seconds of waiting in line that a visitor is told of, and seconds until they are told again
_BUSY, _AGAIN = 2.0, 10.0
#: Traces of up to this many layers (of all draws together) are kept for a whole class, whose members come by the same positions of a
#: slider again and again: 60 KB each. Of larger ones, which may have 15 MB, a few.
_SMALL = 500
_small: LRU[Trace] = LRU(2000)
_large: LRU[Trace] = LRU(16)
#: tables of a slider's range, as sent, 60 KB each, and the first parts of those that are being made
_tables: LRU[bytes] = LRU(500)
_parts: LRU[bytes] = LRU(50)
_flights = SingleFlight()
_ENTRIES = 500


def trace_of(config: Config, progress: Callable[[float], None] | None = None) -> Trace:
    """Return the trace of a config, from the cache or simulated now; `progress` may draw, and may stop the run by raising."""
    trace = _cache_of(config).get(config)
    if trace is not None:
        return trace
    with _flights.turn(config, experiment.waiting_since):  # a class that opens one link wants one run
        trace = _cache_of(config).get(config)
        if trace is None:
            with queued_since(experiment.waiting_since()):
                trace = propagation.simulate(config, _stoppable(progress))
            _cache_of(config).put(config, trace)  # before Streamlit, asked for the session's state, ends a run whose visitor has moved on
    experiment.served()
    return trace


def _stoppable(progress: Callable[[float], None] | None) -> Callable[[float], None]:
    """Return a progress callback that ends a run which its visitor has moved on from, as Streamlit does where session state is read."""

    def look(share: float) -> None:
        experiment.waiting_since()
        if expected_wait() > _BUSY:
            _say_busy(expected_wait())
        if progress:
            progress(share)

    return look


def _say_busy(seconds: float) -> None:
    """Tell the visitor once in a while about how long the others ahead take."""
    now = time.monotonic()
    if now - st.session_state.get("busy_said", -_AGAIN) >= _AGAIN:
        st.session_state.busy_said = now
        st.toast(f"Many are asking at once: the server is busy, about {seconds:.0f} s.", icon=":material/hourglass_top:")


def first_trace_of(config: Config) -> Trace | None:
    """Return what can be had of a trace at once: all of it, or its first networks, as many as take a moment; None if one takes longer."""
    trace = _cache_of(config).get(config)
    if trace is not None:
        return trace
    seconds = work(replace(config, trials=1)).seconds
    if seconds > _TOO_LONG:
        return None
    quick = 1 if queue_length() else max(1, min(config.trials, int(_MOMENT / seconds)))
    return trace_of(replace(config, trials=quick))


def sweep_of(plan: Plan[Theory, Found]) -> Sweep[Theory, Found]:
    """Run a plan now. What is sent of it is kept, see `tables_of`."""
    with queued_since(experiment.waiting_since()):
        found = slider_sweep.run(plan, _stoppable(None))
    experiment.served()
    return found


def predictions_of(config: Config, field: str, values: Sequence[Any]) -> list[Prediction]:
    """Return the predictions of a config with each of these values of a field. What is sent of them is kept, see `tables_of`."""
    return slider_sweep.predicted(NETWORKS, slider_sweep.along(config, field, values), field, _stoppable(None))


def tables_of(key: str, tables: Callable[[], Iterable[bytes]]) -> Generator[bytes]:
    """Yield the tables of this key, each better than the one before: made now, or from the cache the best alone.

    While another visitor has them made, what is there of them so far comes first.
    """
    kept = _tables.get(key)
    if kept is not None:
        yield kept
        return
    with _flights.waiting(key) as looks:
        part = None
        for _ in looks:
            experiment.waiting_since()  # which ends a run whose visitor has moved on
            if part is None and (part := _parts.get(key)) is not None:
                yield part
        kept = _tables.get(key)
        if kept is not None:
            yield kept
            return
        for kept in tables():
            _parts.put(key, kept)
            yield kept
        if kept is not None:
            _tables.put(key, kept)


def is_soon(config: Config) -> bool:
    """Return whether the trace of a config is here, or will be before anybody looks elsewhere."""
    return _cache_of(config).get(config) is not None or (not queue_length() and work(config).seconds < _SOON)


def _cache_of(config: Config) -> LRU[Trace]:
    """Return the cache that holds the trace of a config, if it was simulated not too long ago."""
    return _small if config.depth * config.trials <= _SMALL else _large


def first_scatters_of(config: Config) -> dict[str, Scatter] | None:
    """Return the scatters of a few networks, or None where even they take longer than a moment."""
    few = replace(variance_decomposition.uses(config), trials=4)
    if work(few).seconds > _TOO_LONG:
        return None
    with queued_since(experiment.waiting_since()):
        scatters = _scatters_remembered(few)
    experiment.served()
    return scatters


# A Config is named by its repr, which is quicker to find than a walk through its fields.
@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs={Config: repr})
def _scatters_remembered(config: Config) -> dict[str, Scatter]:
    return variance_decomposition.measure(config, _stoppable(None))


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs={Config: repr})
def scatters_predicted(config: Config) -> dict[str, Scatter]:
    """Return the scatters that theory expects in the networks of `labs.variance_decomposition`."""
    return predict_scatters(config)


def if_known(find: Callable[[Asked], Known], config: Asked) -> Known | None:
    """Return what theory finds for a config, or for several; None where it has no law, or fails, as the log says: networks are enough."""
    try:
        return find(config)
    except NoLaw:
        return None
    except Exception:
        log.exception("no prediction for %s", config)
        return None


def why_no_line(config: Config) -> str:
    """Return why theory has no law for a network, in a sentence; empty where it has one."""
    try:
        prediction_of(config)
    except NoLaw as reason:
        return str(reason)
    except Exception:
        return ""
    return ""


def prediction_of(config: Config) -> Prediction:
    """Return the prediction of a config."""
    return _predicted(replace(config, trials=1))  # theory does not know how many networks are drawn


@st.cache_data(max_entries=_ENTRIES, show_spinner=False, hash_funcs={Config: repr})
def _predicted(config: Config) -> Prediction:
    return propagation.predict(config)
