"""Spread: the band around the line, how log10 of a signal scatters from net to net at finite width, for linear and ReLU nets without bias.

For one input it is exact (`finite_width`). A batch scatters less, as far as its inputs scatter independently: to leading order in 1/n the
layer's part of Var ln is Σ_bb' p_b p_b' κ_bb'/n, p the inputs' shares of the moment, κ the covariance of what the layer does to them,

    ReLU, h:  κ = (2/π)(3 sin θ cos θ + (π − θ)(1 + 2 cos² θ)) − 1,  5 at θ = 0,
    linear:   κ = 2 cos² θ,
    ReLU, δ:  κ = 2 (1 − θ/π)(1 + 2 ρ²) − 1, linear, δ: κ = 2 ρ²,

θ the angle of the inputs in that layer, ρ the cosine of their δ, 0 but for chance; 2 cos² θ/N or 2 ρ²/N is taken off for orthogonal
weights, which keep every norm. Mean and variance of ln are those of one input times the batch's share of κ.
Sources: Cho & Saul 2009 (the kernels), Hanin & Nica 2018.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from propagation.architecture import Activate, Block, Linear, Variance, blocks
from propagation.config import Config
from propagation.theory.batch import CORRELATIONS, Batch
from propagation.theory.finite_width import layer_spread

Array = np.ndarray
_LN_10 = np.log(10)


@dataclass(frozen=True)
class Band:
    """Mean and variance over nets, given that they are alive, of log10 of a signal's second moment; (depth,) arrays, layers 1 … L."""

    log10_mean: Array
    log10_variance: Array


def bands(config: Config, batch: Batch, log_z: Array, log_delta: Array) -> tuple[Band, Band] | None:
    """Bands of z and of δ around their lines at infinite width, `log_z` and `log_delta` (natural, (depth,)); None where no law is known.

    Known are linear and ReLU nets without bias whose backward pass starts from a Gaussian, LSUV excepted. Uniform and truncated weights are
    taken for Gaussian ones, from which they differ by terms of order 1/n².
    """
    if config.cost != "gaussian" or not all(map(_has_law, blocks(config))):
        return None
    law = "orthogonal" if config.weight_law == "orthogonal" else "gaussian"
    widths = np.array(config.widths)
    n, larger = widths[1:], np.maximum(widths[:-1], widths[1:])
    kept = _kept(law, larger)
    back_larger = np.append(larger[1:], n[-1])  # of W^(l+1), which brings δ to layer l; the start is Gaussian
    back_kept = np.append(_kept(law, larger[1:]), 0.0)
    alone = 1 / config.inputs

    if config.activation == "linear":
        own = 2.0
        alike = _wandering(batch.pair_weights @ CORRELATIONS**2, np.ones(config.depth), 1 / n - kept)
        back_alike = _wandering(1 / n[-1], np.ones(config.depth), (1 / n - back_kept)[::-1])[::-1]
        pair_h, pair_delta = 2 * alike, 2 * back_alike
    else:
        own = 5.0
        alike, pair_h, both = _rectified_pairs(batch.pair_weights, config.depth)
        back_alike = _wandering(1 / n[-1], both[::-1] ** 2, (2 * both / n - both**2 * back_kept)[::-1])[::-1]
        pair_delta = 2 * both * (1 + 2 * back_alike) - 1
    through = _spreads(config.activation, law, n, larger)
    through *= _share(own / n - 2 * kept, pair_h / n - 2 * kept * alike, batch.concentration)
    reached = _spreads("linear", law, n, larger)
    reached *= _share(2 / n - 2 * kept, (2 / n - 2 * kept) * alike, batch.concentration)
    back = _spreads(config.activation, law, n, back_larger)
    back[:, -1:] = _spreads(config.activation, "gaussian", n[-1:], n[-1:])
    back *= _share(own / n - 2 * back_kept, pair_delta / n - 2 * back_kept * back_alike, alone)

    forward = reached + np.cumsum(through, axis=1) - through
    backward = np.cumsum(back[:, ::-1], axis=1)[:, ::-1]
    return _band(log_z, forward), _band(log_delta, backward)


def _has_law(block: Block) -> bool:
    """Whether a layer is one whose scatter is known: linear or ReLU, without bias."""
    match block:
        case (Linear(weight=Variance(), bias_variance=0), Activate(activation="linear" | "relu")):
            return True
    return False


def _band(line: Array, added: Array) -> Band:
    return Band((line + added[0]) / _LN_10, added[1] / _LN_10**2)


def _kept(law: str, larger: Array) -> Array:
    """1/N where weights keep norms, else 0."""
    return 1 / larger if law == "orthogonal" else np.zeros(larger.shape)


def _spreads(activation: str, law: str, n: Array, larger: Array) -> Array:
    """Mean and variance of ln R in layers of these widths, (2, depth)."""
    pairs, inverse = np.unique(np.stack((n, larger)), axis=1, return_inverse=True)
    known = [layer_spread(activation, law, int(width), int(fan)) for width, fan in pairs.T]
    return np.array([[spread.log_mean for spread in known], [spread.log_variance for spread in known]])[:, inverse.ravel()]


def _share(own: Array, pair: Array, concentration: float) -> Array:
    """What a batch keeps of the spread of one input: κ averaged over pairs of inputs, itself included, over κ of itself."""
    return concentration + (1 - concentration) * np.where(own > 0, pair / np.where(own > 0, own, 1.0), 0.0)


def _wandering(first: float, factors: Array, steps: Array) -> Array:
    """Mean of cos² of an angle in each layer, which a layer multiplies by its factor and chance adds (1 − cos²)² · step to."""
    alike = np.empty(steps.size)
    now = first
    for layer, (factor, step) in enumerate(zip(factors, steps, strict=True)):
        alike[layer] = now
        now = factor * now + (1 - now) ** 2 * step
    return alike


def _rectified_pairs(pair_weights: Array, depth: int) -> Array:
    """Means over pairs of cos² θ, κ of h and 1 − θ/π in each layer of a ReLU net, (3, depth); cos θ moves by Cho & Saul's map."""
    answer = np.empty((3, depth))
    cosine = CORRELATIONS
    for layer in range(depth):
        angle = np.arccos(cosine)
        sine, both = np.sin(angle), 1 - angle / np.pi
        kernel = 2 * (3 / np.pi * sine * cosine + both * (1 + 2 * cosine**2)) - 1
        answer[:, layer] = np.stack((cosine**2, kernel, both)) @ pair_weights
        cosine = np.clip(sine / np.pi + both * cosine, -1, 1)
    return answer
