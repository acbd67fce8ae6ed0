"""Block plane: what blocks of wide networks do to gradients, and to what tells inputs apart, over the plane of σ_w² and σ_b².

The stream of a residual network has no size at which it stays, so its plane is none of fixed points. What there is instead:

- "power": with a norm before every branch gradients grow like L^ζ, ζ = χ_F/v, v = Var[F] of a branch, χ_F by what it multiplies a gradient;
- "settled": with norms after the sum, or in plain layers, every block multiplies gradients by one factor, (s² + α² χ_F)/(s² + α² v);
- "mean": without norms, what all L blocks make of a gradient, as a factor for each of them: at q = s² q + α² v(q) they differ;
- "whole": where the rule of the branches goes by L, as 1/√L does, so that all of them together stay finite.

Places of the plane stand side by side in arrays. Sources: Yang & Schoenholz 2017 (arXiv 1712.08969), Hayou et al. 2021 (2010.12859), Doshi
et al. 2023 (2111.12143); Cowsik et al. 2024 (2403.02579) for tokens that are nearly alike, to which attention is the map of their values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from propagation.architecture import blocks, stem
from propagation.config import Config
from propagation.initializers import SCHEMES
from propagation.ops import Activate, Attend, Dropout, Gate, Linear, Normalize, Op, Residual, Variance
from propagation.theory.kernel import kernel
from propagation.theory.moments import moments
from propagation.theory.op import Array, NoLaw
from propagation.theory.prediction import predict
from propagation.theory.tokens import check

#: sizes beyond which φ is two straight lines, so that only ratios count
_SMALLEST, _LARGEST = 1e-120, 1e120
#: layers of the network that is asked whether it has a line at all
_FEW = 2


@dataclass(frozen=True)
class BlockPlane:
    """One number a place for gradients and one for what tells inputs, or tokens, apart; arrays of the shape of the places.

    `gradients`: of E[(∂C/∂x)²] on its way back, by `law`, ζ itself, or log10 of the factor of a block, or of all of them; NaN where tokens
    stay apart, so that it is not known. `apart`: log10 of 1 − c of two independent inputs after all blocks; for tokens, log10 of what a
    block multiplies 1 − c by where it is nearly 0, or the power of depth it goes by.
    """

    law: str
    gradients: Array
    apart: Array


@dataclass(frozen=True)
class _Columns:
    """Size q, mean of the entries and ε = 1 − c of two inputs, with what an op has made of a gradient and of a small q ε."""

    q: Array
    mean: Array
    eps: Array
    back: Array
    small: Array


@dataclass(frozen=True)
class _Places:
    """σ_w² and σ_b² of every place."""

    weights: Array
    biases: Array
    #: whether W_v has a variance of its own
    own_values: bool = False

    def walked(self, ops: Sequence[Op], x: _Columns) -> _Columns:
        """Return the columns after these ops, of which factors begin with those of x."""
        for op in ops:
            x = self._after(op, x)
        return x

    def _after(self, op: Op, x: _Columns) -> _Columns:
        if isinstance(op, Linear):
            return self._mapped(op, x)
        if isinstance(op, Attend):  # of tokens that are alike, whatever it looks at
            value = self._mapped(op.value, x)
            return replace(value, eps=0 * value.eps, small=0 * value.small)
        if isinstance(op, Activate):
            return _activated(op.activation, x)
        if isinstance(op, Normalize):
            return _normalized(op.kind, x)
        if isinstance(op, Dropout):
            return replace(x, q=x.q / op.keep, eps=1 - op.keep * (1 - x.eps), back=x.back / op.keep, small=0 * x.small + np.nan)
        if isinstance(op, Gate):
            return self._gated(op, x)
        return self._joined(op, x) if isinstance(op, Residual) else x

    def _mapped(self, op: Linear, x: _Columns) -> _Columns:
        assert isinstance(op.weight, Variance)
        weight = op.weight.value * (np.ones_like(self.weights) if self.own_values and op.name == "Wv" else self.weights)
        q = weight * x.q + op.bias_variance * self.biases
        return _Columns(q, 0 * q, _ratio(weight * x.q * x.eps, q), x.back * weight, x.small * weight)

    def _gated(self, op: Gate, x: _Columns) -> _Columns:
        opened, up = _activated(op.activation, self._mapped(op.gate, x)), self._mapped(op.up, x)
        eps = opened.eps + up.eps - opened.eps * up.eps
        back, small = opened.back * up.q + up.back * opened.q, opened.small * up.q + up.small * opened.q
        return _Columns(opened.q * up.q, 0 * up.q, eps, back, small)

    def _joined(self, op: Residual, x: _Columns) -> _Columns:
        s, alpha = op.skip_scale, op.branch_scale
        y = self.walked(op.branch, x)
        q = s**2 * x.q + alpha**2 * y.q + 2 * s * alpha * x.mean * y.mean
        eps = _ratio(s**2 * x.q * x.eps + alpha**2 * y.q * y.eps, q)
        back, small = (s**2 * past + alpha**2 * through for past, through in ((x.back, y.back), (x.small, y.small)))
        return _Columns(q, s * x.mean + alpha * y.mean, eps, back, small)


def _activated(activation: str, x: _Columns) -> _Columns:
    mean, second, slope = moments(activation).mean_second_slope(x.q)
    alive = x.q > 0
    lost = np.zeros(x.q.shape)
    lost[alive], _ = kernel(activation)(x.q[alive], np.clip(x.eps[alive], 0.0, 2.0))
    return _Columns(second, mean, _ratio(lost, second), x.back * slope, x.small * slope)


def _normalized(kind: str, x: _Columns) -> _Columns:
    size = _size(kind, x)
    alive = (size > 0).astype(float)
    mean = _ratio(x.mean, np.sqrt(x.q)) if kind == "rms" else 0 * x.q
    return _Columns(alive, mean, _ratio(x.q * x.eps, size), _ratio(x.back, size), _ratio(x.small, size))


def _size(kind: str, x: _Columns) -> Array:
    """What a norm divides squares by."""
    return x.q if kind == "rms" else np.maximum(x.q - x.mean**2, 0.0)


def _ratio(a: Array, b: Array) -> Array:
    """a/b, 0 where there is nothing."""
    return np.divide(a, b, out=np.zeros(np.shape(b)), where=b > 0)


def block_plane(
    config: Config, weight_variances: Array, bias_variances: Array, progress: Callable[[float], None] | None = None
) -> BlockPlane:
    """Return what there is of a network of blocks at these places, two arrays of one shape; NoLaw, with the reason, where it has no plane.

    What a scheme says of σ_w² and σ_b² does not count, what a rule of branches makes of them does. `progress` hears the share of blocks
    that is done, and may stop it by raising.
    """
    config = replace(config, scheme="custom", weight_variance=1.0, bias_variance=1.0)
    weights, biases = (np.asarray(values, dtype=float).ravel() for values in (weight_variances, bias_variances))
    found = _plane(config, _Places(weights, biases, config.value_variance is not None), progress)
    shape = np.shape(weight_variances)
    return BlockPlane(found.law, found.gradients.reshape(shape), found.apart.reshape(shape))


def block_places(configs: Sequence[Config]) -> BlockPlane:
    """Return the same of networks, with all that their scheme says, that differ in σ_w² and σ_b² alone; NoLaw as above."""
    first = configs[0]
    scheme = SCHEMES[first.scheme]
    if scheme.from_data:
        raise NoLaw(f"{scheme.label} looks at the data before it says what σ_w² is, so the network has no place in a plane.")
    weights = [1.0 if scheme.has_rule else one.weight_variance for one in configs]
    biases = [1.0 if scheme.bias_scale is not None else one.bias_variance for one in configs]
    unit = replace(first, bias_variance=1.0, weight_variance=first.weight_variance if scheme.has_rule else 1.0)
    return _plane(unit, _Places(np.array(weights), np.array(biases), not scheme.has_rule and first.value_variance is not None))


def _plane(config: Config, places: _Places, progress: Callable[[float], None] | None = None) -> BlockPlane:
    config = replace(config, cost="gaussian", first_weight_variance=None)
    law = law_of(config)
    if config.architecture == "transformer":
        return _of_tokens(places, config, law)
    if law == "power":
        return BlockPlane(law, _power(places, config, "back"), _log10(_deep(places, config, progress)[1]))
    logs, apart = _deep(places, config, progress)
    logs = logs[-1:] if law == "settled" else logs[1:] if config.depth > 1 else logs
    return BlockPlane(law, logs.sum(axis=0) if law == "whole" else logs.mean(axis=0), _log10(apart))


def law_of(config: Config) -> str:
    """Return which law of BlockPlane a network has; NoLaw, with the reason, where it has none."""
    block = blocks(config)[0]
    skips = [op for op in block if isinstance(op, Residual)]
    _check(config, skips)
    if not skips:
        return "settled" if config.normalization != "none" else "mean"
    after = isinstance(block[-1], Normalize)
    if config.architecture != "transformer" and config.branch_rule not in ("custom", "zero") and (after or skips[0].skip_scale == 1):
        return "whole"
    if after:
        return "settled"
    normalizes = isinstance(skips[0].branch[0], Normalize)
    return "power" if normalizes and skips[0].skip_scale == 1 else "mean"


def _check(config: Config, skips: Sequence[Residual]) -> None:
    """Refuse what has no plane."""
    ends = [op.branch[-1] for op in skips]
    if skips and (not skips[0].branch_scale or all(isinstance(op, Linear) and op.weight == Variance(0.0) for op in ends)):
        raise NoLaw("Every block begins as the identity: signal, gradient and angles stay as they are, at every σ_w² and σ_b².")
    if config.normalization == "batch":
        raise NoLaw("Batch norm ties the inputs of a batch together: gradients depend on how many there are, and hardly on σ_w² and σ_b².")
    if config.architecture == "transformer":
        _check_tokens(config, skips)
        check(config)
        return
    if config.gated and config.normalization == "none":
        raise NoLaw("A gate multiplies two signals: without a norm sizes die or explode doubly exponentially.")
    predict(replace(config, depth=min(config.depth, _FEW), inputs=1, shared_blocks=False))
    if config.shared_blocks and config.depth > 1:
        raise NoLaw("Blocks that are copies of one another do not add up like independent ones, so no plane is known.")


def _check_tokens(config: Config, skips: Sequence[Residual]) -> None:
    if config.tokens == 1:
        raise NoLaw("A sequence of one token has no other that it could be told apart from.")
    if config.normalization == "none":
        raise NoLaw("Without a norm attention looks the more sharply the larger the stream is, so no plane is known.")
    if config.causal:
        raise NoLaw("With a causal mask every token looks at others than the next one: one number for all tokens is not known.")
    if config.keep < 1:
        raise NoLaw("Dropout tells tokens apart anew in every block, so exponents of tokens that are alike say nothing.")
    if not skips[0].skip_scale:
        raise NoLaw("Without a skip a layer of attention cubes what tells tokens apart, faster than any exponent says (Dong et al. 2021).")
    if skips[0].skip_scale != 1 and config.norm_position == "pre":
        raise NoLaw("A skip that is scaled, with the norm before the branch: what it does to tokens is not known in closed form.")


def _start(places: _Places, config: Config) -> _Columns:
    """Inputs of the config's size, two of them independent."""
    one = np.ones(places.weights.shape)
    q = config.input_second_moment
    x = _Columns(q * one, config.input_mean * one, config.input_variance / q * one if q else 0 * one, one, one)
    return _fresh(places.walked(stem(config), x))


