"""The budget of an interactive page: what is too large is refused before anything is allocated, with what would fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from propagation.config import NUMBERS, SIZED, Config
from propagation.engine.cost import Work, work
from propagation.formatting import number
from propagation.initializers import WEIGHT_LAWS
from propagation.runtime.platform import IN_BROWSER
from propagation.runtime.scheduler import queue_length

#: a browser has less memory to give, and cannot leave work it has begun
MOST_BYTES, MOST_SECONDS = (2**30, 20.0) if IN_BROWSER else (2 * 2**30, 60.0)
#: fields a visitor can lower, and the values tried, largest first
_SMALLER: dict[str, tuple[Any, ...]] = {name: field.smaller for name, field in NUMBERS.items() if field.smaller}
#: what to lower where no single change is enough: by width and depth, and where the layers have their own sizes
_TOGETHER = ("Lower the width, the depth and the number of inputs together.", "Take smaller layers, fewer of them, and fewer inputs.")
#: the fields proposed before all others: without them the picture changes least
_FIRST = ("width", "inputs")


def fits(config: Config) -> bool:
    """Return whether the page takes this on."""
    estimate = work(config)
    return estimate.bytes <= MOST_BYTES and estimate.seconds <= MOST_SECONDS


def refusal(config: Config) -> str:
    """Return why this experiment is too large for the page and which single change would make it fit; empty if it is not."""
    if fits(config):
        return ""
    ways = list(_ways_out(config))
    advice = f"What would fit: {', or '.join(ways)}." if ways else _TOGETHER[bool(config.layer_sizes)]
    return f"This network would take {_needs(work(config))}; the page stops at {_needs(Work(MOST_BYTES, MOST_SECONDS))}. {advice}"


def busy() -> str:
    """Return what to say of a simulation while many visitors want one at once; empty if they do not."""
    waiting = queue_length()
    return f"Busy: {waiting} simulations are in line, the shortest first …" if waiting > 1 else ""


def _ways_out(config: Config) -> Iterable[str]:
    """Yield single changes after which the experiment fits."""
    builds_weights = not WEIGHT_LAWS[config.weight_law].has_implicit_map or config.method == "dense"
    if builds_weights and fits(replace(config, weight_law="gaussian", method="auto")):
        yield f"weight law {WEIGHT_LAWS['gaussian'].label} with the automatic method"
    lowered = [name for name in _SMALLER if not (config.layer_sizes and name in SIZED)]
    for field in sorted(lowered, key=lambda name: name not in _FIRST):
        present = getattr(config, field)
        value = next((value for value in _SMALLER[field] if value < present and fits(replace(config, **{field: value}))), None)
        if value is not None:
            yield f"{field} {value:,}"


def _needs(estimate: Work) -> str:
    seconds = estimate.seconds
    time = (
        f"{number(seconds)} s"
        if seconds < 120
        else f"{number(seconds / 60)} minutes"
        if seconds < 7200
        else f"{number(seconds / 3600)} hours"
    )
    return f"{number(estimate.bytes / 2**30)} GB and {time}"
