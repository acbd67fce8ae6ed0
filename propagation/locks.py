"""Locks: what a teacher's link asks of a visit: controls that stay as they are, controls that are not shown, an answer that waits.

In an address: `lock=depth,width`, `hide=seed`, `ask=1`, `own_seed=1`, a question (see `questions`), and `room=NAME`, where guesses are
counted (see `rooms`). A lock keeps a class on its question. It is no secret: whoever edits the address can lift it. Pure functions from
Config to Config.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from propagation import questions, rooms
from propagation.config import FIELDS, Config
from propagation.fields import in_order_of_controls
from propagation.formatting import quoted
from propagation.initializers import SCHEMES
from propagation.questions import Question
from propagation.rules import settled

#: parameters of an address that belong to a visit, whatever page it is on
PARAMETERS = ("lock", "hide", "ask", "own_seed", "question", "options", "room")
#: those of them that are lists with commas
LISTS = ("lock", "hide")
#: controls that can be locked or hidden, in their order in the sidebar, by their key, with their label
CONTROLS = {"preset": "Start from"} | {name: FIELDS[name].label for name in in_order_of_controls(FIELDS)}
#: what a room can be called
ROOM_NAMES = f"a room's name has small letters, digits and hyphens, {rooms.LONGEST_NAME} at most."
#: names of a list that are complained of one by one
_MOST_NAMED = 3


@dataclass(frozen=True)
class Terms:
    """What a teacher's link asks of a visit.

    Names of controls, an answer that waits for a click, a seed of the visitor's own, the teacher's question where the answer waits (None:
    the one there is), and the room in which guesses are counted (empty: none).
    """

    locked: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    asks: bool = False
    own_seed: bool = False
    question: Question | None = None
    room: str = ""

    def __bool__(self) -> bool:
        return self != Terms()

    def to_query(self) -> dict[str, str]:
        """Return the texts of an address; what is not asked for is left out."""
        flags = {"ask": self.asks, "own_seed": self.own_seed}
        names = {"lock": self.locked - self.hidden, "hide": self.hidden}
        return (
            {name: ",".join(_in_order(chosen)) for name, chosen in names.items() if chosen}
            | {name: "1" for name, said in flags.items() if said}
            | (self.question.to_query() if self.question else {})
            | ({"room": self.room} if self.room else {})
        )

    @classmethod
    def from_query(cls, parameters: Mapping[str, Sequence[str]]) -> tuple[Terms, list[str]]:
        """Return the terms an address sets, and a sentence for each part of them that could not be read. Never raises.

        A list given twice counts as one; a control both locked and hidden is hidden. Where there is a question, the answer waits.
        """
        problems: list[str] = []
        locked, hidden = (_names(name, parameters.get(name, ()), problems) for name in ("lock", "hide"))
        asks, own_seed = (_flag(name, parameters.get(name, ()), problems) for name in ("ask", "own_seed"))
        text, options, room = (_last(name, parameters) for name in ("question", "options", "room"))
        question, cut = questions.asked(text, options.split(questions.BETWEEN))
        problems += cut
        if room and not rooms.is_name(room):
            problems.append(f"room = {quoted(room)} is ignored: {ROOM_NAMES}")
            room = ""
        return cls(locked - hidden, hidden, asks or question is not None, own_seed, question, room), problems

    def fixed(self, config: Config) -> frozenset[str]:
        """Return the controls that cannot be moved. A scheme says what σ_w² is: one of the two held fast holds the other.

        So it is with the standard deviation of a weight where the scheme takes it from there.
        """
        fixed = self.locked | self.hidden
        if SCHEMES[config.scheme].from_std and fixed & {"weight_variance", "weight_std"}:
            return fixed | {"scheme", "weight_std", "weight_variance"}
        if "weight_variance" in fixed:
            fixed |= {"scheme"}
        elif "scheme" in fixed and config.scheme != "custom":
            fixed |= {"weight_variance"}
        return fixed

    def kept(self, before: Config, after: Config) -> tuple[Config, tuple[str, ...]]:
        """Return the experiment after a move, what is locked as it was before, and the locked controls that the move would have changed."""
        fixed = _in_order(self.fixed(before) & FIELDS.keys())
        changed = tuple(name for name in fixed if _stands(after, name) != _stands(before, name))
        if not changed:
            return after, ()
        # where the scheme that is asked for cannot be had with what is locked, the rest of the move is still made
        for keep in (fixed, {*fixed, "scheme", "weight_variance", "weight_std", "bias_variance", "weight_law", "method"}):
            try:
                config = settled(replace(after, **{name: getattr(before, name) for name in keep}))
            except ValueError:
                continue
            if all(_stands(config, name) == _stands(before, name) for name in fixed):
                return config, changed
        return before, changed


def labels(names: Iterable[str]) -> str:
    """Return controls by their labels: Depth, Width and Seed."""
    *first, last = (CONTROLS[name] for name in _in_order(names))
    return f"{', '.join(first)} and {last}" if first else last


def _stands(config: Config, name: str) -> Any:
    """Return where a control stands: its field, and for a variance also the scheme's say in it."""
    value = getattr(config, name)
    if name == "weight_variance":
        return config.scheme, value
    return (SCHEMES[config.scheme].bias_scale, value) if name == "bias_variance" else value


def _in_order(names: Iterable[str]) -> list[str]:
    """Return names in the order of the sidebar, so that equal terms are equal texts."""
    return [name for name in CONTROLS if name in {*names}]


def _names(parameter: str, texts: Sequence[str], problems: list[str]) -> frozenset[str]:
    """Return the controls that a list names; add a problem for each name that is none."""
    given = dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip())
    unknown = [name for name in given if name not in CONTROLS]
    verb = {"lock": "locked", "hide": "hidden"}[parameter]
    problems += [f"{quoted(name)} cannot be {verb}: this app has no such control." for name in unknown[:_MOST_NAMED]]
    if len(unknown) > _MOST_NAMED:
        problems.append(f"Nor can {len(unknown) - _MOST_NAMED:,} more that this address wants {verb}.")
    return frozenset(name for name in given if name in CONTROLS)


def _last(parameter: str, parameters: Mapping[str, Sequence[str]]) -> str:
    """Return what a parameter says, the last time if it is given several times."""
    return next(reversed(parameters.get(parameter, ())), "").strip()


def _flag(parameter: str, texts: Sequence[str], problems: list[str]) -> bool:
    """Return whether a parameter says 1."""
    said = {text.strip() for text in texts}
    if said <= {"1"} or said <= {"0"}:
        return said == {"1"}
    problems.append(f"{parameter} = {quoted(', '.join(texts))} is ignored: it is 1 or 0.")
    return False
