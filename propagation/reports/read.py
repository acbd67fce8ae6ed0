"""Read: a report from its text. Every part is checked, and what is wrong is said in a sentence; nothing in it is run.

The text is JSON, an object with `format` "signal-propagation-report" and `version` 1: `model`, `framework`, `mode`, `dtype`, `loss`,
`batch` (a list of shapes), `inputs`, `draws`, `parameters`, `notes`, `modules` in the order in which their calls end, `first_not_finite`
and `history`. A module has `name`, `type` and `kind`; `call`, `frozen`, `never_called`, `functional`, `fan_in`, `fan_out`, `weight_shape`,
`out_shape`, `activation`, `heads`, `causal`, `same_weights_as`, `tied_to`; moments of `in`, `out`, `out_gradient`, `weight`,
`weight_gradient` and `bias`, each with `log10_second_moment`, `log10_variance` and `mean`, lists of one number a draw; and shares. In a
logarithm "zero" stands for exactly zero and null for what is not finite. In a summary (`summary` true, as in a link) a list holds the
median, 10 % and 90 %, or the median alone. Other keys are ignored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from propagation.formatting import quoted
from propagation.reports.report import (
    FORMAT,
    KINDS,
    QUANTITIES,
    SHARES,
    VERSION,
    WATCHED,
    History,
    Module,
    Moments,
    NotFinite,
    Report,
    Spread,
)
from propagation.trials import HIGH, LOW

#: bytes of a text, modules, characters of a name and of a sentence, entries of a list: what is read at most
MOST_BYTES = 1_000_000
MOST_MODULES, MOST_CHARACTERS, MOST_WORDS, MOST_ENTRIES, MOST_DIMENSIONS = 10_000, 200, 2_000, 4_096, 16
_LARGEST_WHOLE = 2**53
#: logarithms beyond these are no sizes of anything
_LARGEST_LOG = 1e5


class ReportError(ValueError):
    """What is wrong with a report, in a sentence that can be shown."""


def read(text: str) -> Report:
    """Return the report that a text holds. ReportError, a sentence, where it holds none."""
    if not text.strip():
        raise ReportError("There is no text yet.")
    if len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES:
        raise ReportError(
            f"This text has more than {MOST_BYTES / 1e6:g} MB, and no more is read. Fewer draws make it shorter, and so does "
            "`report.link()`, which rounds."
        )
    try:
        found = json.loads(text)
    except RecursionError:
        raise ReportError("This is no report: it has lists within lists without end.") from None
    except ValueError as error:
        raise ReportError(f'This is no JSON{_place(error)}. `report.save("mine.json")` writes the text to paste here.') from None
    return report_of(found)


def report_of(found: Any) -> Report:
    """Return the report that JSON describes, once it is checked. ReportError as in `read`."""
    if not isinstance(found, dict):
        raise ReportError("This is JSON, but no report: a report is an object.")
    if found.get("format") != FORMAT:
        raise ReportError(f'This is JSON, but no report of `probe.py`: its "format" is not "{FORMAT}".')
    version = _whole(found, "version", "The report", least=1, needed=True)
    if version > VERSION:
        raise ReportError(f"This report is of version {version}, made by a newer `probe.py`; this page reads version {VERSION}.")
    entries = found.get("modules")
    if not isinstance(entries, list):
        raise ReportError("The report has no list of modules.")
    if len(entries) > MOST_MODULES:
        raise ReportError(f"The report has {len(entries):,} modules, and {MOST_MODULES:,} are read at most. Measure a part of the model.")
    summary = _flag(found, "summary", "The report")
    modules = tuple(_module(entry, place, summary) for place, entry in enumerate(entries, 1))
    if not any(not module.never_called for module in modules):
        raise ReportError("The report has no module that was called: there is nothing to show.")
    return Report(
        model=_text(found, "model", "The report") or "Your network",
        modules=modules,
        framework=_text(found, "framework", "The report"),
        mode=_text(found, "mode", "The report"),
        dtype=_text(found, "dtype", "The report"),
        loss=_text(found, "loss", "The report", MOST_WORDS),
        batch=_shapes(found),
        inputs=_whole(found, "inputs", "The report", least=1) or 1,
        draws=_whole(found, "draws", "The report", least=1) or 1,
        parameters=_whole(found, "parameters", "The report"),
        notes=tuple(_printable(note, MOST_WORDS) for note in _list(found, "notes", "The report", str)),
        first_not_finite=_not_finite(found),
        history=_history(found),
    )


def _place(error: ValueError) -> str:
    return f": line {error.lineno:,}, column {error.colno:,} cannot be read" if isinstance(error, json.JSONDecodeError) else ""


def _module(entry: Any, place: int, summary: bool) -> Module:
    """One module, the `place`-th."""
    where = f"Module {place:,}"
    if not isinstance(entry, dict):
        raise ReportError(f"{where} is no object.")
    name = _text(entry, "name", where)
    where = f"Module {place:,}, {quoted(name)}," if name else where
    kind = _text(entry, "kind", where)
    return Module(
        name=name,
        type=_text(entry, "type", where),
        kind=kind if kind in KINDS else "other",
        call=_whole(entry, "call", where, least=1) or 1,
        frozen=_flag(entry, "frozen", where),
        never_called=_flag(entry, "never_called", where),
        functional=_flag(entry, "functional", where),
        fan_in=_whole(entry, "fan_in", where),
        fan_out=_whole(entry, "fan_out", where),
        weight_shape=_shape(entry, "weight_shape", where),
        out_shape=_shape(entry, "out_shape", where),
        activation=_text(entry, "activation", where),
        heads=_whole(entry, "heads", where, least=1),
        causal=_flag(entry, "causal", where) if "causal" in entry else None,
        same_weights_as=_text(entry, "same_weights_as", where),
        tied_to=_text(entry, "tied_to", where),
        moments={quantity: _moments(entry, quantity, where, summary) for quantity in QUANTITIES if entry.get(quantity) is not None},
        shares={share: _share(entry, share, where) for share in SHARES if entry.get(share) is not None},
    )


def _moments(entry: Mapping[str, Any], quantity: str, where: str, summary: bool) -> Moments:
    found, where = entry[quantity], f"{where} “{quantity}”"
    if not isinstance(found, dict):
        raise ReportError(f"{where} is no object with moments.")
    gone = -math.inf if quantity == "out" and entry.get("zero") == 1 else math.inf
    size = _spread(found, "log10_second_moment", where, summary, gone)
    if size is None:
        raise ReportError(f"{where} has no log10_second_moment.")
    return Moments(size, _spread(found, "log10_variance", where, summary, gone), _spread(found, "mean", where, summary, None))


def _spread(found: Mapping[str, Any], key: str, where: str, summary: bool, gone: float | None) -> Spread | None:
    """The list of one number a draw as median and band; `gone` is what null stands for in a logarithm, None in a mean."""
    values = found.get(key)
    if values is None:
        return None
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_ENTRIES:
        raise ReportError(f"{where}: {key} is no list of numbers, one a draw.")
    numbers = [_entry(value, f"{where}: {key}", gone) for value in values]
    if summary:
        if len(numbers) not in (1, 3):
            raise ReportError(f"{where}: {key} holds {len(numbers):,} numbers, and in a summary these are the median, 10 % and 90 %.")
        return Spread(numbers[0], min(numbers), max(numbers))
    return _over_draws(numbers)


def _over_draws(numbers: list[float]) -> Spread:
    """As `trials.over_trials` does of many layers at once: draws that are NaN are left out."""
    ordered = sorted(number for number in numbers if not math.isnan(number)) or [math.nan]
    last = len(ordered) - 1
    middle = (ordered[last // 2] + ordered[(last + 1) // 2]) / 2
    return Spread(ordered[last] if math.isnan(middle) else middle, ordered[round(LOW * last)], ordered[round(HIGH * last)])


def _entry(value: Any, where: str, gone: float | None) -> float:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return math.nan if gone is None else gone
    if value == "zero":
        return 0.0 if gone is None else -math.inf
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ReportError(f"{where} holds {quoted(value)}, which is no number.")
    if gone is not None and abs(value) > _LARGEST_LOG:
        raise ReportError(f"{where} holds {quoted(value)}, which is the logarithm of no size.")
    return float(value) if abs(value) < 1e300 else math.nan


def _share(entry: Mapping[str, Any], key: str, where: str) -> float:
    value = entry[key]
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ReportError(f"{where} has a share “{key}” that is no number from 0 to 1.")
    return float(value)


def _text(found: Mapping[str, Any], key: str, where: str, longest: int = MOST_CHARACTERS) -> str:
    value = found.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ReportError(f"{where} has a “{key}” that is no text.")
    if len(value) > longest:
        raise ReportError(f"{where} has a “{key}” of {len(value):,} characters, and {longest:,} are read at most.")
    return _printable(value, longest)


def _printable(value: str, longest: int) -> str:
    """A visitor's text without what is not seen or turns the text around it."""
    return "".join(c if c.isprintable() else "\ufffd" for c in value[:longest])


