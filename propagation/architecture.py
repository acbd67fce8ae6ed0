"""Architecture: a network as data, blocks of ops with their sizes. Engine, theory, labs and exports walk this one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from propagation.config import Config
from propagation.initializers import SCHEMES
from propagation.ops import (
    Activate,
    Attend,
    Block,
    Dropout,
    Gate,
    Linear,
    Normalize,
    Op,
    Patches,
    Residual,
    UnitVarianceOnData,
    Variance,
    WeightRule,
    ops_within,
)
from propagation.signals import PLAIN, STREAM


@lru_cache(maxsize=64)
def blocks(config: Config) -> tuple[Block, ...]:
    """Return the network of a config as `config.depth` blocks. Layers that are alike are the same object."""
    if config.has_stream:
        return ((_transformer if config.architecture == "transformer" else _residual)(config),) * config.depth
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
    if not config.has_stream or config.widths[0] == config.widths[1]:
        return ()
    return (replace(_linear(config, *config.widths[:2]), name=""),)


def head(config: Config) -> Block:
    """Return what stands between the last block and the cost: the final norm of a stream that only branches normalize."""
    bare = config.block_order != "post_activation" and config.norm_position == "pre"
    return _norm(config) if config.has_stream and bare else ()


def _plain(config: Config, linear: Linear) -> Block:
    """z = W h + b, h = φ(z), with a norm before or after φ, and dropout. A convolution's h is that of a patch."""
    seen = () if _on_one_tap(config) else (Patches(config.taps, config.positions),)
    before, after = (_norm(config), ()) if config.norm_position == "pre" else ((), _norm(config))
    return (*seen, linear, *before, Activate(config.activation), *after, *_dropout(config))


def _residual(config: Config) -> Block:
    """One residual block; its branch has the maps W1 and W2, Wg, Wu and W2 with a gate, or W alone."""
    hidden, last = _mlp(config)
    norm: Block = _norm(config)
    after: Block = ()
    branch: tuple[Op, ...]
    if config.block_order == "pre_activation":
        phi: Block = (Activate(config.activation), *_dropout(config))
        maps = (hidden[0], last) if config.branch_layers == 2 else (last,)
        branch = tuple(op for one in maps for op in (*norm, *phi, one))
    elif config.block_order == "post_activation":
        branch = (hidden[0], *norm, *hidden[1:], last, *norm)
        after = (Activate(config.activation),)
    elif config.branch_layers == 1:
        branch, after = ((*norm, last, *hidden), ()) if config.norm_position == "pre" else ((last, *hidden), norm)
    else:
        return _joined(config, (*hidden, last))
    return (_skip(config, branch), *after)


def _transformer(config: Config) -> Block:
    """One block: attention, then an MLP, each with a skip of its own; or attention alone."""
    attention = _joined(config, _attention(config))
    if config.sublayers == "attention":
        return attention
    hidden, last = _mlp(config)
    return (*attention, *_joined(config, (*hidden, last)))


def _joined(config: Config, branch: Sequence[Op]) -> Block:
    """A branch with its skip and its norm, before it or after the sum."""
    before, after = (_norm(config), ()) if config.norm_position == "pre" else ((), _norm(config))
    return (_skip(config, (*before, *branch)), *after)


def _skip(config: Config, branch: tuple[Op, ...]) -> Residual:
    """The branch beside its skip, by the rule of the config."""
    rule = config.branch
    if rule.branch_scale is None:
        return Residual(branch, config.branch_scale, config.skip_scale, rule.learned)
    return Residual(branch, rule.branch_scale(config.depth), rule.skip_scale(_branches(config)), rule.learned)


def _mlp(config: Config) -> tuple[tuple[Op, ...], Linear]:
    """What makes the hidden layer of a branch, and the map behind it; where the branch has one map, φ and the map."""
    width = config.widths[-1]
    phi: Block = (Activate(config.activation), *_dropout(config))
    others, last = config.branch.weights(_branches(config), config.branch_layers)
    if config.branch_layers == 1:
        return phi, _scaled(_linear(config, width, width), last, "W")
    hidden = _gated_width(width * config.expansion) if config.gated else width * config.expansion
    first = _scaled(_linear(config, width, hidden), others, "W1")
    second = _scaled(_linear(config, hidden, width), last, "W2")
    if not config.gated:
        return (first, *phi), second
    return (Gate(config.activation, replace(first, name="Wg"), replace(first, name="Wu")), *_dropout(config)), second