def _fresh(x: _Columns) -> _Columns:
    """The columns with all factors 1, and of sizes that can be computed with."""
    q = np.where(x.q > 0, np.clip(x.q, _SMALLEST, _LARGEST), 0.0)
    one = np.ones(q.shape)
    return _Columns(q, x.mean * np.sqrt(_ratio(q, x.q)), x.eps, one, one)


def _deep(places: _Places, config: Config, progress: Callable[[float], None] | None) -> tuple[Array, Array]:
    """log10 of what every block multiplies a squared gradient by, (depth, k), and 1 − c of two inputs after all of them, (k,)."""
    x, logs = _start(places, config), []
    for done, block in enumerate(blocks(config), start=1):
        x = places.walked(block, _fresh(x))
        logs.append(_log10(x.back))
        if progress:
            progress(done / config.depth)
    return np.array(logs), x.eps


def _power(places: _Places, config: Config, of: str) -> Array:
    """Σ α² χ/Σ α² v over the branches of a block, which all stand behind a norm: the power of depth by which such a factor grows."""
    x, gained, added = _start(places, config), 0.0 * places.weights, 0.0 * places.weights
    for op in blocks(config)[0]:
        before, x = _fresh(x), places.walked((op,), _fresh(x))
        size = _size(config.normalization, before)
        gained = gained + (getattr(x, of) - 1) * size
        added = added + (_size(config.normalization, x) - size)
    accumulates = (config.normalization == "rms") & (x.mean != _start(places, config).mean)
    return np.where(accumulates, 0.0, _ratio(gained, added))


def _of_tokens(places: _Places, config: Config, law: str) -> BlockPlane:
    """The exponents of tokens that are nearly alike; those of gradients where tokens become so."""
    if law == "power":
        gradients, apart = _power(places, config, "back"), _power(places, config, "small") - 1
        return BlockPlane(law, np.where(apart > 0, np.nan, gradients), apart)
    x = replace(_fresh(places.walked(blocks(config)[0], _start(places, config))), eps=0 * places.weights)
    x = places.walked(blocks(config)[0], x)
    return BlockPlane(law, np.where(x.small > 1, np.nan, _log10(x.back)), _log10(x.small))


def _log10(values: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log10(values)
