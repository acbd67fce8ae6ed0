"""Long work: what a lab measures, from the cache or measured now behind a progress bar that any move of a control ends."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import streamlit as st

from propagation.config import Config
from propagation.labs.protocol import Lab, Progress

Result = TypeVar("Result")

_ENTRIES = 32
#: seconds after which a bar is drawn: what flashes tells nobody anything, and pushes the page down and up again
_PATIENCE = 1.5


def remembered(lab: Lab[Result], config: Config, *, words: str) -> Result:
    """Return what a lab finds of a config, from the cache or measured now; `words` say on the bar what is being done.

    Drawing the bar is where Streamlit stops a run that a visitor has already moved on from.
    """
    own = lab.uses(config)
    slot = st.empty()  # in any case, so that what follows keeps its place, and a chart its view
    try:
        return _kept(lab.name, own)
    except _NotYet:
        result = lab.measure(own, _progress_in(slot, words))
        slot.empty()
        return _kept(lab.name, own, result)


@st.cache_data(max_entries=_ENTRIES, show_spinner=False)
def _kept(lab: str, config: Config, _result: Any = None) -> Any:
    if _result is None:
        raise _NotYet
    return _result


class _NotYet(LookupError):
    """The cache does not hold this."""


def _progress_in(slot, words: str) -> Progress:
    began = time.monotonic()

    def show(share: float) -> None:
        if time.monotonic() - began > _PATIENCE:
            slot.progress(min(share, 1.0), f"{words} … {share:.0%}")

    return show
