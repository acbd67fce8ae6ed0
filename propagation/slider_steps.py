"""Slider steps: where the sliders of an experiment can stand, and what lies one step further."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from propagation import rules
from propagation.config import NUMBERS, Config
from propagation.formatting import number

#: the declarations of fields with a slider, by field: over steps, and over a range
STEPPED = {name: field for name, field in NUMBERS.items() if field.steps}
RANGES = {name: field for name, field in NUMBERS.items() if field.slider_ends}


@lru_cache(maxsize=4096)
def step_text(value: float) -> str:
    """Return what a slider of STEPPED writes beside its thumb."""
    return f"{value:,}" if isinstance(value, int) else number(value)


def scale(field: str, value: float) -> list[float]:
    """Return the steps of a slider of STEPPED; a value that is none of them becomes one, in place of a step that reads the same."""
    steps = STEPPED[field].steps
    if value in steps:
        return [*steps]
    return sorted([*(step for step in steps if step_text(step) != step_text(value)), value])


def place_on(steps: Sequence[float], value: float) -> float:
    """Return where on a slider over these steps a value stands, from 0 to 1; between two steps in proportion."""
    after = min(max(1, bisect_left(steps, value)), len(steps) - 1)
    low, high = steps[after - 1], steps[after]
    return (after - 1 + (value - low) / (high - low)) / (len(steps) - 1)


def slider_end(field: str, value: float) -> float:
    """Return where a slider of RANGES ends, so that this value has a place on it."""
    ends = RANGES[field].slider_ends
    return next((end for end in ends if value <= end), ends[-1])


def labels() -> dict[str, str]:
    """Return the fields of networks that have a slider, by its label; how many networks are drawn is none of them."""
    return {field.label: name for name, field in (RANGES | STEPPED).items() if name != "trials"}


def positions(field: str, config: Config) -> dict[float, float]:
    """Return the values at which the slider of a field can stand, by what it calls its positions: of steps the number, from 0."""
    here = rules.shown(config, field)
    if field in STEPPED:
        return dict(enumerate(scale(field, here)))
    declaration = RANGES[field]
    lowest, step = declaration.bounds[0], declaration.step
    count = round((slider_end(field, here) - lowest) / step)
    values = (type(lowest)(round(lowest + step * place, 6)) for place in range(count + 1))
    return {value: value for value in values}
