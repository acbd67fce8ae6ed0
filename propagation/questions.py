"""Questions: what a teacher's link asks before an answer is shown, with the options that the teacher offers.

In an address: `question=TEXT`, `options=ONE|ANOTHER`. Whatever stands there is text for people, cut to a length, never markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_QUESTION, LONGEST_OPTION = 200, 60
FEWEST_OPTIONS, MOST_OPTIONS = 2, 6
#: between two options in an address
BETWEEN = "|"


@dataclass(frozen=True)
class Question:
    """A question, and what can be answered; without options it is one to think about."""

    text: str
    options: tuple[str, ...] = ()

    def to_query(self) -> dict[str, str]:
        """Return the texts of an address."""
        return {"question": self.text} | ({"options": BETWEEN.join(self.options)} if self.options else {})


#: what is asked where a teacher asks nothing else
STANDARD = Question("On their way back through these layers, gradients", ("fade away ↘", "keep their size →", "grow ↗"))


def asked(text: str, options: Sequence[str]) -> tuple[Question | None, list[str]]:
    """Return the question that these texts ask, None where there is none, and a sentence for each thing that was not taken as it is."""
    problems: list[str] = []
    words = _line(text)
    given = list(dict.fromkeys(filter(None, map(_line, options))))
    if not words:
        return None, ["options are ignored: there is no question."] if given else []
    if len(words) > LONGEST_QUESTION:
        problems.append(f"The question has {len(words):,} characters: it is cut after {LONGEST_QUESTION}.")
    if len(given) > MOST_OPTIONS:
        problems.append(f"The question has {len(given):,} options: the first {MOST_OPTIONS} are offered.")
    if any(len(option) > LONGEST_OPTION for option in given[:MOST_OPTIONS]):
        problems.append(f"An option of the question is cut after {LONGEST_OPTION} characters.")
    offered = tuple(dict.fromkeys(option[:LONGEST_OPTION].strip() for option in given[:MOST_OPTIONS]))
    if 0 < len(offered) < FEWEST_OPTIONS:
        problems.append("A single option leaves nothing to choose: the question is asked without it.")
        offered = ()
    return Question(words[:LONGEST_QUESTION].strip(), offered), problems


def _line(text: str) -> str:
    """Return a text as one line of what can be printed, without what stands between two options."""
    return " ".join("".join(c if c.isprintable() and c != BETWEEN else " " for c in text).split())