def _whole(found: Mapping[str, Any], key: str, where: str, least: int = 0, needed: bool = False) -> Any:
    value = found.get(key)
    if value is None and not needed:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _LARGEST_WHOLE:
        raise ReportError(f"{where} has a “{key}” that is no whole number from {least} on.")
    return value


def _flag(found: Mapping[str, Any], key: str, where: str) -> bool:
    value = found.get(key)
    if value is not None and not isinstance(value, bool):
        raise ReportError(f"{where} has a “{key}” that is neither true nor false.")
    return bool(value)


def _list(found: Mapping[str, Any], key: str, where: str, of: type) -> list[Any]:
    values = found.get(key)
    if values is None:
        return []
    if not isinstance(values, list) or len(values) > MOST_ENTRIES or not all(type(value) is of for value in values):
        raise ReportError(f"{where} has “{key}” that are no list of {'texts' if of is str else 'whole numbers'}.")
    return values


def _shape(found: Mapping[str, Any], key: str, where: str) -> tuple[int, ...]:
    shape = _list(found, key, where, int)
    if len(shape) > MOST_DIMENSIONS or any(not 0 <= size <= _LARGEST_WHOLE for size in shape):
        raise ReportError(f"{where} has a “{key}” that is no shape.")
    return tuple(shape)


