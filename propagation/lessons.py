"""Lessons: the texts of the guided answer, read from `assets/lessons/<language>/<chapter>.<screen>.md` and checked line by line.

A file opens with `key: value` lines between two lines of dashes; the Markdown after them is the explanation. Some keys may be repeated:

    topic: a heading that gives nothing away  claim: one line, which takes its place once the answer is shown
    question: what is to be predicted
    chart: sizes | cosines | tokens | parts | histogram      rows: signals of the chart, as in  delta, weight_gradient
    network: label | depth=50&activation=relu       (repeated: one network each, in the words of an address)
    measure: change delta                    what decides, one of `labs.evidence.MEASURES` and, where it needs one, a signal
    choice: text | low .. high               (repeated; the right one holds the number measured, whatever that is)
    guess: low .. high                       instead of choices: a slider over whole powers of ten
    answer: sentence with {measured} and {theory}
    link: text | page | query                (repeated) further pages; a link to Explore with the first network is always there

A screen that another language does not have is taken from English. What is wrong is said with file and line, and the other screens work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl

from propagation.architecture import signals_of
from propagation.assets import asset
from propagation.config import Config
from propagation.labs.evidence import EVIDENCE, MEASURES
from propagation.signals import SIGNALS

FOLDER = asset("lessons")
ENGLISH = "en"
CHAPTERS = "chapters.md"
#: the longest file that is read, and the widest slider, in decades
LONGEST, WIDEST = 20_000, 60
MOST_NETWORKS, MOST_CHOICES = 4, 5
_STEP = re.compile(r"[1-9]\d?\.[1-9]\d?")
_PAGE = re.compile(r"[a-z]+")
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)?\s*\.\.\s*(-?\d+(?:\.\d+)?)?")
_ONCE = ("topic", "claim", "question", "chart", "rows", "measure", "guess", "answer")
_REPEATED = ("network", "choice", "link")
_NEEDED = ("topic", "claim", "question", "chart", "measure", "answer", "network")


class LessonError(ValueError):
    """What is wrong in a lesson file, with its name and line."""

    def __init__(self, name: str, line: int, sentence: str) -> None:
        super().__init__(f"{name}, line {line}: {sentence}")


@dataclass(frozen=True)
class Choice:
    """One of the answers offered: right if the number asked for lies between low and high."""

    text: str
    low: float
    high: float

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

    There are choices, or else `reach`, the powers of ten over which a guess can be drawn. `signal` is empty where `measure` needs none.
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
    answer: str
    links: tuple[Link, ...]
    body: str


@dataclass(frozen=True)
class Lesson:
    """The screens that could be read, by their step such as "2.3", a sentence for each that could not, and the chapters' titles."""

    chapters: dict[str, str]
    screens: dict[str, Screen]
    problems: dict[str, str]

    @property
    def steps(self) -> tuple[str, ...]:
        """All screens in order, those with a problem too."""
        return tuple(sorted({*self.screens, *self.problems}, key=lambda step: tuple(map(int, step.split(".")))))


