"""Architecture: a network as data, blocks of ops with their sizes. Engine, theory, labs and exports walk this one list.

An op is a frozen record of names and numbers. What it does to a signal, and to its gradient, stands in a registry each of the engine, of
the theory and of the frameworks that scripts are written for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from propagation.config import Config
from propagation.initializers import SCHEMES
from propagation.signals import PLAIN, STREAM


@dataclass(frozen=True)
class Variance:
    """A weight rule that is a number: σ_w² = fan_in · Var[W]."""

    value: float


@dataclass(frozen=True)
class UnitVarianceOnData:
    """A weight rule that the data decide: W is drawn, then scaled until z has variance 1 on the batch (LSUV, Mishkin & Matas 2016)."""


WeightRule = Variance | UnitVarianceOnData


@dataclass(frozen=True)
class Linear:
    """z = W h + b with Var[W_ij] = σ_w²/fan_in by the rule, Var[b_i] = σ_b² and E[b_i] = `bias_mean`.

    `name` is what its weights are called among those of its block, empty for a map that belongs to none.
    """

    fan_in: int
    fan_out: int
    weight: WeightRule
    bias_variance: float
    bias_mean: float = 0.0
    name: str = "W"


@dataclass(frozen=True)
class Activate:
    """h = φ(z), entry by entry."""

    activation: str


@dataclass(frozen=True)
class Dropout:
    """h̃ = h m/p: each entry of each input is kept with probability p = `keep`, by a coin of its own, and set to 0 otherwise."""

    keep: float


@dataclass(frozen=True)
class Normalize:
    """y = (x − mean)/√variance over the neurons of each input ("layer"), y = x/√(mean square) likewise ("rms"), or y as in "layer" but
    over the inputs, neuron by neuron ("batch"). No learned gain, no ε; what has no size stays 0."""

    kind: str


@dataclass(frozen=True)
class Residual:
    """x′ = s x + α·branch(x), s = `skip_scale` and α = `branch_scale`, which training changes where it is `learned`."""

    branch: tuple[Op, ...]
    branch_scale: float
    skip_scale: float = 1.0
    learned: bool = False


Op = Linear | Activate | Normalize | Dropout | Residual
#: the ops of one layer of the chart, in the order of the forward pass
Block = tuple[Op, ...]
#: the maps of a block whose output is its z
FIRST_MAPS = ("W", "W1")
#: every kind of op there is; engine, theory and exports have an entry for each
OPS: tuple[type, ...] = (Linear, Activate, Normalize, Dropout, Residual)


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


def ops_within(block: Iterable[Op]) -> Iterator[Op]:
    """Yield the ops of a block, those of its branches among them, in the order in which a signal meets them."""
    for op in block:
        if isinstance(op, Residual):
            yield from ops_within(op.branch)
        yield op


def linear_maps(config: Config) -> list[Linear]:
    """Return the linear maps of all blocks."""
    return [op for block in blocks(config) for op in ops_within(block) if isinstance(op, Linear)]


def h_place(branch: Sequence[Op]) -> int:
    """Return after how many ops of a branch its h is there: the output of its last activation, dropout included."""
    return max(number for number, op in enumerate(branch, 1) if isinstance(op, (Activate, Dropout)))


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
