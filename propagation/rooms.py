"""Rooms: what a class guesses, counted in this server's memory, for an hour, without a word about who.

A guess is the place of an option, under a token that the visitor's session drew for this visit and nobody else is shown; a later guess of
the same visit takes the place of the earlier one. All is bounded: rooms, questions of a room, guesses of a question. What is full refuses
what is new, so that a crowd cannot empty the rooms of others.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

#: seconds that a guess is kept
KEPT = 3600.0
#: the longest name of a room
LONGEST_NAME = 32
MOST_ROOMS, MOST_QUESTIONS, MOST_GUESSES = 200, 60, 1000
_NAME = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{LONGEST_NAME - 2}}}[a-z0-9])?")


class Full(Exception):
    """There is no place for another room, question or guess; the text is a sentence for the visitor."""


def is_name(text: str) -> bool:
    """Return whether a room can be called that: small letters, digits, and hyphens inside; at most LONGEST_NAME of them."""
    return bool(_NAME.fullmatch(text))


@dataclass
class _Guess:
    option: int
    given: float


@dataclass
class _Room:
    """question → visitor → guess, the oldest first."""

    questions: dict[Hashable, dict[str, _Guess]] = field(default_factory=dict)


class Rooms:
    """The guesses of all rooms; safe to use from many threads. `clock` tells seconds."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        rooms: int = MOST_ROOMS,
        questions: int = MOST_QUESTIONS,
        guesses: int = MOST_GUESSES,
    ) -> None:
        self._clock, self._most = clock, (rooms, questions, guesses)
        self._rooms: dict[str, _Room] = {}
        self._lock = threading.Lock()

    def guess(self, room: str, question: Hashable, visitor: str, option: int) -> None:
        """Count this visitor's guess, in place of an earlier one. Full where there is no place; ValueError where the room has no name."""
        if not is_name(room):
            raise ValueError(f"{room[:40]!r} is no name of a room")
        rooms, questions, guesses = self._most
        with self._lock:
            self._forget()
            if room not in self._rooms and len(self._rooms) >= rooms:
                raise Full("This server has no place for another room at the moment.")
            held = self._rooms.get(room, _Room())
            if question not in held.questions and len(held.questions) >= questions:
                raise Full("This room has no place for another question at the moment.")
            given = held.questions.get(question, {})
            if visitor not in given and len(given) >= guesses:
                raise Full("This room is full: no more guesses are counted at the moment.")
            given.pop(visitor, None)
            given[visitor] = _Guess(option, self._clock())
            held.questions[question] = given
            self._rooms[room] = held

    def counts(self, room: str, question: Hashable, options: int) -> tuple[int, ...]:
        """Return how many guesses each of so many options has; those of other options are left out."""
        with self._lock:
            self._forget()
            given = self._rooms[room].questions.get(question, {}) if room in self._rooms else {}
            chosen = [guess.option for guess in given.values()]
        return tuple(chosen.count(option) for option in range(options))

    def held(self) -> int:
        """Return how many guesses are kept in all rooms together."""
        with self._lock:
            self._forget()
            return sum(len(given) for room in self._rooms.values() for given in room.questions.values())

    def _forget(self) -> None:
        """Let go of all that is older than KEPT, and of rooms and questions that nothing is left of. Needs the lock."""
        before = self._clock() - KEPT
        for name, room in list(self._rooms.items()):
            for question, given in list(room.questions.items()):
                for visitor, guess in list(given.items()):
                    if guess.given > before:
                        break  # the rest is younger
                    del given[visitor]
                if not given:
                    del room.questions[question]
            if not room.questions:
                del self._rooms[name]