def languages(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the languages there are, English first, even where the folder itself is missing."""
    found = folder.iterdir() if folder.is_dir() else ()
    others = sorted(path.name for path in found if path.is_dir() and path.name != ENGLISH)
    return (ENGLISH, *others)


def load(language: str = ENGLISH, folder: Path = FOLDER) -> Lesson:
    """Load the whole lesson in a language; never raises for what a file says."""
    places = [folder / ENGLISH] + ([folder / language] if language in languages(folder) else [])
    files = {path.stem: path for place in places for path in sorted(place.glob("*.md")) if _STEP.fullmatch(path.stem)}
    screens: dict[str, Screen] = {}
    problems: dict[str, str] = {}
    for step, path in files.items():
        name = f"{path.parent.name}/{path.name}"
        try:
            screens[step] = parse(_text(path, name), name)
        except LessonError as error:
            problems[step] = str(error)
    titles: dict[str, str] = {}
    for place in places:
        titles |= _titles(place / CHAPTERS)
    numbers = sorted({step.split(".")[0] for step in files}, key=int)
    return Lesson({number: titles.get(number, f"Chapter {number}") for number in numbers}, screens, problems)


def parse(text: str, name: str) -> Screen:
    """Read a screen from the text of its file; LessonError says what is wrong and where."""
    entries, body, end = _entries(text, name)
    lines = {key: found[0][0] for key, found in entries.items()}
    values = {key: found[0][1] for key, found in entries.items()}
    for key in _NEEDED:
        if key not in entries:
            raise LessonError(name, end, f"“{key}:” is missing")
    if not body:
        raise LessonError(name, end, "there is no explanation after the second line of dashes")
    if ("guess" in entries) == ("choice" in entries):
        raise LessonError(name, end, "either “choice:” lines or one “guess:” is needed")
    chart = _one_of(values["chart"], tuple(EVIDENCE), name, lines["chart"])
    measure, signal = _measure(values["measure"], chart, name, lines["measure"])
    rows = _rows(values.get("rows", signal), chart, signal, name, lines.get("rows", lines["measure"]))
    networks = tuple(
        _network(value, chart, rows, name, line) for line, value in _at_most(MOST_NETWORKS, "networks", entries["network"], name)
    )
    return Screen(
        values["topic"],
        values["claim"],
        values["question"],
        chart,
        rows,
        networks,
        measure,
        signal,
        _choices(entries.get("choice", []), name),
        _reach(values["guess"], MEASURES[measure].unit, name, lines["guess"]) if "guess" in entries else None,
        values["answer"],
        tuple(_link(value, name, line) for line, value in entries.get("link", [])),
        body,
    )


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


def _entries(text: str, name: str) -> tuple[dict[str, list[tuple[int, str]]], str, int]:
    """Return key → its (line, value) pairs, the body, and the line at which the keys end."""
    lines = text.splitlines()
    dashes = [number for number, line in enumerate(lines) if line.strip() == "---"]
    if not lines or lines[0].strip() != "---" or len(dashes) < 2:
        raise LessonError(name, 1, "a file opens with “key: value” lines between two lines of ---")
    entries: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines[1 : dashes[1]], start=2):
        if not line.strip():
            continue
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not value:
            raise LessonError(name, number, "“key: value” is needed")
        if key not in _ONCE + _REPEATED:
            raise LessonError(name, number, f"the key “{key[:40]}” is unknown; there are {', '.join(_ONCE + _REPEATED)}")
        if key in entries and key in _ONCE:
            raise LessonError(name, number, f"“{key}:” is given twice")
        entries.setdefault(key, []).append((number, value))
    return entries, "\n".join(lines[dashes[1] + 1 :]).strip(), dashes[1] + 1


def _at_most(most: int, what: str, found: list[tuple[int, str]], name: str) -> list[tuple[int, str]]:
    if len(found) > most:
        raise LessonError(name, found[most][0], f"at most {most} {what} fit on a screen")
    return found


def _one_of(value: str, allowed: tuple[str, ...], name: str, line: int) -> str:
    if value not in allowed:
        raise LessonError(name, line, f"“{value[:40]}” is unknown; choose one of {', '.join(allowed)}")
    return value


def _measure(value: str, chart: str, name: str, line: int) -> tuple[str, str]:
    """Read the measure and its signal, which together fit the chart."""
    measure, *signal = value.split()
    found = MEASURES[_one_of(measure, tuple(MEASURES), name, line)]
    if chart not in found.charts:
        raise LessonError(name, line, f"“{measure}” is measured in the chart {' or '.join(found.charts)}, not in {chart}")
    if len(signal) != bool(found.signals):
        raise LessonError(name, line, f"“{measure}” needs {'one signal' if found.signals else 'no signal'} after it")
    return measure, _one_of(signal[0], found.signals, name, line) if signal else ""


def _rows(value: str, chart: str, signal: str, name: str, line: int) -> tuple[str, ...]:
    if chart in ("cosines", "tokens", "parts"):
        return ()
    rows = tuple(_one_of(row.strip(), tuple(SIGNALS), name, line) for row in (value or "h").split(","))
    if signal and signal not in rows:
        raise LessonError(name, line, f"the rows must show {signal}, which is measured")
    return rows


def _network(value: str, chart: str, rows: tuple[str, ...], name: str, line: int) -> Network:
    """Read a network, which has all that the chart shows."""
    label, bar, query = (part.strip() for part in value.partition("|"))
    if not bar:
        raise LessonError(name, line, "“network: label | depth=50&activation=relu” is needed")
    config, problems = Config.from_query(parse_qs(query, keep_blank_values=True))
    if problems:
        raise LessonError(name, line, " ".join(problems))
    if lacking := [row for row in rows if row not in signals_of(config)]:
        raise LessonError(name, line, f"this network has no {lacking[0]}, which the rows show: only one of residual blocks has")
    if chart == "tokens" and config.tokens == 1:
        raise LessonError(name, line, "this network has no tokens, which the chart shows: add architecture=transformer and tokens")
    return Network(label, config)


def _choices(found: list[tuple[int, str]], name: str) -> tuple[Choice, ...]:
    choices: list[Choice] = []
    for line, value in _at_most(MOST_CHOICES, "choices", found, name):
        text, _, interval = (part.strip() for part in value.rpartition("|"))
        if not text:
            raise LessonError(name, line, "“choice: text | low .. high” is needed")
        choice = Choice(text, *_interval(interval, name, line))
        if any(choice.low < other.high and other.low < choice.high for other in choices):
            raise LessonError(name, line, "this choice overlaps with one above, so that both could be right")
        choices.append(choice)
    if len(choices) == 1:
        raise LessonError(name, found[0][0], "a single choice is no question")
    return tuple(choices)


def _interval(text: str, name: str, line: int) -> tuple[float, float]:
    found = _RANGE.fullmatch(text)
    if found is None or not any(found.groups()):
        raise LessonError(name, line, "a range such as  -3 .. 1  or  .. -3  is needed")
    low, high = float(found[1] or "-inf"), float(found[2] or "inf")
    if not low < high:
        raise LessonError(name, line, "the range is empty: its first number must be the smaller one")
    return low, high


def _reach(text: str, unit: str, name: str, line: int) -> tuple[int, int]:
    low, high = _interval(text, name, line)
    if unit != "size":
        raise LessonError(name, line, "a guess is drawn in powers of ten, and this measure is no size: give choices")
    if not (low.is_integer() and high.is_integer() and high - low <= WIDEST):
        raise LessonError(name, line, f"the range of a guess has two whole numbers, at most {WIDEST} apart")
    return int(low), int(high)


def _link(value: str, name: str, line: int) -> Link:
    parts = [part.strip() for part in value.split("|")]
    if len(parts) not in (2, 3) or not parts[0] or not _PAGE.fullmatch(parts[1]):
        raise LessonError(name, line, "“link: text | page | query” is needed, with the page's name as in its address")
    return Link(parts[0], parts[1], dict(parse_qsl(parts[2]) if len(parts) == 3 else []))