def _shapes(found: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    shapes = found.get("batch")
    if shapes is None:
        return ()
    if not isinstance(shapes, list) or len(shapes) > MOST_ENTRIES:
        raise ReportError("The report has a “batch” that is no list of shapes.")
    return tuple(_shape({"batch": shape}, "batch", "The report") for shape in shapes)


def _not_finite(found: Mapping[str, Any]) -> NotFinite | None:
    first = found.get("first_not_finite")
    if first is None:
        return None
    if not isinstance(first, dict):
        raise ReportError("The report has a “first_not_finite” that is no object.")
    where = "“first_not_finite”"
    what, during = _text(first, "what", where), _text(first, "pass", where)
    if what not in ("nan", "infinite") or during not in ("forward", "backward"):
        raise ReportError(f"{where} says neither nan nor infinite, or neither forward nor backward.")
    return NotFinite(_text(first, "module", where), what, during, _text(first, "after", where))


def _history(found: Mapping[str, Any]) -> History | None:
    history = found.get("history")
    if history is None:
        return None
    if not isinstance(history, dict):
        raise ReportError("The report has a “history” that is no object.")
    steps = tuple(_list(history, "steps", "The history", int))
    curves = {key: _curves(history, key, len(steps)) for key in WATCHED}
    return History(steps, **curves) if steps else None


def _curves(history: Mapping[str, Any], key: str, count: int) -> dict[str, tuple[float, ...]]:
    found = history.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict) or len(found) > MOST_MODULES:
        raise ReportError(f"The history has “{key}” that are no curves by the names of modules.")
    curves = {}
    for name, values in found.items():
        if len(name) > MOST_CHARACTERS or not isinstance(values, list) or len(values) != count:
            raise ReportError(f"The history has a curve {quoted(name)} that is no list of {count:,} numbers, one a step.")
        where = f"The history of {quoted(name)}"
        curves[_printable(name, MOST_CHARACTERS)] = tuple(
            _entry(value, where, None if key == "update_ratio" else math.nan) for value in values
        )
    return curves
