"""Training on a lesson's screen: networks learn while the visitor looks on; whoever comes later finds them trained."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import streamlit as st

from propagation.config import Config
from propagation.labs.evidence import TRAINING, Evidence, learning
from propagation.labs.training import uses
from propagation.runtime.lru import LRU
from propagation.runtime.single_flight import SingleFlight

#: what was trained, for all visitors, and what is being trained
_known: LRU[tuple[Evidence, ...]] = LRU(16)
_flights = SingleFlight()
#: seconds between two redraws
_EVERY = 0.4


def trained(configs: Sequence[Config], show: Callable[[tuple[Evidence, ...], int], None]) -> tuple[Evidence, ...]:
    """Return the networks trained, from the cache or trained now, under a bar.

    `show` draws how far they are, several times, each with another number from 1 on. Drawing is where Streamlit stops a run that a visitor
    has already moved on from.
    """
    key = tuple(uses(config) for config in configs)
    bar = st.empty()
    found = _known.get(key)
    if found is None:
        with _flights.turn(key, lambda: bar.progress(0.0, "Somebody else's page trains these networks: they come from there.")):
            found = _known.get(key)
            if found is None:
                found = _train(configs, show, bar)
                _known.put(key, found)
        bar.empty()
    return found


def _train(configs: Sequence[Config], show: Callable[[tuple[Evidence, ...], int], None], bar) -> tuple[Evidence, ...]:
    drawn, redraws = 0.0, 0
    seen: tuple[Evidence, ...] = ()
    for seen in learning(configs):
        if time.monotonic() - drawn > _EVERY:
            step = max(one.snapshots[-1].step for one in seen)
            bar.progress(step / TRAINING.steps, f"Training both networks: step {step} of {TRAINING.steps}")
            redraws += 1
            show(seen, redraws)
            drawn = time.monotonic()
    return seen
