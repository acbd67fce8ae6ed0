"""Initializers: one formula, Var[W] = scale / fan, and the named schemes as thin data over it.

Everywhere in this project a scheme is quoted as σ_w² = fan_in · Var[W], the number on the weight-variance slider.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from propagation.expressions import lookup

#: fan of a layer with `n_in` inputs and `n_out` outputs; "one" makes the scale itself the variance of a weight
FANS: dict[str, Callable] = {
    "in": lambda n_in, n_out: n_in,
    "out": lambda n_in, n_out: n_out,
    "average": lambda n_in, n_out: (n_in + n_out) / 2,
    "larger": np.maximum,
    "one": lambda n_in, n_out: np.ones_like(n_in),
}


@dataclass(frozen=True)
class WeightLaw:
    """A distribution of weights at a given variance. `has_implicit_map`: whether a layer of it can be sampled without building W."""

    name: str
    label: str
    has_implicit_map: bool = False


WEIGHT_LAWS: dict[str, WeightLaw] = {
    law.name: law
    for law in (
        WeightLaw("gaussian", "Gaussian", has_implicit_map=True),
        WeightLaw("uniform", "uniform"),
        WeightLaw("truncated_gaussian", "truncated Gaussian (cut at 2 standard deviations, variance corrected)"),
        WeightLaw("orthogonal", "orthogonal (Haar)", has_implicit_map=True),
    )
}


def kumar_scale(activation: str) -> float:
    """Return Kumar's scale 1 / (φ′(0)² (1 + φ(0)²)) for an activation differentiable at 0, and 2 for ReLU.

    ValueError where the formula does not apply: a kink at 0, or φ′(0) = 0. Source: Kumar 2017 (arXiv 1704.08863).
    """
    phi = lookup(activation)
    if phi.name == "relu":
        return 2.0
    left, right = phi.slopes_at_zero
    if left != right:
        raise ValueError(
            f"scheme = 'kumar' does not apply to activation = {activation!r}: its slope jumps at 0 (from {left:.4g} to {right:.4g}), and "
            "Kumar's formula needs φ'(0); choose another scheme or a smooth activation"
        )
    if left**2 == 0:
        raise ValueError(f"scheme = 'kumar' does not apply to activation = {activation!r}: φ'(0) = 0, and the formula divides by it")
    return 1 / (left**2 * (1 + phi.phi_zero**2))


@dataclass(frozen=True)
class Scheme:
    """A published rule Var[W] = scale / fan.

    `scale` is a number or a function of the activation's name; `None` means that the slider decides (custom), where `from_std` the standard
    deviation of a weight that the experiment states, or where `from_data` the batch (LSUV).
    `bias_scale` / fan_in is the bias variance the rule insists on; with `None` the bias variance is the experiment's own. `law` is the
    law of the source.
    """

    name: str
    label: str
    latex: str
    source: str
    scale: float | Callable[[str], float] | None
    fan: str = "in"
    bias_scale: float | None = None
    law: str = "gaussian"
    from_data: bool = False
    from_std: bool = False

    @property
    def has_rule(self) -> bool:
        """Return whether the rule says what σ_w² is, and neither the slider nor the data."""
        return self.scale is not None or self.from_std

    def scale_for(self, activation: str, weight_std: float | None = None) -> float:
        """Return the scale in Var[W] = scale / fan for this activation; of a scheme `from_std` the square of `weight_std`.

        ValueError where the rule has no such number: custom and LSUV, or an activation the formula does not cover.
        """
        if self.from_std and weight_std is not None:
            return weight_std**2
        if self.scale is None:
            origin = "the data" if self.from_data else "weight_std" if self.from_std else "the slider"
            raise ValueError(f"scheme = {self.name!r} has no formula: its weight variance comes from {origin}")
        return self.scale(activation) if callable(self.scale) else self.scale

    def weight_variance(self, activation: str, fan_in, fan_out, weight_std: float | None = None):
        """Return σ_w² = fan_in · Var[W] = scale · fan_in / fan for this activation and these fans (numbers or arrays of one shape).

        ValueError as in `scale_for`.
        """
        return self.scale_for(activation, weight_std) * fan_in / FANS[self.fan](fan_in, fan_out)


SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme("custom", "custom", r"\sigma_w^2 / n_{\mathrm{in}}", "the slider", None),
        Scheme(
            "std",
            "std of a weight, as stated",
            r"\mathrm{std}(W)^2",
            "code that states the number itself, such as normal_(std=0.02), at every width",
            None,
            fan="one",
            from_std=True,
        ),
        Scheme("lecun", "LeCun 1998", r"1 / n_{\mathrm{in}}", "LeCun, Bottou, Orr & Müller 1998, Efficient BackProp, section 4.6", 1.0),
        Scheme(
            "glorot_standard",
            "standard (before 2010)",
            r"1 / (3\,n_{\mathrm{in}})",
            "Glorot & Bengio 2010, eq. 1: U(±1/√n), the heuristic they argue against",
            1 / 3,
            law="uniform",
        ),
        Scheme(
            "glorot",
            "Glorot 2010",
            r"2 / (n_{\mathrm{in}} + n_{\mathrm{out}})",
            "Glorot & Bengio 2010, eq. 16, normalized",
            1.0,
            fan="average",
            law="uniform",
        ),
        Scheme("he", "He 2015", r"2 / n_{\mathrm{in}}", "He, Zhang, Ren & Sun 2015, eq. 10 (forward)", 2.0),
        Scheme("he_fan_out", "He 2015, fan out", r"2 / n_{\mathrm{out}}", "He, Zhang, Ren & Sun 2015, eq. 14 (backward)", 2.0, fan="out"),
        Scheme(
            "kumar", "Kumar 2017", r"1 / (n_{\mathrm{in}}\,\varphi'(0)^2 (1 + \varphi(0)^2))", "Kumar 2017, arXiv 1704.08863", kumar_scale
        ),
        Scheme(
            "pytorch",
            "PyTorch Linear",
            r"1 / (3\,n_{\mathrm{in}})",
            "torch.nn.Linear: weights and biases U(±1/√n_in)",
            1 / 3,
            bias_scale=1 / 3,
            law="uniform",
        ),
        Scheme(
            "pytorch_orthogonal",
            "PyTorch orthogonal_",
            r"1 / \max(n_{\mathrm{in}}, n_{\mathrm{out}})",
            "torch.nn.init.orthogonal_ with gain 1, after Saxe et al. 2013: the rows of W, or its columns, are orthonormal",
            1.0,
            fan="larger",
            law="orthogonal",
        ),
        Scheme(
            "keras",
            "Keras Dense",
            r"2 / (n_{\mathrm{in}} + n_{\mathrm{out}})",
            "keras.layers.Dense: glorot_uniform, biases 0",
            1.0,
            fan="average",
            bias_scale=0.0,
            law="uniform",
        ),
        Scheme(
            "flax",
            "Flax Dense",
            r"1 / n_{\mathrm{in}}",
            "flax.linen.Dense: lecun_normal (truncated), biases 0",
            1.0,
            bias_scale=0.0,
            law="truncated_gaussian",
        ),
        Scheme(
            "small_constant",
            "small constant",
            r"0.01^2",
            "N(0, 0.01²) at every width, as in He et al. 2015, section 2.2",
            1e-4,
            fan="one",
        ),
        Scheme(
            "lsuv",
            "LSUV 2016",
            r"1 / (n_{\mathrm{in}}\,\mathrm{Var}_{data}[z])",
            "Mishkin & Matas 2016 (arXiv 1511.06422): each layer scaled until Var[z] = 1 on the data, biases 0",
            None,
            bias_scale=0.0,
            law="orthogonal",
            from_data=True,
        ),
    )
}
