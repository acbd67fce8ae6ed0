"""Comparisons as text, for one readable parameter of the address, such as he.relu.gaussian~custom.tanh.gaussian.1.76."""

from __future__ import annotations

import re
from collections.abc import Sequence

from propagation.config import Config
from propagation.formatting import plain
from propagation.initializers import SCHEMES, WEIGHT_LAWS
from propagation.labs.compare import FIRST, MOST_COLUMNS, Column

#: the parameter's name
PARAMETER = "columns"
#: what the parameter says where all columns were removed; without the parameter the page shows its first comparison
NONE = "none"
_BETWEEN, _WITHIN = "~", "."
#: a formula may hold dots, so the activation is whatever stands between the scheme and the law
_COLUMN = re.compile(rf"(?P<scheme>[^.]*)\.(?P<activation>.+)\.(?P<law>{'|'.join(WEIGHT_LAWS)})(?:\.(?P<variance>.+))?", re.DOTALL)
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
    if column.weight_variance is not None:
        parts.append(f"{column.weight_variance:.15g}")
    return _WITHIN.join(parts)


def _parsed(part: str) -> Column:
    """Return one column; ValueError says what is wrong with it. Whether its scheme suits its activation shows when it is drawn."""
    found = _COLUMN.fullmatch(part)
    if found is None:
        raise ValueError(f"it needs {_EXAMPLE}")
    scheme, variance = found["scheme"], found["variance"]
    if scheme not in SCHEMES:
        raise ValueError(f"the scheme is unknown; choose one of {', '.join(SCHEMES)}")
    if (variance is None) == (scheme == "custom"):
        raise ValueError("a custom column ends with its σ_w², and no other does")
    if variance is None:
        return Column(scheme, Config(activation=found["activation"]).activation, found["law"])
    config = Config(activation=found["activation"], weight_variance=_number(variance))
    return Column(scheme, config.activation, found["law"], config.weight_variance)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("its σ_w² is not a number") from None


def _quoted(text: str) -> str:
    """Return a visitor's text as code: short and printable."""
    shown = "".join(c for c in text[:40] if c.isprintable() and c != "`")
    return f"`{shown}…`" if len(text) > 40 else f"`{shown}`"
