"""Rooms: guesses are counted once a visit, for an hour, within bounds, whatever many threads do at once."""

from __future__ import annotations

import threading

import pytest

from propagation.rooms import KEPT, LONGEST_NAME, Full, Rooms, is_name


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_visit_counts_once_and_its_last_guess_holds(clock):
    rooms = Rooms(clock)
    for visitor, option in (("a", 0), ("b", 2), ("a", 2), ("c", 1)):
        rooms.guess("bio-101", "why", visitor, option)
    assert rooms.counts("bio-101", "why", 3) == (0, 1, 2) and rooms.held() == 3


def test_rooms_and_questions_are_apart(clock):
    rooms = Rooms(clock)
    rooms.guess("a", "why", "x", 0)
    assert rooms.counts("b", "why", 2) == rooms.counts("a", "how", 2) == (0, 0)
    assert rooms.counts("a", "why", 2) == (1, 0)


def test_an_option_there_is_not_is_left_out(clock):
    rooms = Rooms(clock)
    rooms.guess("a", "why", "x", 7)
    rooms.guess("a", "why", "y", -1)
    assert rooms.counts("a", "why", 2) == (0, 0)


def test_a_guess_is_kept_for_an_hour_and_nothing_is_left_of_it(clock):
    rooms = Rooms(clock)
    rooms.guess("a", "why", "x", 0)
    clock.now = KEPT - 1
    rooms.guess("a", "why", "y", 1)
    assert rooms.counts("a", "why", 2) == (1, 1)
    clock.now = KEPT
    assert rooms.counts("a", "why", 2) == (0, 1)
    clock.now = 2 * KEPT
    assert rooms.counts("a", "why", 2) == (0, 0) and rooms.held() == 0 and not rooms._rooms


def test_a_guess_that_is_changed_is_kept_for_an_hour_from_then(clock):
    rooms = Rooms(clock)
    rooms.guess("a", "why", "x", 0)
    rooms.guess("a", "why", "y", 0)
    clock.now = KEPT / 2
    rooms.guess("a", "why", "x", 1)
    clock.now = KEPT
    assert rooms.counts("a", "why", 2) == (0, 1)


def test_what_is_full_refuses_what_is_new_and_keeps_what_it_has(clock):
    rooms = Rooms(clock, rooms=2, questions=2, guesses=2)
    for room, question, visitor in (("a", 1, "x"), ("a", 1, "y"), ("a", 2, "x"), ("b", 1, "x")):
        rooms.guess(room, question, visitor, 0)
    for room, question, visitor, words in (("a", 1, "z", "full"), ("a", 3, "x", "question"), ("c", 1, "x", "room")):
        with pytest.raises(Full, match=words):
            rooms.guess(room, question, visitor, 0)
    rooms.guess("a", 1, "y", 1)
    assert rooms.counts("a", 1, 2) == (1, 1) and rooms.held() == 4
    clock.now = KEPT
    rooms.guess("c", 1, "x", 0)
    assert rooms.held() == 1


@pytest.mark.parametrize("name", ["a", "7", "bio-101", "x" * LONGEST_NAME])
def test_a_name(name):
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "-", "-a", "a-", "Bio", "a b", "a;b", "é", "a\n", "x" * (LONGEST_NAME + 1), "<b>", "a%20b"])
def test_no_name(name):
    assert not is_name(name)
    with pytest.raises(ValueError, match="no name of a room"):
        Rooms().guess(name, "why", "x", 0)


def test_many_at_once_lose_nothing():
    rooms, start = Rooms(), threading.Barrier(8)

    def visits(first: int) -> None:
        start.wait()
        for number in range(first, first + 100):
            rooms.guess("a", "why", str(number), number % 3)
            rooms.guess("a", "why", str(number), (number + 1) % 3)
            rooms.counts("a", "why", 3)

    threads = [threading.Thread(target=visits, args=(100 * place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(rooms.counts("a", "why", 3)) == rooms.held() == 800
