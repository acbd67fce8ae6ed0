"""Initialization: which rule the weights of a measured network follow, in the fields of a Config."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from propagation.config import BOUNDS
from propagation.formatting import number
from propagation.initializers import SCHEMES
from propagation.reports.report import Module

#: rules that are told apart by the variances of weights, in the order in which they are tried; then one standard deviation for all
_RULES = ("pytorch", "lecun", "he", "glorot", "he_fan_out", "glorot_standard")
#: a variance may be off by this share, and by so many standard errors of a variance
_OFF, _ERRORS = 0.02, 4.0
#: σ_w² that differ more than this from layer to layer are told of
_APART = 0.1


def rule_of(modules: Sequence[Module], activation: str) -> tuple[dict[str, Any], str]:
    """Return the fields of a Config that draw weights as these maps were, and a sentence where they are not quite so (else empty)."""
    found = np.array([module.weight_variance for module in modules])
    biases = [module for module in modules if "bias" in module.moments]
    fitting = {}
    for name in _RULES:
        scheme = SCHEMES[name]
        expected = [_expected(name, activation, module) for module in modules]
        if all(map(same_variance, found, expected, modules)) and (scheme.bias_scale is None or _library_biases(biases, scheme.bias_scale)):
            fitting[name] = float(np.abs(np.log(found / expected)).sum())
    if fitting:
        name = min(fitting, key=fitting.__getitem__)  # of those equally near the first: on layers of one width several rules are one
        scheme = SCHEMES[name]
        own: dict[str, Any] = _bias(biases) if scheme.bias_scale is None else {"weight_law": scheme.law}
        return {"scheme": name, **own}, ""
    stds = np.sqrt([module.variance("weight") for module in modules])
    middle = float(np.median(stds))
    several_fans = len({module.fan_in for module in modules}) > 1
    if several_fans and all(same_variance(std**2, middle**2, module) for std, module in zip(stds, modules, strict=True)):
        return {"scheme": "std", "weight_std": short(middle), **_bias(biases)}, ""
    value = float(np.median(found))
    low, high = float(found.min()), float(found.max())
    remark = ""
    if high > (1 + _APART) * low:
        remark = f"σ_w² differs from layer to layer, from {number(low)} to {number(high)}: {number(value)} stands for all."
    return {"scheme": "custom", "weight_variance": short(within("weight_variance", value)), **_bias(biases)}, remark


def same_variance(found: float, expected: float, module: Module) -> bool:
    """Return whether a variance that was found in the weights of a module is what is expected, as far as so many weights can tell."""
    if found <= 0 or expected <= 0:
        return found == expected
    count = max(1, (module.fan_in or 1) * (module.fan_out or 1))
    return abs(math.log(found / expected)) <= _OFF + _ERRORS * math.sqrt(2 / count)


def short(value: float) -> float:
    """Return a number with three digits, as a person would set it."""
    return float(f"{value:.3g}")


def within(field: str, value: float) -> float:
    """Return a number brought into the bounds of a field of Config."""
    low, high = BOUNDS[field]
    return float(min(max(value, low), high))


def _expected(name: str, activation: str, module: Module) -> float:
    """σ_w² of a map by a rule."""
    return float(SCHEMES[name].weight_variance(activation, float(module.fan_in or 1), float(module.fan_out or 1)))


def _library_biases(biases: Sequence[Module], scale: float) -> bool:
    """Whether the biases are those of a library, of variance scale/fan_in; where there are none, it is no such library's rule."""
    expected = [scale / (module.fan_in or 1) for module in biases]
    return bool(biases) and all(
        module.bias_variance > 0
        and abs(math.log(module.bias_variance / value)) <= _OFF + _ERRORS * math.sqrt(2 / max(1, module.fan_out or 1))
        for module, value in zip(biases, expected, strict=True)
    )


def _bias(biases: Sequence[Module]) -> dict[str, Any]:
    """σ_b² of these biases; 0 where there are none."""
    value = float(np.median([module.bias_variance for module in biases])) if biases else 0.0
    return {"bias_variance": short(within("bias_variance", value))}
