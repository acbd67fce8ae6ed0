"""Scheduler: networks run side by side on the processor's cores, and short work does not wait for long work."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

from propagation.runtime.platform import cores

Item = TypeVar("Item")
Result = TypeVar("Result")
#: called by work as often as it can: others may go ahead there, and it may be ended there by an exception
Pause = Callable[[], None]

#: work that is expected to take one second longer waits this many seconds longer, at most, where there is not room for all
_PATIENCE_PER_SECOND = 20.0
#: seconds between two looks at whether whoever waits still wants to
_LOOK = 0.1
#: share that the latest has in an average of what slots are held for
_NEWS = 0.1


_since: ContextVar[float | None] = ContextVar("since", default=None)
_expected: ContextVar[float] = ContextVar("expected", default=0.0)


@contextmanager
def queued_since(moment: float) -> Iterator[None]:
    """Within: who asks has waited since this moment of `time.monotonic()`, for this or for something that is no longer wanted."""
    token = _since.set(moment)
    try:
        yield
    finally:
        _since.reset(token)


def expected_wait() -> float:
    """Return about how many seconds whoever looks up from a queue has yet to wait in it; 0 outside of one."""
    return _expected.get()


class PriorityLimiter:
    """A number of slots, and a queue for them ordered by the time of arrival plus `_PATIENCE_PER_SECOND` times the seconds expected.

    So short work passes long work, and long work that has waited for long is passed no more.
    """

    def __init__(self, slots: int) -> None:
        self._slots = self._free = slots
        self._pace = 0.0  # seconds for which a slot has been held, of late and on average
        self._queue: list[tuple[float, int, threading.Event]] = []
        self._arrivals = itertools.count()
        self._lock = threading.Lock()

    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._queue)

    @contextmanager
    def slot(self, seconds: float, look: Pause) -> Iterator[Pause]:
        """Within: a slot for work expected to take so many seconds. Yields what lets those go ahead whose work is shorter.

        `look` is called every now and then in the queue; it may raise to leave it.
        """
        rank = (_since.get() or time.monotonic()) + _PATIENCE_PER_SECOND * seconds
        self._acquire(rank, look)
        held, began = True, time.monotonic()

        def yield_slot() -> None:
            nonlocal held
            if any(first < rank for first, *_ in self._queue[:1]):
                self._release()
                held = False
                self._acquire(rank, look)
                held = True

        try:
            yield yield_slot
        finally:
            self._pace += _NEWS * (time.monotonic() - began - self._pace)
            if held:
                self._release()

    def _acquire(self, rank: float, look: Pause) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            called = threading.Event()
            heapq.heappush(self._queue, ticket := (rank, next(self._arrivals), called))
        try:
            while not called.wait(_LOOK):
                ahead = 1 + sum(other < ticket for other in list(self._queue))
                _expected.set(ahead * self._pace / self._slots)
                look()
        except BaseException:
            with self._lock:
                if ticket in self._queue:
                    self._queue.remove(ticket)
                    heapq.heapify(self._queue)
                    raise
            self._release()  # called at the very moment of leaving
            raise
        finally:
            _expected.set(0.0)

    def _release(self) -> None:
        """Give the slot to the first in the queue."""
        with self._lock:
            if self._queue:
                heapq.heappop(self._queue)[2].set()
            else:
                self._free += 1


#: Slots of all visitors together. A stack of less than this many seconds is many calls that wait for the interpreter: two such at once
#: take longer than one after the other. Full stacks, and large ones, have a slot for each core.
_SHORT = 0.3
_short, _long = PriorityLimiter(1), PriorityLimiter(cores())


def slot(seconds: float, look: Pause) -> AbstractContextManager[Pause]:
    """A slot for one stack that is expected to take so many seconds."""
    return (_short if seconds < _SHORT else _long).slot(seconds, look)


def queue_length() -> int:
    """How many visitors wait for a slot for short work."""
    return _short.waiting()


def run_all(function: Callable[[Item, Pause], Result], items: Iterable[Item], seconds: float, look: Pause) -> Iterator[Result]:
    """`function(item, pause)` of every item, in order, as they are done; one is expected to take so many `seconds`.

    `look` is called from the calling thread, about ten times a second, and may raise. Whoever leaves the iteration early ends what
    is still being done at its next pause.
    """
    items = list(items)
    if cores() == 1 or len(items) == 1:
        for item in items:
            with slot(seconds, look) as yield_slot:
                result = function(item, _pausing(look, yield_slot))
            yield result
        return
    left = threading.Event()

    def ended() -> None:
        if left.is_set():
            raise _Left

    def task(item: Item) -> Result:
        with _long.slot(seconds, ended) as yield_slot:
            return function(item, _pausing(ended, yield_slot))

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


def _pausing(look: Pause, yield_slot: Pause) -> Pause:
    """Give way at every pause, and look now and then."""
    looked = time.monotonic()

    def pause() -> None:
        nonlocal looked
        if time.monotonic() - looked > _LOOK:
            look()
            looked = time.monotonic()
        yield_slot()

    return pause
