"""Single flight: of many who want the same thing at once, one makes it and the others wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

#: seconds between two looks at whether whoever waits still wants to
LOOK = 0.1


class Flight:
    """What is being made under one key, by one at a time."""

    def __init__(self) -> None:
        self.lock, self.passengers = threading.Lock(), 0


class SingleFlight:
    """The flights under way, by key."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight] = {}
        self._lock = threading.Lock()

    @contextmanager
    def waiting(self, key: Hashable) -> Iterator[Iterator[None]]:
        """Within: the turn comes when the iterator that this gives ends; it yields about ten times a second until then.

        Whoever has had the turn gives it up on leaving, and whoever leaves before goes without.
        """
        with self._lock:
            flight = self._flights.setdefault(key, Flight())
            flight.passengers += 1
        held = False

        def looks() -> Iterator[None]:
            nonlocal held
            while not (held := flight.lock.acquire(timeout=LOOK)):
                yield

        try:
            yield looks()
        finally:
            if held:
                flight.lock.release()
            with self._lock:
                flight.passengers -= 1
                if not flight.passengers:
                    del self._flights[key]

    @contextmanager
    def turn(self, key: Hashable, look: Callable[[], object]) -> Iterator[None]:
        """Within: nobody else is making what this key names. `look` is called while others do; it may raise to leave."""
        with self.waiting(key) as looks:
            for _ in looks:
                look()
            yield
