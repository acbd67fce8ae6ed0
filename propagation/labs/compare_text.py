"""Comparisons as text, for one readable parameter of the address, such as he.relu.gaussian~custom.tanh.gaussian.1.76."""

from __future__ import annotations

import re
from collections.abc import Sequence

from propagation.config import FIELDS, Config
from propagation.formatting import plain
from propagation.initializers import SCHEMES, WEIGHT_LAWS
from propagation.labs.compare import FIRST, MOST_COLUMNS, Column

#: the parameter's name
PARAMETER = "columns"
#: what the parameter says where all columns were removed; without the parameter the page shows its first comparison
NONE = "none"
_BETWEEN, _WITHIN = "~", "."
#: a formula may hold dots, so the activation is whatever stands between the scheme and the law
_COLUMN = re.compile(rf"(?P<scheme>[^.]*)\.(?P<activation>.+)\.(?P<law>{'|'.join(WEIGHT_LAWS)})(?:\.(?P<number>.+))?", re.DOTALL)
_EXAMPLE = "scheme.activation.law, as in he.relu.gaussian, or custom.tanh.gaussian.1.76"


def written(columns: Sequence[Column]) -> str:
    """Return the text of a comparison; empty for the one the page opens with, which needs no text."""
    if tuple(columns) == FIRST:
        return ""
    return _BETWEEN.join(map(_text, columns)) or NONE


def read(text: str) -> tuple[tuple[Column, ...], list[str]]:
    """Return the columns a text describes, and a sentence for each part of it that could not be read. Never raises.

    A sentence is Markdown, in which nothing of the text is markup.
    """
    if not text:
        return FIRST, []
    parts = [part for part in text.split(_BETWEEN) if part and part != NONE]
    problems = []
    if len(parts) > MOST_COLUMNS:
        problems.append(f"This address asks for {len(parts):,} columns, and {MOST_COLUMNS} fit: the first {MOST_COLUMNS} are taken.")
    columns: list[Column] = []
    for part in parts[:MOST_COLUMNS]:
        try:
            column = _parsed(part)
        except ValueError as error:
            problems.append(f"{_quoted(part)} is no column: {plain(str(error))}.")
            continue
        if column not in columns:
            columns.append(column)
    return tuple(columns), problems


def _text(column: Column) -> str:
    parts = [column.scheme, column.activation, column.weight_law]
    parts += [f"{number:.15g}" for number in (column.weight_variance, column.weight_std) if number is not None]
    return _WITHIN.join(parts)


def _parsed(part: str) -> Column:
    """Return one column; ValueError says what is wrong with it. Whether its scheme suits its activation shows when it is drawn."""
    found = _COLUMN.fullmatch(part)
    if found is None:
        raise ValueError(f"it needs {_EXAMPLE}")
    scheme, law = found["scheme"], found["law"]
    if scheme not in SCHEMES:
        raise ValueError(f"the scheme is unknown; choose one of {', '.join(SCHEMES)}")
    own = {"custom": "weight_variance", "std": "weight_std"}.get(scheme)
    if (found["number"] is None) == (own is not None):
        raise ValueError("a custom column ends with its σ_w² and a std column with its std, and no other does")
    numbers = {} if own is None else {own: FIELDS[own].read(own, found["number"])}
    config = Config(activation=found["activation"])
    return Column(scheme, config.activation, law, **numbers)


def _quoted(text: str) -> str:
    """Return a visitor's text as code: short and printable."""
    shown = "".join(c for c in text[:40] if c.isprintable() and c != "`")
    return f"`{shown}…`" if len(text) > 40 else f"`{shown}`"
