"""Screen: what the parts of a lesson are, once their files are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from propagation.config import Config

#: the step of the card at the end, in an address
END = "end"


@dataclass(frozen=True)
class Choice:
    """One of the answers offered: right if the number asked for lies between low and high.

    `why` is the reason why it is tempting and wrong. `text` is empty where it is a range of a slider's guesses.
    """

    text: str
    low: float
    high: float
    why: str = ""

    def holds(self, value: float) -> bool:
        """Return whether this is the right one."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Network:
    """One curve of a screen."""

    label: str
    config: Config


@dataclass(frozen=True)
class Link:
    """A way on: what it says, the page's address, and its parameters."""

    text: str
    page: str
    query: Mapping[str, str]


@dataclass(frozen=True)
class Screen:
    """One screen: a topic, a question to be answered before anything is shown, what is shown, the claim it proves, and what it means.

    There are choices, or else `reach`, the powers of ten over which a guess can be drawn, and `tempting`, ranges of guesses with what is
    wrong about them. `signal` is empty where `measure` needs none. `more` is the part of the explanation that is folded away.
    """

    topic: str
    claim: str
    question: str
    chart: str
    rows: tuple[str, ...]
    networks: tuple[Network, ...]
    measure: str
    signal: str
    choices: tuple[Choice, ...]
    reach: tuple[int, int] | None
    tempting: tuple[Choice, ...]
    answer: str
    links: tuple[Link, ...]
    body: str
    more: str = ""

    @property
    def guesses(self) -> range:
        """Return what can be guessed: places of choices, or powers of ten."""
        return range(self.reach[0], self.reach[1] + 1) if self.reach else range(len(self.choices))

    def reason(self, value: int) -> str:
        """Return why this guess, a choice's place or a power of ten, is tempting and wrong; empty where nothing is said of it."""
        if self.reach is None:
            return self.choices[value].why
        return next((guess.why for guess in self.tempting if guess.holds(value)), "")


@dataclass(frozen=True)
class Card:
    """The card at the end: the answer, and where it fails."""

    topic: str
    links: tuple[Link, ...]
    body: str


@dataclass(frozen=True)
class Lesson:
    """The screens that could be read, by their step such as "2.3", a sentence for each that could not, and the chapters' titles.

    `card` is what stands at the end, at the step END, if there is one.
    """

    chapters: dict[str, str]
    screens: dict[str, Screen]
    problems: dict[str, str]
    card: Card | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """Return all screens in order, those with a problem too, and the card."""
        numbered = sorted({*self.screens, *self.problems} - {END}, key=lambda step: tuple(map(int, step.split("."))))
        ends = self.card is not None or END in self.problems
        return (*numbered, END) if ends else tuple(numbered)

    def first_of(self, chapter: str) -> str:
        """Return the step with which a chapter begins."""
        return next(step for step in self.steps if chapter_of(step) == chapter)


def chapter_of(step: str) -> str:
    """Return the chapter of a step: "2" of "2.3"."""
    return step.partition(".")[0]
