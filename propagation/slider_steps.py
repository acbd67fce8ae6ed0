"""Slider steps: where the sliders of an experiment can stand, and what lies one step further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from propagation import rules
from propagation.config import NUMBERS, Config

#: the declarations of fields with a slider, by field: over steps, and over a range
STEPPED = {name: field for name, field in NUMBERS.items() if field.steps}
RANGES = {name: field for name, field in NUMBERS.items() if field.slider_ends}


def scale(field: str, value: int) -> list[int]:
    """Return the steps of a slider of STEPPED; a value from a link that is none of them becomes one."""
    return sorted({*STEPPED[field].steps, value})


def slider_end(field: str, value: float) -> float:
    """Return where a slider of RANGES ends, so that this value has a place on it."""
    ends = RANGES[field].slider_ends
    return next((end for end in ends if value <= end), ends[-1])


def sliders(config: Config) -> dict[str, dict[str, Any]]:
    """Return the sliders that charts follow while they are held: by label, the field and what the positions of a scale of steps mean."""
    return {field.label: {"field": name} for name, field in RANGES.items()} | {
        field.label: {"field": name, "steps": scale(name, getattr(config, name))} for name, field in STEPPED.items()
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