def _gated_width(hidden: int) -> int:
    """Two thirds, so that three maps have as many weights as two; from 256 on a multiple of 256, as LLaMA rounds it up."""
    multiple = 256 if hidden >= 256 else 1
    return multiple * -(-2 * hidden // (3 * multiple))


def _attention(config: Config) -> tuple[Op, ...]:
    """Attention and the map behind it. Where a library brings its biases, those of attention are 0."""
    width = config.widths[-1]
    plain = _linear(config, width, width)
    if SCHEMES[config.scheme].bias_scale is not None:
        plain = replace(plain, bias_variance=0.0)
    looking = plain if config.query_key_variance is None else replace(plain, weight=Variance(config.query_key_variance))
    seen = plain if config.value_variance is None else replace(plain, weight=Variance(config.value_variance))
    others, last = config.branch.weights(_branches(config), 2)
    maps = (replace(looking, name="Wq"), replace(looking, name="Wk"), _scaled(seen, others, "Wv"))
    attend = Attend(*maps, config.heads, config.tokens, config.causal, is_whole=config.sublayers == "attention")
    return attend, _scaled(plain, last, "Wo")


def _branches(config: Config) -> int:
    """How many branches the network has, K."""
    return config.depth * (2 if config.architecture == "transformer" and config.sublayers == "both" else 1)


def _on_one_tap(config: Config) -> bool:
    """Whether a neuron sees one position: also in a convolution with orthogonal weights, "delta-orthogonal" (Xiao et al. 2018)."""
    return config.architecture != "convolution" or config.taps == 1 or config.weight_law == "orthogonal"


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
    """The weights of one layer by the scheme. σ_b² is the variance of a bias, whatever the fans; those of a convolution count its taps."""
    taps = 1 if _on_one_tap(config) else config.taps
    fan_in, fan_out = fan_in * taps, fan_out * taps
    scheme = SCHEMES[config.scheme]
    rule: WeightRule
    if scheme.from_data:
        rule = UnitVarianceOnData()
    elif scheme.has_rule:
        rule = Variance(float(scheme.weight_variance(config.activation, float(fan_in), float(fan_out), config.weight_std)))
    else:
        rule = Variance(config.weight_variance)
    bias_variance = config.bias_variance if scheme.bias_scale is None else scheme.bias_scale / fan_in
    return Linear(fan_in, fan_out // taps, rule, bias_variance, config.bias_mean)


def linear_maps(config: Config) -> list[Linear]:
    """Return the linear maps of all blocks."""
    return [op for block in blocks(config) for op in ops_within(block) if isinstance(op, Linear)]


def signals_of(config: Config) -> tuple[str, ...]:
    """Return the names of the signals that this network has."""
    return PLAIN if not config.has_stream else PLAIN + STREAM


def is_coupled(config: Config) -> bool:
    """Return whether one input's output depends on the others: C is the sum over the batch then, and so is ∂C/∂W."""
    return config.normalization == "batch"


def columns_together(config: Config) -> int:
    """Return over how many vectors C, and so ∂C/∂W, is a sum: those of a batch with batch norm, or those of an input."""
    return config.columns if is_coupled(config) else config.places


def is_plain(config: Config) -> bool:
    """Return whether every layer is a linear map, of patches in a convolution, and an activation, and nothing else."""
    return {tuple(type(op) for op in block if not isinstance(op, Patches)) for block in blocks(config)} == {(Linear, Activate)}


def weight_variances(config: Config) -> np.ndarray | None:
    """Return σ_w² of every linear map, (maps,), or None where the data decide."""
    rules = [op.weight for op in linear_maps(config)]
    values = [rule.value for rule in rules if isinstance(rule, Variance)]
    return np.array(values) if len(values) == len(rules) else None


def bias_variances(config: Config) -> np.ndarray:
    """Return σ_b² of every linear map, (maps,)."""
    return np.array([op.bias_variance for op in linear_maps(config)])
