"""Kumar 2017: its weight variance for every activation, beside the one at which gradients really keep their size."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from propagation.activations import ACTIVATIONS
from propagation.config import Config
from propagation.initializers import kumar_scale
from propagation.labs.papers.finding import Finding
from propagation.theory.maps import chi_1, fixed_point
from propagation.theory.phases import critical_weight_variance

CONFIG = Config(activation="sigmoid", scheme="kumar", bias_variance=0)


@dataclass(frozen=True)
class Rule:
    """One activation without biases: Kumar's σ_w² and the critical one, NaN where there is none, and where Kumar's leads.

    `q_star` and `chi_1` are the size a signal settles at and the factor of a gradient per layer there. `fate` is "holds", "fades" (χ₁ = 1
    at a signal that dies slowly), "vanishes", "explodes" or "none" (the formula does not apply).
    """

    label: str
    kumar: float
    critical: float
    q_star: float
    chi_1: float
    fate: str


def kumar(config: Config, progress: Callable[[float], None] | None = None) -> Finding:
    """The evidence is a Rule for every activation, those for which the formula holds first."""
    rules = {name: rule_of(name) for name in ACTIVATIONS}
    if progress:
        progress(1.0)
    order = ("holds", "fades", "vanishes", "explodes", "none")
    sigmoid = rules["sigmoid"]
    return Finding(
        {
            "sigmoid_std": math.sqrt(sigmoid.kumar),
            "tanh_std": math.sqrt(rules["tanh"].kumar),
            "relu_std": math.sqrt(rules["relu"].kumar),
            "tanh_critical": rules["tanh"].critical,
            "sigmoid_critical": sigmoid.critical,
        },
        tuple(sorted(rules.values(), key=lambda rule: (order.index(rule.fate), rule.label.lower()))),
    )


def rule_of(activation: str) -> Rule:
    """Kumar's rule and the exact one for an activation."""
    label = ACTIVATIONS[activation].label
    critical = critical_weight_variance(activation, 0.0)
    try:
        own = kumar_scale(activation)
    except ValueError:
        return Rule(label, math.nan, critical, math.nan, math.nan, "none")
    q_star = fixed_point(activation, own, 0.0)
    chi = float(chi_1(q_star, activation, own))
    return Rule(label, own, critical, q_star, chi, _fate(q_star, chi))


def _fate(q_star: float, chi: float) -> str:
    if math.isinf(q_star):
        return "explodes"
    if abs(chi - 1) > 1e-6:
        return "vanishes" if chi < 1 else "explodes"
    return "fades" if q_star == 0 else "holds"
