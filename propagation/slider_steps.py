"""Scales: where the sliders of an experiment can stand, and what lies one step further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from propagation import rules
from propagation.config import BOUNDS, Config

_DEPTHS = (*range(1, 11), 12, 15, *range(20, 51, 5), *range(60, 101, 10), 120, 150, 200, 300, 400, 500, 700, 1000, 1500, 2000)
_WIDTHS = (*(2**k for k in range(1, 20)), 1_000_000)
_INPUTS = tuple(2**k for k in range(11))
#: ends of the variance sliders: the useful range, and wider ones for larger values
_SLIDER_ENDS = (5.0, 10.0, 20.0, 50.0, 100.0)
VARIANCE_STEP = 0.01
#: sliders by the field they move: label, and the steps of those that have steps
CONTINUOUS = {"weight_variance": "Weight variance σ_w²", "bias_variance": "Bias variance σ_b²", "trials": "Draws of the network"}
STEPPED = {"depth": ("Depth", _DEPTHS), "width": ("Width", _WIDTHS), "inputs": ("Number of inputs", _INPUTS)}


def scale(field: str, value: int) -> list[int]:
    """The steps of a slider of STEPPED; a value from a link that is none of them becomes one."""
    return sorted({*STEPPED[field][1], value})


def slider_end(value: float) -> float:
    """Where the slider of a variance ends, so that this value has a place on it."""
    return next(end for end in _SLIDER_ENDS if value <= end or end == _SLIDER_ENDS[-1])


def sliders(config: Config) -> dict[str, dict[str, Any]]:
    """The sliders whose charts move with the hand: by label, the field and what the positions of a scale of steps mean."""
    return {label: {"field": field} for field, label in CONTINUOUS.items()} | {
        label: {"field": field, "steps": scale(field, getattr(config, field))} for field, (label, _) in STEPPED.items()
    }


def neighbours(field: str, config: Config) -> Sequence[float]:
    """The values one step from where the slider of this field stands; none for a field without a slider."""
    if field in STEPPED:
        steps = scale(field, here := getattr(config, field))
        place = steps.index(here)
        return steps[max(0, place - 1) : place] + steps[place + 1 : place + 2]
    if field not in CONTINUOUS:
        return []
    near: list[float]
    if field == "trials":
        near = [config.trials - 1, config.trials + 1]
    else:
        shown = rules.shown_weight_variance if field == "weight_variance" else rules.shown_bias_variance
        near = [round(shown(config) + step, 6) for step in (-VARIANCE_STEP, VARIANCE_STEP)]
    lowest, highest = BOUNDS[field]
    return [value for value in near if lowest <= value <= highest]
