"""Publications: who papers are by, what they showed and the numbers quoted from them, read from one data file."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from propagation.assets import asset
from propagation.formatting import number

FILE = asset("papers.toml")
RELATIONS = ("about", "above", "below")


@dataclass(frozen=True)
class Published:
    """A number of a paper: `what` it is, `where` it stands, and how ours is compared with it.

    `relation` "about" asks for |ours − value| ≤ `tolerance`, "above" and "below" for ours on that side of `value`. `agrees` is what the
    file expects of that, `shown` the text for readers where it is not the number itself, `note` the reason of a disagreement.
    """

    name: str
    what: str
    where: str
    value: float
    tolerance: float = 0.0
    relation: str = "about"
    agrees: bool = True
    shown: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """Return what they report, for readers."""
        return self.shown or number(self.value)

    def holds(self, ours: float) -> bool:
        """Return whether a number of ours agrees with it."""
        if self.relation == "above":
            return ours > self.value
        if self.relation == "below":
            return ours < self.value
        return ours == self.value or abs(ours - self.value) <= self.tolerance


@dataclass(frozen=True)
class Publication:
    """What a paper says: its full reference, what it showed and where this page differs, in a sentence each, and its numbers."""

    label: str
    authors: str
    title: str
    venue: str
    year: int
    url: str
    showed: str
    figure: str
    differs: str
    numbers: tuple[Published, ...]


@cache
def publications() -> dict[str, Publication]:
    """Return the papers of the data file, by name, in its order."""
    return read(FILE.read_text(encoding="utf-8"))


def read(text: str) -> dict[str, Publication]:
    """Return the papers of a TOML text; ValueError names the paper and what is wrong with it."""
    found = {}
    for name, entry in tomllib.loads(text).items():
        numbers = entry.pop("numbers", [])
        published = tuple(_made(Published, one, f"{name}, number {place}") for place, one in enumerate(numbers, 1))
        found[name] = _made(Publication, entry | {"numbers": published}, name)
        for one in published:
            _check(one, f"{name}, {one.name}")
    return found


def _made(kind: type, entry: dict[str, Any], where: str) -> Any:
    """Return an entry as a dataclass."""
    unknown = set(entry) - {field.name for field in fields(kind)}
    if unknown:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))} is no field of it")
    try:
        return kind(**entry)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from None


def _check(one: Published, where: str) -> None:
    if one.relation not in RELATIONS:
        raise ValueError(f"{where}: relation = {one.relation!r} is unknown; choose one of {', '.join(RELATIONS)}")
    if one.relation == "about" and one.tolerance <= 0 and math.isfinite(one.value):
        raise ValueError(f"{where}: “about” needs a tolerance")
    if not one.agrees and not one.note:
        raise ValueError(f"{where}: a disagreement needs a note that says why")
