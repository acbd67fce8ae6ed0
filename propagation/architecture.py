"""Architecture: a network as data, blocks of ops with their sizes. Engine, theory, labs and exports walk this one list."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from propagation.config import Config
from propagation.initializers import SCHEMES
from propagation.ops import Activate, Block, Dropout, Linear, Normalize, Op, Residual, UnitVarianceOnData, Variance, WeightRule, ops_within
from propagation.signals import PLAIN, STREAM


@lru_cache(maxsize=64)
def blocks(config: Config) -> tuple[Block, ...]:
    """Return the network of a config as `config.depth` blocks. Layers that are alike are the same object."""
    if config.architecture == "residual":
        return (_residual(config),) * config.depth
    alike: dict[tuple[int, int], Block] = {}
    for fans in zip(config.widths[:-1], config.widths[1:], strict=True):
        if fans not in alike:
            alike[fans] = _plain(config, _linear(config, *fans))
    first, *others = (alike[fans] for fans in zip(config.widths[:-1], config.widths[1:], strict=True))
    own = config.first_weight_variance
    if own is not None and not SCHEMES[config.scheme].from_data:
        first = _plain(config, replace(_linear(config, *config.widths[:2]), weight=Variance(own)))
    return (first, *others)


def stem(config: Config) -> Block:
    """Return what stands between the inputs and the first block: a linear map where a stream of another width begins."""
    if config.architecture == "plain" or config.widths[0] == config.widths[1]:
        return ()
    return (replace(_linear(config, *config.widths[:2]), name=""),)


def head(config: Config) -> Block:
    """Return what stands between the last block and the cost: the final norm of a stream that only branches normalize."""
    bare = config.block_order != "post_activation" and config.norm_position == "pre"
    return _norm(config) if config.architecture == "residual" and bare else ()


def _plain(config: Config, linear: Linear) -> Block:
    """z = W h + b, h = φ(z), with a norm before or after φ, and dropout."""
    before, after = (_norm(config), ()) if config.norm_position == "pre" else ((), _norm(config))
    return (linear, *before, Activate(config.activation), *after, *_dropout(config))


def _residual(config: Config) -> Block:
    """One residual block; its branch has the maps W1 and W2, or W alone."""
    width, hidden = config.widths[-1], config.widths[-1] * (config.expansion if config.branch_layers == 2 else 1)
    others, last = config.branch.weights(config.depth, config.branch_layers)
    norm: Block = _norm(config)
    phi: Block = (Activate(config.activation), *_dropout(config))
    maps: tuple[Linear, ...]
    if config.branch_layers == 2:
        maps = (_scaled(_linear(config, width, hidden), others, "W1"), _scaled(_linear(config, hidden, width), last, "W2"))
    else:
        maps = (_scaled(_linear(config, width, width), last, "W"),)
    inner = maps[1:]
    after: Block = ()
    branch: tuple[Op, ...]
    if config.block_order == "pre_activation":
        branch = tuple(op for one in maps for op in (*norm, *phi, one))
    elif config.block_order == "post_activation":
        branch = (maps[0], *norm, *(op for one in inner for op in (*phi, one, *norm)))
        after = (Activate(config.activation),)
    elif config.norm_position == "pre":
        branch = (*norm, maps[0], *phi, *inner)
    else:
        branch, after = (maps[0], *phi, *inner), norm
    scale = config.branch.branch_scale
    own = config.branch_scale if scale is None else scale(config.depth)
    return (Residual(branch, own, config.branch.skip_scale(config.depth), config.branch.learned), *after)


def _norm(config: Config) -> tuple[Normalize, ...]:
    return () if config.normalization == "none" else (Normalize(config.normalization),)


def _dropout(config: Config) -> tuple[Dropout, ...]:
    return () if config.keep == 1 else (Dropout(config.keep),)


def _scaled(linear: Linear, factor: float, name: str) -> Linear:
    """The map with this factor on its σ_w²; one without weights has no biases either."""
    if factor == 0:
        return replace(linear, weight=Variance(0.0), bias_variance=0.0, bias_mean=0.0, name=name)
    weight = Variance(linear.weight.value * factor) if isinstance(linear.weight, Variance) else linear.weight
    return replace(linear, weight=weight, name=name)


def _linear(config: Config, fan_in: int, fan_out: int) -> Linear:
    """The weights of one layer by the scheme. σ_b² is the variance of a bias, whatever the fans."""
    scheme = SCHEMES[config.scheme]
    rule: WeightRule
    if scheme.from_data:
        rule = UnitVarianceOnData()
    elif scheme.has_rule:
        rule = Variance(float(scheme.weight_variance(config.activation, float(fan_in), float(fan_out), config.weight_std)))
    else:
        rule = Variance(config.weight_variance)
    bias_variance = config.bias_variance if scheme.bias_scale is None else scheme.bias_scale / fan_in
    return Linear(fan_in, fan_out, rule, bias_variance, config.bias_mean)


def linear_maps(config: Config) -> list[Linear]:
    """Return the linear maps of all blocks."""
    return [op for block in blocks(config) for op in ops_within(block) if isinstance(op, Linear)]


def signals_of(config: Config) -> tuple[str, ...]:
    """Return the names of the signals that this network has."""
    return PLAIN if config.architecture == "plain" else PLAIN + STREAM


def is_coupled(config: Config) -> bool:
    """Return whether one input's output depends on the others: C is the sum over the batch then, and so is ∂C/∂W."""
    return any(isinstance(op, Normalize) and op.kind == "batch" for block in blocks(config) for op in ops_within(block))


def is_plain(config: Config) -> bool:
    """Return whether every layer is a linear map and an activation, and nothing else."""
    return {tuple(map(type, block)) for block in blocks(config)} == {(Linear, Activate)}


def weight_variances(config: Config) -> np.ndarray | None:
    """Return σ_w² of every linear map, (maps,), or None where the data decide."""
    rules = [op.weight for op in linear_maps(config)]
    values = [rule.value for rule in rules if isinstance(rule, Variance)]
    return np.array(values) if len(values) == len(rules) else None


def bias_variances(config: Config) -> np.ndarray:
    """Return σ_b² of every linear map, (maps,)."""
    return np.array([op.bias_variance for op in linear_maps(config)])
