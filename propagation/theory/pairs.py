"""Pairs: how alike two inputs, and two gradients, are in every layer of a narrow net, as means over random nets.

At infinite width the cosine of two inputs moves along one line, and that of two gradients stays where it starts. At finite width both
wander, towards ±1 in the end, and means of their squares are not squares of their means. So pairs are drawn, from a fixed seed: in each
layer n rows of a Gaussian pair with the Gram matrix of the pair before, or the first n of N rows that keep it exactly, for orthogonal
weights.

Back, Gaussian weights know what they did to the pair: Wᵀ δ = X (Xᵀ X)⁻¹ Zᵀ δ + (1 − P) F, X the inputs of the layer, P the projection on
them, F a Gaussian pair with the Gram matrix of δ. Since z·δ stays what it is while |z| and |δ| sink, gradients turn towards inputs, which
have merged: two of them share more of their size than their cosines alone would say.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from propagation.theory.batch import CORRELATIONS

Array = np.ndarray

#: numbers drawn for one side of one pass, all layers together, and pairs, of which more say nothing more
_NUMBERS = 400_000
_FEWEST_PAIRS, _MOST_PAIRS = 64, 250
#: two inputs at this distance, of length 1, are one
_SAME = 1e-7


@dataclass(frozen=True)
class Pairs:
    """Means over pairs, (depth,) arrays: of cos² and of the kernel κ of what φ does to the pair (see `spread`), forward and backward.

    `shared` is the covariance of ln |δ|² of the two, and `unsure` the standard error of it, infinite where it is not known.
    """

    alike: Array
    forward: Array
    back_alike: Array
    backward: Array
    shared: Array
    unsure: Array


def pairs(rectified: bool, orthogonal: bool, widths: tuple[int, ...], pair_weights: tuple[float, ...]) -> Pairs:
    """Return the means for a net of these widths, n_0 … n_L, and inputs whose pairs have CORRELATIONS with these weights.

    Drawn for up to 6,250 neurons in all; beyond, along the lines of infinite width, which wider layers keep to.
    """
    drawn = sum(widths[1:]) * _FEWEST_PAIRS <= _NUMBERS
    return (_drawn_pairs if drawn else _wide_pairs)(rectified, orthogonal, widths, pair_weights)


@lru_cache(maxsize=32)
def _drawn_pairs(rectified: bool, orthogonal: bool, widths: tuple[int, ...], pair_weights: tuple[float, ...]) -> Pairs:
    rng = np.random.default_rng(0)
    count = int(np.clip(_NUMBERS // sum(widths[1:]), _FEWEST_PAIRS, _MOST_PAIRS))
    cosine = np.interp((np.arange(count) + 0.5) / count, np.cumsum(pair_weights), CORRELATIONS)
    depth = len(widths) - 1
    alike, forward, back_alike, backward, shared, unsure = np.empty((6, depth))
    inputs: list[Array] = []  # what comes out of each layer, as unit vectors: no scale matters to W, and none may leave its range
    outputs: list[Array] = []
    both = np.ones((depth, count))
    for layer, (fan_in, n) in enumerate(pairwise(widths)):
        alike[layer] = np.mean(cosine**2)
        forward[layer] = np.mean(rectified_kernel(cosine)) if rectified else 2 * alike[layer]
        both[layer] = 1 - np.arccos(cosine) / np.pi
        outputs.append(_drawn(rng, cosine, n, max(fan_in, n) if orthogonal else None))
        inputs.append(_unit(np.maximum(outputs[-1], 0) if rectified else outputs[-1])[0])
        cosine = _cosine(inputs[-1])
    gradient = rng.standard_normal((2, count, widths[-1]))
    cosine, logs = np.zeros(count), np.zeros((2, count))  # the cost gradients are independent
    for layer in reversed(range(depth)):
        back_alike[layer] = np.mean(cosine**2)
        backward[layer] = np.mean(2 * both[layer] * (1 + 2 * cosine**2) - 1) if rectified else 2 * back_alike[layer]
        delta, log_squares = _unit(gradient * (outputs[layer] > 0) if rectified else gradient)
        logs += log_squares
        shared[layer], unsure[layer] = _covariance(logs)
        cosine = _cosine(delta)
        if layer:
            n, fan_out = widths[layer], widths[layer + 1]
            gradient = _drawn(rng, cosine, n, max(n, fan_out) if orthogonal else None)
            if not orthogonal:
                gradient = _conditioned(gradient, inputs[layer - 1], outputs[layer], delta)
    if orthogonal:
        unsure[:] = np.inf  # their way back does not know the way there
    return Pairs(alike, forward, back_alike, backward, shared, unsure)


@lru_cache(maxsize=32)
def _wide_pairs(rectified: bool, orthogonal: bool, widths: tuple[int, ...], pair_weights: tuple[float, ...]) -> Pairs:
    n, depth, weights = np.array(widths[1:], dtype=float), len(widths) - 1, np.array(pair_weights)
    kept = 1 / np.maximum(widths[:-1], widths[1:]) if orthogonal else np.zeros(depth)
    back_kept = np.append(kept[1:], 0.0)
    if not rectified:
        alike = _wandering(float(weights @ CORRELATIONS**2), np.ones(depth), 1 / n - kept)
        back_alike = _wandering(0.0, np.ones(depth), (1 / n - back_kept)[::-1])[::-1]
        return Pairs(alike, 2 * alike, back_alike, 2 * back_alike, np.zeros(depth), np.full(depth, np.inf))
    alike, forward, both = np.empty((3, depth))
    cosine = CORRELATIONS
    for layer in range(depth):
        agreeing = 1 - np.arccos(cosine) / np.pi
        alike[layer], forward[layer], both[layer] = (values @ weights for values in (cosine**2, rectified_kernel(cosine), agreeing))
        cosine = np.clip(np.sqrt(1 - cosine**2) / np.pi + agreeing * cosine, -1, 1)
    back_alike = _wandering(0.0, both[::-1] ** 2, (2 * both / n - both**2 * back_kept)[::-1])[::-1]
    return Pairs(alike, forward, back_alike, 2 * both * (1 + 2 * back_alike) - 1, np.zeros(depth), np.full(depth, np.inf))


def rectified_kernel(cosine: Array) -> Array:
    """Return κ of two rectified Gaussians with this cosine: (2/π)(3 sin θ cos θ + (π − θ)(1 + 2 cos² θ)) − 1. Source: Cho & Saul 2009."""
    angle = np.arccos(cosine)
    return 2 / np.pi * (3 * np.sin(angle) * cosine + (np.pi - angle) * (1 + 2 * cosine**2)) - 1


def _wandering(first: float, factors: Array, steps: Array) -> Array:
    """Mean of cos² of an angle in each layer, which a layer multiplies by its factor and chance adds (1 − cos²)² · step to."""
    alike = np.empty(steps.size)
    now = first
    for layer, (factor, step) in enumerate(zip(factors, steps, strict=True)):
        alike[layer] = now
        now = factor * now + (1 - now) ** 2 * step
    return alike


def _drawn(rng: np.random.Generator, cosine: Array, n: int, total: int | None) -> Array:
    """Return (2, pairs, n) Gaussian pairs with these cosines; the first n of `total` numbers with exactly these where that is given."""
    first, second = rng.standard_normal((2, cosine.size, total or n))
    if total:
        second -= np.sum(first * second, axis=1, keepdims=True) / np.sum(first**2, axis=1, keepdims=True) * first
        first, second = total**0.5 * _unit(np.stack((first, second)))[0]
    second = cosine[:, None] * first + np.sqrt(1 - cosine**2)[:, None] * second
    return np.stack((first[:, :n], second[:, :n]))


def _conditioned(fresh: Array, x: Array, z: Array, delta: Array) -> Array:
    """Return Wᵀ δ, (2, pairs, n), given that W x = z for both of a pair; `fresh` is that of a W that knows nothing."""
    answer = fresh.copy()
    known: list[tuple[Array, Array]] = []  # a unit vector and W times it
    for vector, image in zip(x, z, strict=True):
        for unit, its_image in known:
            along = np.sum(unit * vector, axis=1, keepdims=True)
            vector, image = vector - along * unit, image - along * its_image
        rest = np.linalg.norm(vector, axis=1, keepdims=True)
        scale = np.divide(1.0, rest, out=np.zeros_like(rest), where=rest > _SAME)
        known.append((vector * scale, image * scale))
    for unit, image in known:
        answer += unit * (np.sum(image * delta, axis=2, keepdims=True) - np.sum(unit * fresh, axis=2, keepdims=True))
    return answer


def _unit(pair: Array) -> tuple[Array, Array]:
    """Return (2, pairs, n) vectors divided by their lengths, and ln of the squares of these, (2, pairs); 0 and −inf where one is zero."""
    squares = np.einsum("kpn,kpn->kp", pair, pair)
    alive = squares > 0
    lengths = np.sqrt(np.where(alive, squares, 1.0))
    return pair / lengths[:, :, None], np.log(squares, where=alive, out=np.full_like(squares, -np.inf))


def _cosine(units: Array) -> Array:
    """Return the cosine of each pair; 0 where a vector is zero."""
    return np.clip(np.einsum("pn,pn->p", *units), -1, 1)


def _covariance(logs: Array) -> tuple[float, float]:
    """Return the covariance of ln |δ|², (2, pairs), of the two of a pair, and its standard error, over pairs that are alive."""
    alive = logs[:, np.all(np.isfinite(logs), axis=0)]
    if alive.shape[1] < _FEWEST_PAIRS // 2:
        return 0.0, np.inf
    first, second = alive - alive.mean(axis=1, keepdims=True)
    return float(np.mean(first * second)), float(np.std(first * second) / alive.shape[1] ** 0.5)
