"""Spread: the band around the line, how log10 of a signal scatters from net to net at finite width, for linear and ReLU nets without bias.

For one input it is exact (`finite_width`). A batch scatters less, as far as its inputs scatter on their own. Let V be the sum over layers
of Var ln of one input, and C that of the covariance of two, in each layer the same times the mean of κ over κ of an input with itself:

    ReLU, h:  κ = (2/π)(3 sin θ cos θ + (π − θ)(1 + 2 cos² θ)) − 1,  5 at θ = 0,
    linear:   κ = 2 cos² θ,
    ReLU, δ:  κ = 2 (1 − θ/π)(1 + 2 ρ²) − 1, linear, δ: κ = 2 ρ²,

θ the angle of the inputs in that layer, ρ the cosine of their gradients (`pairs`); 2 cos² θ/N or 2 ρ²/N is taken off for orthogonal
weights, which keep every norm. Backward, C of deep narrow nets is larger, and drawn. A batch is then a size that all its inputs share, of
variance C, times the mean of B lognormal ones of variance V − C (`lognormal`), of which a few carry the mean once V − C exceeds ln B.
Forward B is the number of inputs that count, backward all.
Sources: Cho & Saul 2009 (the kernels), Hanin & Nica 2018.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from propagation.architecture import blocks
from propagation.config import Config
from propagation.ops import Activate, Block, Linear, Variance
from propagation.theory.batch import Batch
from propagation.theory.finite_width import layer_spread
from propagation.theory.lognormal import log_mean_of_lognormals
from propagation.theory.pairs import pairs

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
    taken for Gaussian ones, from which they differ by terms of order 1/n². Of a batch, the mean logarithm is within 0.25 standard
    deviations of that of simulated nets, and the middle 80 % hold 75 to 86 % of them (widths 16 to 256, up to 6 layers a neuron).
    """
    if config.cost != "gaussian" or config.positions > 1 or not all(map(_has_law, blocks(config))):
        return None
    law = "orthogonal" if config.weight_law == "orthogonal" else "gaussian"
    widths = np.array(config.widths)
    n, larger = widths[1:], np.maximum(widths[:-1], widths[1:])
    kept = _kept(law, larger)
    back_larger = np.append(larger[1:], n[-1])  # of W^(l+1), which brings δ to layer l; the start is Gaussian
    back_kept = np.append(_kept(law, larger[1:]), 0.0)
    rectified = config.activation == "relu"
    own = 5.0 if rectified else 2.0
    of = pairs(rectified, law == "orthogonal", tuple(config.widths), tuple(batch.pair_weights))

    through = _spreads(config.activation, law, n, larger)
    through_shared = through[1] * _share(own / n - 2 * kept, of.forward / n - 2 * kept * of.alike)
    reached = _spreads("linear", law, n, larger)
    reached_shared = reached[1] * _share(2 / n - 2 * kept, (2 / n - 2 * kept) * of.alike)
    back = _spreads(config.activation, law, n, back_larger)
    back[:, -1:] = _spreads(config.activation, "gaussian", n[-1:], n[-1:])
    back_shared = back[1] * _share(own / n - 2 * back_kept, of.backward / n - 2 * back_kept * of.back_alike)

    forward = reached + np.cumsum(through, axis=1) - through
    forward_shared = reached_shared + np.cumsum(through_shared) - through_shared
    backward, backward_shared = np.cumsum(back[:, ::-1], axis=1)[:, ::-1], np.cumsum(back_shared[::-1])[::-1]
    # what was drawn is believed as far as it is more than chance
    difference = of.shared - backward_shared
    beyond_chance = np.abs(difference) > 2 * of.unsure
    backward_shared[beyond_chance] += (difference - np.square(2 * of.unsure) / difference)[beyond_chance]
    return (
        _band(log_z, _of_batch(forward, forward_shared, 1 / batch.concentration)),
        _band(log_delta, _of_batch(backward, backward_shared, config.inputs)),
    )


def _of_batch(one: Array, shared: Array, count: float) -> Array:
    """Mean and variance of ln of a mean over `count` inputs, (2, depth), from those of one input and the covariance of two, (depth,)."""
    mean, variance = one
    gained, scatter = log_mean_of_lognormals(np.clip(variance - shared, 0.0, None), count)
    # a lognormal size has a mean logarithm of −variance/2; that of a layer is somewhat above
    above = np.where(variance > 0, mean / np.where(variance > 0, -variance / 2, 1.0), 1.0)
    return np.stack((mean + above * gained, np.maximum(np.minimum(shared, variance) + scatter, 0.0)))


def _has_law(block: Block) -> bool:
    """Whether a layer is one whose scatter is known: linear or ReLU, without bias."""
    match block:
        case (Linear(weight=Variance(), bias_variance=0, bias_mean=0), Activate(activation="linear" | "relu")):
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


def _share(own: Array, pair: Array) -> Array:
    """κ of a pair over that of an input with itself; 0 where nothing scatters."""
    return np.where(own > 0, pair / np.where(own > 0, own, 1.0), 0.0)
