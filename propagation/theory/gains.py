"""Gains: every answer to "which σ_w² for this activation?", side by side, and what each does to a deep network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from propagation.activations import Activation
from propagation.expressions import TooFast, lookup, shifted
from propagation.initializers import kumar_scale
from propagation.theory.maps import chi_1, fixed_point
from propagation.theory.moments import moments
from propagation.theory.one_layer import OneLayer, one_layer
from propagation.theory.phases import critical_weight_variance

#: `torch.nn.init.calculate_gain` for the activations it knows (PyTorch 2; leaky_relu takes the slope as an argument, 0.01 by default)
TORCH_GAINS = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
    "selu": 3 / 4,
}


#: values of σ_w² closer than this share are one answer
_SAME = 1e-7
_NO_MEAN = "This mean has no finite value: the function grows too fast."
_ONE_LAYER_REFUSALS = {
    "critical": "No size of the signal is stable, so there is no critical point for a deep network.",
    "kumar": "A straight line through φ at 0 says nothing of a function that grows faster than a line.",
    "torch": "PyTorch has no gain for this function.",
}
#: name, label, formula, when, σ_w², why not
Rule = tuple[str, str, str, str, float, str]


@dataclass(frozen=True)
class Gain:
    """One rule: its σ_w² for an activation (NaN where it has none), when it is the right one, and where it leads.

    `q_star` and `chi_1` are what a deep network with this σ_w² and the σ_b² asked for settles at: size of a signal, and the factor of a
    gradient in each layer. Where φ grows faster than a straight line nothing settles: q* is NaN, and χ₁ that of one layer at size 1.
    `why_not` says why there is no number.
    """

    name: str
    label: str
    formula: str
    when: str
    weight_variance: float
    q_star: float
    chi_1: float
    why_not: str = ""

    @property
    def gain(self) -> float:
        """√σ_w², the number by which libraries multiply 1/√fan_in."""
        return math.sqrt(self.weight_variance)


def torch_gain(activation: Activation) -> float | None:
    """Return what PyTorch's calculate_gain returns for an activation, √(2/(1 + a²)) for max(x, a x); None where it has no gain."""
    if activation.family == "leaky_relu":
        return math.sqrt(2 / (1 + activation.slopes_at_zero[0] ** 2))
    return TORCH_GAINS.get(activation.family or activation.name)


def gains(activation: str, bias_variance: float = 0.0, bias_mean: float = 0.0) -> tuple[Gain, ...]:
    """Return all rules for a known or typed activation. E and Var are over z ~ N(`bias_mean`, 1), a pre-activation of size 1 around it.

    Rules that libraries state by the name of φ do not know of a mean of the biases.

    One that grows faster than a straight line, such as relu(x)**2, has those of one layer. ExpressionError for any other bad formula.
    """
    try:
        phi = lookup(activation)
    except TooFast:
        return _of_one_layer(activation)
    shown = shifted(phi.name, bias_mean)
    of = moments(shown)
    means = OneLayer(float(of.second(1.0)), float(of.variance(1.0)), float(of.slope(1.0)))
    critical = critical_weight_variance(shown, 0.0 if lookup(shown).homogeneous else bias_variance)
    kumar, kumar_refusal = _kumar(phi.name)
    torch = torch_gain(phi)
    rules = _rules(means, critical, kumar, kumar_refusal, math.nan if torch is None else torch**2)
    return tuple(_gain(shown, bias_variance, *rule) for rule in rules)


def distinct(rules: Sequence[Gain]) -> list[tuple[float, int]]:
    """Return the different σ_w² that rules give, ascending, each with the number of rules that give it, to seven digits."""
    groups: list[tuple[float, int]] = []
    for value in sorted(rule.weight_variance for rule in rules if not rule.why_not):
        if groups and value - groups[-1][0] <= _SAME * value:
            groups[-1] = (groups[-1][0], groups[-1][1] + 1)
        else:
            groups.append((value, 1))
    return groups


def _of_one_layer(formula: str) -> tuple[Gain, ...]:
    """Return the rules for one layer of a φ that grows faster than a straight line."""
    means = one_layer(formula)
    answers = []
    for name, label, text, when, value, _ in _rules(means, math.nan, math.nan, "", math.nan):
        if 0 < value < math.inf:
            answers.append(Gain(name, label, text, when, value, math.nan, value * means.slope))
        else:
            answers.append(Gain(name, label, text, when, math.nan, math.nan, math.nan, _ONE_LAYER_REFUSALS.get(name, _NO_MEAN)))
    return tuple(answers)


def _rules(means: OneLayer, critical: float, kumar: float, kumar_refusal: str, torch: float) -> tuple[Rule, ...]:
    """Return name, label, formula, when it is right, σ_w², and why there is none, of every rule."""
    return (
        (
            "forward",
            "Forward, second moment",
            r"1 / \mathbb{E}[\varphi^2]",
            "Right when every layer's input should keep its mean square, starting from size 1. He's 2 for ReLU is this.",
            _inverse(means.second),
            "",
        ),
        (
            "forward_variance",
            "Forward, variance",
            r"1 / \mathrm{Var}[\varphi]",
            "Right only where the mean of the activation is removed, as in normalizer-free networks; otherwise the mean piles up.",
            _inverse(means.variance),
            "",
        ),
        (
            "backward",
            "Backward",
            r"1 / \mathbb{E}[\varphi'^2]",
            "Right for the gradient of a layer whose pre-activations have size 1. Deep in a network they have size q*.",
            _inverse(means.slope),
            "",
        ),
        (
            "critical",
            "Critical point",
            r"\chi_1(q^*) = 1",
            "Right for a deep plain network: gradients keep their size at the size of signal the network itself settles at.",
            critical,
            "χ₁ = 1 only where the size of the signal is not stable: no choice of σ_w² is critical at this bias.",
        ),
        (
            "kumar",
            "Kumar 2017",
            r"1 / (\varphi'(0)^2 (1 + \varphi(0)^2))",
            "A straight line through φ at 0 in place of φ: right for signals much smaller than 1, too small once φ bends.",
            kumar,
            kumar_refusal,
        ),
        (
            "torch",
            "PyTorch's calculate_gain",
            r"\mathrm{gain}^2",
            "What torch.nn.init returns by name. He's 2 for the ReLU family; 5/3 for tanh and 3/4 for SELU are conventions: see χ₁.",
            torch,
            "PyTorch has no gain for this activation.",
        ),
    )


def _inverse(mean: float) -> float:
    return 1 / mean if 0 < mean < math.inf else math.nan


def _gain(activation: str, bias_variance: float, name: str, label: str, formula: str, when: str, value: float, why_not: str) -> Gain:
    if math.isnan(value):
        return Gain(name, label, formula, when, value, math.nan, math.nan, why_not)
    q_star = fixed_point(activation, value, bias_variance)
    return Gain(name, label, formula, when, value, q_star, float(chi_1(q_star, activation, value)))


def _kumar(activation: str) -> tuple[float, str]:
    try:
        return kumar_scale(activation), ""
    except ValueError:
        return math.nan, "The slope jumps at 0, or is 0 there, and the formula needs one that is neither."
