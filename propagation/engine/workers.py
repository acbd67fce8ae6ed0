"""Whose turn it is: networks run side by side on the processor's cores, and little work does not wait for much."""

from __future__ import annotations

import heapq
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, copy_context
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
#: called by work as often as it can: others may go ahead there, and it may be ended there by an exception
Pause = Callable[[], None]

#: work that is expected to take one second longer waits this many seconds longer, at most, where there is not room for all
_DEFERENCE = 20.0
#: seconds between two looks at whether whoever waits still wants to
_LOOK = 0.1


@cache
def cores() -> int:
    """How many threads run at once here: the cores this process may use; 1 in a browser."""
    if sys.platform == "emscripten":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_since: ContextVar[float | None] = ContextVar("since", default=None)


@contextmanager
def in_line_since(moment: float) -> Iterator[None]:
    """Within: who asks has waited since this moment of `time.monotonic()`, for this or for something that is no longer wanted."""
    token = _since.set(moment)
    try:
        yield
    finally:
        _since.reset(token)


class Turns:
    """A number of seats, and a line before them, ordered by the time of arrival plus `_DEFERENCE` times the seconds expected.

    So short work passes long work, and long work that has waited for long is passed no more.
    """

    def __init__(self, seats: int) -> None:
        self._free = seats
        self._line: list[tuple[float, int, threading.Event]] = []
        self._arrivals = itertools.count()
        self._lock = threading.Lock()

    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    @contextmanager
    def turn(self, seconds: float, look: Pause) -> Iterator[Pause]:
        """Within: a seat, for work expected to take so many seconds. Yields what lets those go ahead whose work is shorter.

        `look` is called every now and then in line; it may raise to leave.
        """
        rank = (_since.get() or time.monotonic()) + _DEFERENCE * seconds
        self._sit(rank, look)
        seated = True

        def give_way() -> None:
            nonlocal seated
            if any(first < rank for first, *_ in self._line[:1]):
                self._rise()
                seated = False
                self._sit(rank, look)
                seated = True

        try:
            yield give_way
        finally:
            if seated:
                self._rise()

    def _sit(self, rank: float, look: Pause) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            called = threading.Event()
            heapq.heappush(self._line, place := (rank, next(self._arrivals), called))
        try:
            while not called.wait(_LOOK):
                look()
        except BaseException:
            with self._lock:
                if place in self._line:
                    self._line.remove(place)
                    heapq.heapify(self._line)
                    raise
            self._rise()  # called at the very moment of leaving
            raise

    def _rise(self) -> None:
        """Leave the seat to the first in line."""
        with self._lock:
            if self._line:
                heapq.heappop(self._line)[2].set()
            else:
                self._free += 1


#: Seats of all visitors together. A stack of less than this many seconds is many calls that wait for the interpreter: two such at once
#: take longer than one after the other. Full stacks, and large ones, have a seat for each core.
_SHORT = 0.3
_short, _long = Turns(1), Turns(cores())


def seat(seconds: float, look: Pause) -> AbstractContextManager[Pause]:
    """A turn for one stack that is expected to take so many seconds."""
    return (_short if seconds < _SHORT else _long).turn(seconds, look)


def line() -> int:
    """How many visitors wait for a short turn."""
    return _short.waiting()


def run_all(function: Callable[[Item, Pause], Result], items: Iterable[Item], seconds: float, look: Pause) -> Iterator[Result]:
    """`function(item, pause)` of every item, in order, as they are done; one is expected to take so many `seconds`.

    `look` is called from the calling thread, about ten times a second, and may raise. Whoever leaves the iteration early ends what
    is still being done at its next pause.
    """
    items = list(items)
    if cores() == 1 or len(items) == 1:
        for item in items:
            with seat(seconds, look) as give_way:
                result = function(item, _pausing(look, give_way))
            yield result
        return
    left = threading.Event()

    def ended() -> None:
        if left.is_set():
            raise _Left

    def task(item: Item) -> Result:
        with _long.turn(seconds, ended) as give_way:
            return function(item, _pausing(ended, give_way))

    pool = ThreadPoolExecutor(min(cores(), len(items)), thread_name_prefix="networks")
    try:
        for running in [pool.submit(copy_context().run, task, item) for item in items]:
            while not wait([running], _LOOK).done:
                look()
            yield running.result()
    finally:
        left.set()
        pool.shutdown(wait=False, cancel_futures=True)


class _Left(Exception):
    """Nobody waits for this any more."""


def _pausing(look: Pause, give_way: Pause) -> Pause:
    """Give way at every pause, and look now and then."""
    looked = time.monotonic()

    def pause() -> None:
        nonlocal looked
        if time.monotonic() - looked > _LOOK:
            look()
            looked = time.monotonic()
        give_way()

    return pause
