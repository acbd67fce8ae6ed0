"""Slider steps: where the sliders of an experiment can stand, and what lies one step further."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

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


def sliders(config: Config) -> dict[str, dict[str, Any]]:
    """Return the sliders that charts follow while they are held: by label, the field and what the positions of a scale of steps mean."""
    return {field.label: {"field": name} for name, field in RANGES.items()} | {
        field.label: {"field": name, "steps": scale(name, rules.shown(config, name))} for name, field in STEPPED.items()
    }


def neighbours(field: str, config: Config) -> Sequence[float]:
    """Return the values one step from where the slider of this field stands; none for a field without a slider."""
    if field not in STEPPED and field not in RANGES:
        return []
    here = rules.shown(config, field)
    if field in STEPPED:
        steps = scale(field, here)
        place = steps.index(here)
        return steps[max(0, place - 1) : place] + steps[place + 1 : place + 2]
    lowest, highest = RANGES[field].bounds
    near = (round(here + step, 6) for step in (-RANGES[field].step, RANGES[field].step))
    return [value for value in near if lowest <= value <= highest]
