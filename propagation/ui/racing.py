"""Racing: the race a visitor has on, between two redraws. It belongs to a visit; what is raced, and how, is in the link."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

import streamlit as st

from propagation.labs.race import Entry, Lane, race
from propagation.labs.training import Recipe

_KEPT, _STARTING = "race", "race_starts"


@dataclass
class Racing:
    """One race: `status` is "ready", "running", "paused" or "over"; over before its last step, it was `stopped`.

    `ahead` are the rounds still to come; none unless it is running or paused.
    """

    key: Hashable
    entries: tuple[Entry, ...]
    recipe: Recipe
    status: str = "ready"
    stopped: bool = False
    lanes: tuple[Lane, ...] = ()
    ahead: Iterator[tuple[Lane, ...]] = field(default_factory=lambda: iter(()))

    @property
    def step(self) -> int:
        """How far the first lane is."""
        return max((lane.latest.step for lane in self.lanes), default=0)

    def start(self) -> None:
        """Go, from the start line or from where it paused."""
        if self.status in ("ready", "over"):
            self.lanes, self.stopped, self.ahead = (), False, race(self.entries, self.recipe)
        self.status = "running"

    def pause(self) -> None:
        """Stand still."""
        if self.status == "running":
            self.status = "paused"

    def stop(self) -> None:
        """End it here; the networks are let go, what was seen of them stays."""
        if self.status in ("running", "paused"):
            self.status, self.stopped, self.ahead = "over" if self.lanes else "ready", True, iter(())

    def advance(self, seconds: float) -> None:
        """Race on for about as long: whole rounds, one at least."""
        end = time.monotonic() + seconds
        try:
            while self.status == "running":
                self.lanes = next(self.ahead, ()) or self._finished()
                if time.monotonic() > end:
                    return
        except Exception:
            self.status, self.ahead = "over" if self.lanes else "ready", iter(())
            raise

    def _finished(self) -> tuple[Lane, ...]:
        self.status, self.ahead = "over", iter(())
        return self.lanes


def of(entries: tuple[Entry, ...], recipe: Recipe) -> Racing:
    """The visitor's race of these; another one they had on makes way. One that was announced starts."""
    state = st.session_state
    key = (entries, recipe)
    if _KEPT not in state or state[_KEPT].key != key:
        state[_KEPT] = Racing(key, entries, recipe)
    if state.pop(_STARTING, False):
        state[_KEPT].start()
    return state[_KEPT]


def announce() -> None:
    """Start the next race as soon as it is known."""
    st.session_state[_STARTING] = True
