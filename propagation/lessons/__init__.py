"""Lessons: the texts of the guided answer, read from `assets/lessons/<language>/<chapter>.<screen>.md` and checked line by line.

A file opens with `key: value` lines between two lines of dashes; the Markdown after them is the explanation, what follows a line of three
plus signs its longer part. Some keys may be repeated:

    topic: a heading that gives nothing away  claim: one line, which takes its place once the answer is shown
    question: what is to be predicted
    chart: one of `labs.evidence.EVIDENCE`           rows: signals of a chart of sizes, as in  delta, weight_gradient
    network: label | depth=50&activation=relu       (repeated: one network each, in the words of an address)
    measure: change delta                    what decides, one of `labs.measures.MEASURES` and, where it needs one, a signal
    choice: text | low .. high | reason      (repeated) the right one holds the number measured, whatever that is; of a wrong one the
                                             reason says why it is tempting and wrong
    guess: low .. high                       instead of choices: a slider over whole powers of ten
    tempting: low .. high | reason           (repeated) the same of guesses on that slider
    answer: sentence with {measured} and {theory}
    link: text | page | query                (repeated) further pages; a link to Explore with the first network is always there

`end.md` is the card at the end: a `topic:`, perhaps some `link:` lines, and the Markdown. A screen that another language does not have is
taken from English. What is wrong is said with file and line, and the other screens work.
"""

from __future__ import annotations

import re
from pathlib import Path

from propagation.assets import asset
from propagation.lessons.reading import LessonError, parse, parse_card
from propagation.lessons.screen import END, Card, Choice, Lesson, Link, Network, Screen, chapter_of

__all__ = ["END", "ENGLISH", "FOLDER", "Card", "Choice", "Lesson", "LessonError", "Link", "Network", "Screen"]
__all__ += ["chapter_of", "languages", "load", "parse", "parse_card"]

FOLDER = asset("lessons")
ENGLISH = "en"
CHAPTERS = "chapters.md"
#: the longest file that is read
LONGEST = 20_000
_STEP = re.compile(r"\d\d?\.[1-9]\d?")


def languages(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the languages there are, English first, even where the folder itself is missing."""
    found = folder.iterdir() if folder.is_dir() else ()
    others = sorted(path.name for path in found if path.is_dir() and path.name != ENGLISH)
    return (ENGLISH, *others)


def load(language: str = ENGLISH, folder: Path = FOLDER) -> Lesson:
    """Load the whole lesson in a language; never raises for what a file says."""
    places = [folder / ENGLISH] + ([folder / language] if language in languages(folder) else [])
    files = {path.stem: path for place in places for path in sorted(place.glob("*.md")) if _STEP.fullmatch(path.stem) or path.stem == END}
    screens: dict[str, Screen] = {}
    card: Card | None = None
    problems: dict[str, str] = {}
    for step, path in files.items():
        name = f"{path.parent.name}/{path.name}"
        try:
            if step == END:
                card = parse_card(_text(path, name), name)
            else:
                screens[step] = parse(_text(path, name), name)
        except LessonError as error:
            problems[step] = str(error)
    titles: dict[str, str] = {}
    for place in places:
        titles |= _titles(place / CHAPTERS)
    numbers = sorted({chapter_of(step) for step in files if step != END}, key=int)
    return Lesson({number: titles.get(number, f"Chapter {number}") for number in numbers}, screens, problems, card)


def _text(path: Path, name: str) -> str:
    """Read a file's text, if it is one."""
    try:
        if path.stat().st_size > LONGEST:
            raise LessonError(name, 1, f"the file is longer than {LONGEST:,} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LessonError(name, 1, "the file cannot be read as UTF-8 text") from error


def _titles(path: Path) -> dict[str, str]:
    """Read titles of chapters from lines such as `1: Variance of what?`; what is no such line is skipped."""
    try:
        pairs = [line.partition(":") for line in _text(path, path.name).splitlines()]
    except LessonError:
        return {}
    return {number.strip(): title.strip() for number, _, title in pairs if number.strip().isdigit() and title.strip()}
