"""Of many who want the same thing at once, one makes it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from propagation.runtime.single_flight import SingleFlight


def nothing() -> None:
    """Nobody has to be told."""


def made_by(visitors: int, keys: list[str], flights: SingleFlight) -> dict[str, int]:
    """How often each key is made, if all want theirs at the same moment and look for it before they make it."""
    cache: dict[str, int] = {}
    made: list[str] = []
    start = threading.Barrier(visitors)

    def want(key: str) -> None:
        start.wait()
        with flights.turn(key, nothing):
            if key not in cache:
                made.append(key)
                threading.Event().wait(0.02)
                cache[key] = 1

    with ThreadPoolExecutor(visitors) as pool:
        list(pool.map(want, [keys[visitor % len(keys)] for visitor in range(visitors)]))
    return {key: made.count(key) for key in keys}


def test_one_makes_it_for_all():
    flights = SingleFlight()
    assert made_by(20, ["a", "b"], flights) == {"a": 1, "b": 1}
    assert not flights._flights, "nothing is left of them"


def test_without_turns_many_make_it():
    """Negative control: turns under keys of their own."""

    class Apart(SingleFlight):
        def turn(self, key, look):
            return super().turn(object(), look)

    assert made_by(20, ["a"], Apart())["a"] > 1


def test_who_leaves_while_waiting_goes_without_and_who_fails_gives_the_turn_up():
    flights = SingleFlight()

    def leave() -> None:
        raise InterruptedError

    with flights.turn("a", nothing), ThreadPoolExecutor(1) as pool:

        def wait() -> None:
            with flights.turn("a", leave):
                raise AssertionError("this is another's turn")

        with pytest.raises(InterruptedError):
            pool.submit(wait).result()
    with pytest.raises(ZeroDivisionError), flights.turn("a", nothing):
        raise ZeroDivisionError
    with flights.turn("a", nothing):
        assert len(flights._flights) == 1
    assert not flights._flights
