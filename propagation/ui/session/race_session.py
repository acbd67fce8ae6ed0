"""Race: the race a visitor has on, between two redraws. It belongs to a visit; what is raced, and how, is in the link."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

import streamlit as st

from propagation.labs.race import Entry, Lane, race
from propagation.labs.training import Recipe

_KEPT, _STARTING = "race", "race_starts"


@dataclass
class Race:
    """One race: `status` is "ready", "running", "paused" or "over"; over before its last step, it was `stopped`.

    `ahead` are the rounds still to come; none unless it is running or paused. A visitor who moves something while it runs sets off a
    second run of the page before the first has come to its end: one of them races on at a time, and whoever changes the race meanwhile
    (pause, stop, start again) has the last word.
    """

    key: Hashable
    entries: tuple[Entry, ...]
    recipe: Recipe
    status: str = "ready"
    stopped: bool = False
    lanes: tuple[Lane, ...] = ()
    ahead: Iterator[tuple[Lane, ...]] = field(default_factory=lambda: iter(()))
    _advancing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    _changing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def step(self) -> int:
        """Return how far the first lane is."""
        return max((lane.latest.step for lane in self.lanes), default=0)

    def start(self) -> None:
        """Start from the start line, or go on from where it paused."""
        with self._changing:
            if self.status in ("ready", "over"):
                self.lanes, self.stopped, self.ahead = (), False, race(self.entries, self.recipe)
            self.status = "running"

    def pause(self) -> None:
        """Pause it."""
        with self._changing:
            if self.status == "running":
                self.status = "paused"

    def stop(self) -> None:
        """End it here; the networks are let go, what was seen of them stays."""
        with self._changing:
            if self.status in ("running", "paused"):
                self._end(stopped=True)

    def advance(self, seconds: float) -> None:
        """Race on for about as long: whole rounds, one at least; nothing where another run of the page is at it. A failure stops it."""
        if not self._advancing.acquire(blocking=False):
            return
        try:
            end = time.monotonic() + seconds
            while self._round() and time.monotonic() <= end:
                pass
        finally:
            self._advancing.release()

    def _round(self) -> bool:
        """Run one round; return whether there may be another."""
        with self._changing:
            ahead = self.ahead
            if self.status != "running":
                return False
        lanes: tuple[Lane, ...] = ()
        failed = True
        try:
            lanes = next(ahead, ())
            failed = False
        finally:
            with self._changing:
                current = self.ahead is ahead  # else it was stopped in the middle of the round, which no longer counts
                if current and lanes:
                    self.lanes = lanes
                elif current:
                    self._end(stopped=failed)
        return current

    def _end(self, *, stopped: bool) -> None:
        self.status, self.stopped, self.ahead = "over" if self.lanes else "ready", stopped, iter(())


def of(entries: tuple[Entry, ...], recipe: Recipe) -> Race:
    """Return the visitor's race of these; another one they had on makes way. One that was announced starts."""
    state = st.session_state
    key = (entries, recipe)
    if _KEPT not in state or state[_KEPT].key != key:
        state[_KEPT] = Race(key, entries, recipe)
    if state.pop(_STARTING, False):
        state[_KEPT].start()
    return state[_KEPT]


def announce() -> None:
    """Start the next race as soon as it is known."""
    st.session_state[_STARTING] = True
