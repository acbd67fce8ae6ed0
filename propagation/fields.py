"""Fields: how a field of Config is declared, once, for the value itself, its text in an address, its control and its option.

A kind of field knows which values are allowed and how one is read from a text; how a kind is drawn stands in `ui/widgets/controls.py`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, ParamSpec, TypeVar

from propagation.formatting import exact, quoted

#: longest text an address may give for one field
LONGEST_TEXT = 200
#: key of a declaration in the metadata of its dataclass field
_ABOUT = "about"
_T = TypeVar("_T")
_P = ParamSpec("_P")


@dataclass(frozen=True, kw_only=True)
class Field:
    """What is to be known of a field beside its type and its default.

    `label` and `help` are those of its control, the help saying what the control is for and what moves when it moves; `option` is the
    help of the command line. A `folded` control is drawn on request only. Controls stand in the order of their fields, except those that
    stand below the control that `below` names. An address may give it a text of at most `longest` characters.
    """

    label: str
    help: str
    option: str
    folded: bool = True
    below: str = ""
    longest: int = LONGEST_TEXT

    def checked(self, name: str, value: Any) -> Any:
        """Return the value in the field's own type; ValueError names the field, the value and what is allowed."""
        raise NotImplementedError

    def read(self, name: str, text: str) -> Any:
        """Return the value that a text of an address says; ValueError as in `checked`."""
        return self.checked(name, text)


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """A field that is one of several names; `choices` holds their labels. `lookup` takes names, and other texts such as formulas."""

    choices: Mapping[str, str]
    lookup: Callable[[Any], str] | None = None

    def checked(self, name: str, value: Any) -> str:
        """Return the name."""
        if self.lookup is not None:
            return self.lookup(value)
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError(f"{name} = {quoted(value)} is unknown; choose one of {', '.join(self.choices)}")
        return value


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    """A field that is a number, a whole one where its bounds are.

    Its control is a slider over `steps`, a slider from its lower bound to the first of `slider_ends` that has room for the value, or else
    an entry; `step` and `format` are those of a slider without steps and of the entry. Where `symbol` is given, the slider has an entry
    of that name beside it, for any value within the bounds. A page that cannot bear a value proposes one of `smaller`, largest first. One
    that is `optional` may be None.
    """

    bounds: tuple[float, float]
    steps: tuple[float, ...] = ()
    slider_ends: tuple[float, ...] = ()
    step: float = 1
    format: str | None = None
    symbol: str = ""
    smaller: tuple[int, ...] = ()
    optional: bool = False

    @property
    def whole(self) -> bool:
        """Whether the number is a whole one."""
        return isinstance(self.bounds[0], int)

    def checked(self, name: str, value: Any) -> Any:
        """Return the number, an int where it is a whole one."""
        low, high = self.bounds
        if value is None and self.optional:
            return None
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        number: Any = value
        if not (is_number and low <= number <= high and (not self.whole or number == int(number))):
            kind = "a whole number" if self.whole else "a number"
            raise ValueError(f"{name} = {exact(value)} is out of range: {kind} from {exact(low)} to {exact(high)} is needed")
        return int(number) if self.whole else float(number)

    def read(self, name: str, text: str) -> float:
        """Return the number that a text says, in any way to write one."""
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"{name} = {quoted(text)} is not a number") from None
        if self.whole and text.strip().lstrip("+-").isdigit():
            number = int(text)  # exact where a float would round
        return self.checked(name, number)


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """A field that is a text with a meaning; `canonical` writes it in one way, or says in a ValueError what it has that cannot be read."""

    canonical: Callable[[str], str]
    placeholder: str

    def checked(self, name: str, value: Any) -> str:
        """Return the text as it is written in one way."""
        if not isinstance(value, str):
            raise ValueError(f"{name} = {quoted(value)} is no text such as {self.placeholder!r}")
        try:
            return self.canonical(value)
        except ValueError as error:
            raise ValueError(f"{name} = {quoted(value)} {error}") from None


@dataclass(frozen=True, kw_only=True)
class Flag(Field):
    """A field that is true or false, in an address 1 or 0."""

    def checked(self, name: str, value: Any) -> bool:
        """Return the truth value."""
        if not isinstance(value, bool):
            raise ValueError(f"{name} = {quoted(value)} is neither true nor false")
        return value

    def read(self, name: str, text: str) -> bool:
        """Return what 1 or 0 says, or the word for it that a file of numbers has."""
        said = {"0": False, "1": True, "False": False, "True": True}
        if text not in said:
            raise ValueError(f"{name} = {quoted(text)} is neither 1 nor 0")
        return said[text]


def declared(kind: Callable[_P, Field], default: _T, *args: _P.args, **about: _P.kwargs) -> _T:
    """Return the field of a dataclass of this kind, with its default and what else the kind wants to know."""
    return dataclasses.field(default=default, metadata={_ABOUT: kind(*args, **about)})


def declarations(cls: Any) -> dict[str, Field]:
    """Return the declarations of a dataclass by field, in its order."""
    return {field.name: field.metadata[_ABOUT] for field in dataclasses.fields(cls)}


def in_order_of_controls(fields: Mapping[str, Field]) -> list[str]:
    """Return the names of fields in the order in which their controls stand."""
    names = [name for name, field in fields.items() if not field.below]
    for name, field in fields.items():
        if field.below:
            names.insert(names.index(field.below) + 1, name)
    return names


def to_query(values: Any) -> dict[str, str]:
    """Return the declared fields of a dataclass that differ from their defaults, as the texts of an address."""
    present = ((field, getattr(values, field.name)) for field in dataclasses.fields(values))
    return {field.name: text_of(value) for field, value in present if value != field.default}


def from_query(cls: type[_T], query: Mapping[str, Any]) -> tuple[_T, list[str]]:
    """Return the dataclass that an address describes, and a sentence for each part that could not be read. Never raises.

    Values are texts, or lists of texts of which there must be one. What cannot be read keeps its default. The dataclass may refuse
    fields that contradict each other with a ValueError that begins with the name of the one at fault.
    """
    known = declarations(cls)
    defaults = {name: text_of(getattr(cls, name)) for name in known}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, given in query.items():
        if name not in known:
            problems.append(f"{quoted(name)} is not a setting of this app, and was ignored.")
            continue
        if given is None and getattr(cls, name) is None:  # as a JSON file says it
            continue
        try:
            values[name] = known[name].read(name, _only_text(name, given, known[name].longest))
        except ValueError as error:
            problems.append(f"{error}. {_stays('It', defaults[name])}")
    while True:
        try:
            return cls(**values), problems
        except ValueError as error:
            culprit = str(error).split()[0]
            del values[culprit]
            problems.append(f"{error}. {_stays(culprit, defaults[culprit])}")


def _stays(what: str, default: str) -> str:
    """Return the sentence on a field that could not be read."""
    return f"{what} stays at {default}." if default else f"{what} is left out."


def _only_text(name: str, given: Any, longest: int) -> str:
    """Return the one text that an address gives for a field; ValueError if it gives another number of texts, or a very long one."""
    texts = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(texts) != 1:
        raise ValueError(f"{name} is given {len(texts)} times, and one value is needed")
    text = str(texts[0])
    if len(text) > longest:
        raise ValueError(f"{name} is {len(text)} characters long, and at most {longest} are read")
    return text


def text_of(value: Any) -> str:
    """Return the shortest text that reads back as the same value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)
