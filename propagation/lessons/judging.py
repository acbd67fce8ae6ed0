"""Judging: whether a guess about a screen was right, and what is said of it, in Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from propagation.formatting import factor, from_log10, number, percent, power_of_ten
from propagation.labs.measures import MEASURES, Answer
from propagation.labs.race import whole_percent
from propagation.lessons.screen import Screen

#: a guess within so many decades is right, or close
_RIGHT, _CLOSE = 0.6, 2.5
_GOOD, _BAD = ":green[:material/check_circle:]", ":orange[:material/cancel:]"
_WRITE = {
    "size": from_log10,
    "strength": lambda exponent: number(float(f"{10**exponent:.2g}")),
    "share": percent,
    "digits": whole_percent,
    "ratio": factor,
    "layers": lambda layers: number(float(f"{layers:.2g}")),
}


class Judgement(NamedTuple):
    """Whether a guess was right, or close, what is said of it, and the reason why it was tempting, where it was wrong."""

    right: bool
    words: str
    reason: str = ""


def judged(screen: Screen, answer: Answer, value: int) -> Judgement:
    """Return the judgement of a guess: a choice's place, or a power of ten."""
    if screen.reach is None:
        if screen.choices[value].holds(answer.measured):
            return Judgement(True, f"{_GOOD} **Right.**")
        right = next((choice.text for choice in screen.choices if choice.holds(answer.measured)), None)
        return Judgement(False, f"{_BAD} **Not so.**" + (f" *{right}*" if right else ""), screen.reason(value))
    if not math.isfinite(answer.measured):
        return Judgement(False, f"{_BAD} You said {power_of_ten(value)}, and nothing is left at all.", screen.reason(value))
    off = abs(value - answer.measured)
    if off <= _RIGHT:
        return Judgement(True, f"{_GOOD} **Right**: you said {power_of_ten(value)}.")
    close = off <= _CLOSE
    side, times = ("large" if value > answer.measured else "small"), (power_of_ten(round(off)) if off >= 1 else round(10**off))
    words = f"you said {power_of_ten(value)}, which is too {side} by a factor of about {times}."
    return Judgement(close, f"{_GOOD} **Close**: {words}" if close else f"{_BAD} **Off**: {words}", "" if close else screen.reason(value))


def answered(screen: Screen, answer: Answer) -> str:
    """Return the screen's own sentence with the numbers in it."""
    write = _WRITE[MEASURES[screen.measure].unit]
    return screen.answer.replace("{measured}", write(answer.measured)).replace("{theory}", write(answer.theory))


def score(judgements: Iterable[bool | None], screens: int) -> str:
    """Return how many guesses were right, of so many screens; None stands for a screen without a guess."""
    judged_ones = [right for right in judgements if right is not None]
    if not judged_ones:
        return f"You have not guessed on any of the {screens} screens yet: say what you expect first, then look."
    sure = sum(judged_ones)
    without = screens - len(judged_ones)
    rest = f" {without} of the {screens} screens you left without a guess." if without > 0 else ""
    return f"**{sure} of your {len(judged_ones)} first guesses {'was' if sure == 1 else 'were'} right or close.**{rest}"
