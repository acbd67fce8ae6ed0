"""Reading: one file of a lesson, from text to a screen; LessonError says what is wrong in it, and where."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, parse_qsl

from propagation.architecture import signals_of
from propagation.config import Config
from propagation.labs.evidence import EVIDENCE
from propagation.labs.measures import MEASURES
from propagation.lessons.screen import Card, Choice, Link, Network, Screen
from propagation.signals import SIGNALS

#: the widest slider, in decades
WIDEST = 60
MOST_NETWORKS, MOST_CHOICES = 4, 5
#: the line between an explanation and its longer part
FOLD = "+++"
_PAGE = re.compile(r"[a-z]+")
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)?\s*\.\.\s*(-?\d+(?:\.\d+)?)?")
_ONCE = ("topic", "claim", "question", "chart", "rows", "measure", "guess", "answer")
_REPEATED = ("network", "choice", "tempting", "link")
_NEEDED = ("topic", "claim", "question", "chart", "measure", "answer", "network")
#: charts that show signals by name, one row each
_BY_SIGNAL = ("sizes", "histogram")


class LessonError(ValueError):
    """What is wrong in a lesson file, with its name and line."""

    def __init__(self, name: str, line: int, sentence: str) -> None:
        super().__init__(f"{name}, line {line}: {sentence}")


def parse(text: str, name: str) -> Screen:
    """Read a screen from the text of its file; LessonError says what is wrong and where."""
    entries, body, end = _entries(text, name)
    lines = {key: found[0][0] for key, found in entries.items()}
    values = {key: found[0][1] for key, found in entries.items()}
    for key in _NEEDED:
        if key not in entries:
            raise LessonError(name, end, f"“{key}:” is missing")
    short, more = _body(body, name, end)
    if ("guess" in entries) == ("choice" in entries):
        raise LessonError(name, end, "either “choice:” lines or one “guess:” is needed")
    if "tempting" in entries and "guess" not in entries:
        raise LessonError(name, entries["tempting"][0][0], "“tempting:” says what is wrong about a “guess:”; a choice says it in its line")
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
        _tempting(entries.get("tempting", []), name),
        values["answer"],
        _links(entries, name),
        short,
        more,
    )


def parse_card(text: str, name: str) -> Card:
    """Read the card at the end from the text of its file."""
    entries, body, end = _entries(text, name, once=("topic",), repeated=("link",))
    if "topic" not in entries:
        raise LessonError(name, end, "“topic:” is missing")
    return Card(entries["topic"][0][1], _links(entries, name), _body(body, name, end)[0])


def _body(text: str, name: str, end: int) -> tuple[str, str]:
    """Return the explanation and its longer part."""
    short, *more = (part.strip() for part in re.split(rf"^{re.escape(FOLD)}[ \t]*$", text, flags=re.MULTILINE))
    if not short:
        raise LessonError(name, end, "there is no explanation after the second line of dashes")
    return short, "\n\n".join(more)


def _entries(
    text: str, name: str, once: tuple[str, ...] = _ONCE, repeated: tuple[str, ...] = _REPEATED
) -> tuple[dict[str, list[tuple[int, str]]], str, int]:
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
        if key not in once + repeated:
            raise LessonError(name, number, f"the key “{key[:40]}” is unknown; there are {', '.join(once + repeated)}")
        if key in entries and key in once:
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
    if chart not in _BY_SIGNAL:
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
        text, interval, why = _three(value)
        if not text:
            raise LessonError(name, line, "“choice: text | low .. high | reason” is needed")
        choices.append(_apart(Choice(text, *_interval(interval, name, line), why), choices, name, line))
    if len(choices) == 1:
        raise LessonError(name, found[0][0], "a single choice is no question")
    return tuple(choices)


def _tempting(found: list[tuple[int, str]], name: str) -> tuple[Choice, ...]:
    guesses: list[Choice] = []
    for line, value in found:
        interval, bar, why = (part.strip() for part in value.partition("|"))
        if not bar or not why:
            raise LessonError(name, line, "“tempting: low .. high | reason” is needed")
        guesses.append(_apart(Choice("", *_interval(interval, name, line), why), guesses, name, line))
    return tuple(guesses)


def _three(value: str) -> tuple[str, str, str]:
    """Return text, range and reason. Text and reason may hold bars of their own; the reason may be missing."""
    parts = value.split("|")
    at = next((place for place, part in enumerate(parts) if place and _RANGE.fullmatch(part.strip())), len(parts) - 1)
    return "|".join(parts[:at]).strip(), parts[at].strip(), "|".join(parts[at + 1 :]).strip()


def _apart(choice: Choice, others: list[Choice], name: str, line: int) -> Choice:
    """Return the choice, if no number belongs to it and to another one."""
    if any(choice.low < other.high and other.low < choice.high for other in others):
        raise LessonError(name, line, "this choice overlaps with one above, so that both could be right")
    return choice


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


def _links(entries: dict[str, list[tuple[int, str]]], name: str) -> tuple[Link, ...]:
    return tuple(_link(value, name, line) for line, value in entries.get("link", []))


def _link(value: str, name: str, line: int) -> Link:
    parts = [part.strip() for part in value.split("|")]
    if len(parts) not in (2, 3) or not parts[0] or not _PAGE.fullmatch(parts[1]):
        raise LessonError(name, line, "“link: text | page | query” is needed, with the page's name as in its address")
    return Link(parts[0], parts[1], dict(parse_qsl(parts[2]) if len(parts) == 3 else []))
