"""Long work: what a lab measures, from the cache or measured now behind a progress bar that any move of a control ends."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import streamlit as st

from propagation.config import Config
from propagation.labs.protocol import Lab, Progress
from propagation.runtime.lru import LRU

Result = TypeVar("Result")

#: what labs have found, for all visitors
_cache: LRU[Any] = LRU(32)
#: seconds after which a bar is drawn: what flashes tells nobody anything, and pushes the page down and up again
_PATIENCE = 1.5


def remembered(lab: Lab[Result], config: Config, *, words: str) -> Result:
    """Return what a lab finds of a config, from the cache or measured now; `words` say on the bar what is being done.

    Drawing the bar is where Streamlit stops a run that a visitor has already moved on from.
    """
    own = lab.uses(config)
    slot = st.empty()  # in any case, so that what follows keeps its place, and a chart its view
    result: Result | None = _cache.get((lab.name, own))
    if result is None:
        result = lab.measure(own, progress_in(slot, words))
        slot.empty()
        _cache.put((lab.name, own), result)
    return result


def progress_in(slot, words: str) -> Progress:
    """Return a progress callback that draws a bar in the slot, with these words, once it has taken a while."""
    began = time.monotonic()

    def show(share: float) -> None:
        if time.monotonic() - began > _PATIENCE:
            slot.progress(min(share, 1.0), f"{words} … {share:.0%}")

    return show
