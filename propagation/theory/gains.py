"""Gains: every answer to "which σ_w² for this activation?", side by side, and what each does to a deep network."""

from __future__ import annotations

import math
from dataclasses import dataclass

from propagation.initializers import kumar_scale
from propagation.theory.maps import chi_1, fixed_point
from propagation.theory.moments import moments
from propagation.theory.phases import critical_weight_variance

#: `torch.nn.init.calculate_gain` for the activations it knows (PyTorch 2; negative slope 0.01 for leaky_relu)
TORCH_GAINS = {
    "linear": 1.0,
    "sigmoid": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
    "selu": 3 / 4,
}


@dataclass(frozen=True)
class Gain:
    """One rule: its σ_w² for an activation (NaN where it has none), when it is the right one, and where it leads.

    `q_star` and `chi_1` are what a deep network with this σ_w² and the σ_b² asked for settles at: size of a signal, and the factor of a
    gradient in each layer. `why_not` says why there is no number.
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


def gains(activation: str, bias_variance: float = 0.0) -> tuple[Gain, ...]:
    """All rules for an activation. E and Var are over z ~ N(0, 1), a pre-activation of size 1."""
    of = moments(activation)
    kumar, kumar_refusal = _kumar(activation)
    torch = TORCH_GAINS.get(activation)
    rules = (
        (
            "forward",
            "Forward, second moment",
            r"1 / \mathbb{E}[\varphi^2]",
            "Right when every layer's input should keep its mean square, starting from size 1. He's 2 for ReLU is this.",
            1 / float(of.second(1.0)),
            "",
        ),
        (
            "forward_variance",
            "Forward, variance",
            r"1 / \mathrm{Var}[\varphi]",
            "Right only where the mean of the activation is removed, as in normalizer-free networks; otherwise the mean piles up.",
            1 / float(of.variance(1.0)),
            "",
        ),
        (
            "backward",
            "Backward",
            r"1 / \mathbb{E}[\varphi'^2]",
            "Right for gradients as long as something else holds pre-activations at size 1, such as a normalization layer.",
            1 / float(of.slope(1.0)),
            "",
        ),
        (
            "critical",
            "Critical point",
            r"\chi_1(q^*) = 1",
            "Right for a deep plain network: gradients keep their size at the size of signal the network itself settles at.",
            critical_weight_variance(activation, 0.0 if of.activation.homogeneous else bias_variance),
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
            math.nan if torch is None else torch**2,
            "PyTorch has no gain for this activation.",
        ),
    )
    return tuple(_gain(activation, bias_variance, *rule) for rule in rules)


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
