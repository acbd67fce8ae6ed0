"""Token law: what a block of a transformer does, deep in the network, to what tells two tokens apart and to gradients.

With a norm after every sum all tokens have size 1. Where two are nearly alike, ε = 1 − c → 0, a block multiplies ε by e^λ_a. Its attention
averages, and so keeps of ε what goes past it alone; its MLP adds the slopes of φ:

    e^λ_a = s²/(s² + α² a) · (s² + α² χ_F)/(s² + α² v),  a = σ_v² σ_o²,

v = E[F²] of the MLP and χ_F by what it multiplies a gradient, without biases. Where λ_a < 0 tokens merge. Gradients are multiplied by
e^λ_g where ε has settled, once those of tokens are as alike as they become. Both are 0 at the edge between order and chaos.
Source: Cowsik et al. 2024 (arXiv 2403.02579).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from propagation.architecture import blocks
from propagation.config import Config
from propagation.theory.coupled import Gradients
from propagation.theory.op import NoLaw
from propagation.theory.tokens import Columns, check, walked_back, walked_forward

#: ε for 0: ReLU's next order, √ε, is lost in rounding
_ALIKE = 1e-24
#: halvings of ln ε by which tokens that stay apart are found, and blocks in which ρ of their gradients has to settle, with what is none
_HALVINGS, _MOST, _SETTLED = 30, 100, 1e-8


@dataclass(frozen=True)
class TokenLaw:
    """λ_a, the exponent of ε = 1 − c where tokens are nearly alike, λ_g, that of E of a squared gradient, and ε at great depth."""

    angles: float
    gradients: float
    settled: float


def token_law(config: Config) -> TokenLaw | None:
    """Return both exponents of a transformer with a norm after every sum; None of others, and where theory has no line."""
    after_the_sum = config.normalization != "none" and config.norm_position == "post"
    if config.architecture != "transformer" or config.tokens == 1 or not after_the_sum or config.causal or config.keep < 1:
        return None
    try:
        check(config)
        angles = _parting(config, _ALIKE)
        apart = _settled(config) if angles > 0 else 0.0
        return TokenLaw(angles, _gradients(config, apart or _ALIKE), apart)
    except NoLaw:
        return None


def _parting(config: Config, eps: float) -> float:
    """ln of what a block multiplies ε by."""
    return math.log(walked_forward(blocks(config)[0], Columns(1.0, eps)).eps / eps)


def _settled(config: Config) -> float:
    """ε between 0 and 1 at which tokens that part and others that approach meet."""
    low, high = math.log(_ALIKE), 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _parting(config, math.exp(middle)) > 0 else (low, middle)
    return math.exp(middle)


def _gradients(config: Config, eps: float) -> float:
    """λ_g at this ε: gradients that begin as alike as those of a pooled readout, and are as alike as blocks make them after a few."""
    block, gradients = blocks(config)[0], Gradients(0.0, 1.0)
    for _ in range(_MOST):
        before, gradients = gradients, walked_back(block, Columns(1.0, eps), gradients)
        if abs(gradients.ratio - before.ratio) < _SETTLED:
            break
    return gradients.log_d - before.log_d
