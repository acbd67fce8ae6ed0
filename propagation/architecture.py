"""Architecture: a network as data, blocks of ops with their sizes. Engine, theory, labs and exports walk this one list.

An op is a frozen record of names and numbers. What it does to a signal, and to its gradient, stands in a registry each of the engine, of
the theory and of the frameworks that scripts are written for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from propagation.config import Config
from propagation.initializers import SCHEMES


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
    """z = W h + b with Var[W_ij] = σ_w²/fan_in by the rule, Var[b_i] = σ_b² and E[b_i] = `bias_mean`."""

    fan_in: int
    fan_out: int
    weight: WeightRule
    bias_variance: float
    bias_mean: float = 0.0


@dataclass(frozen=True)
class Activate:
    """h = φ(z), entry by entry."""

    activation: str


@dataclass(frozen=True)
class Dropout:
    """h̃ = h m/p: each entry of each input is kept with probability p = `keep`, by a coin of its own, and set to 0 otherwise."""

    keep: float


Op = Linear | Activate | Dropout
#: the ops of one layer of the chart, in the order of the forward pass
Block = tuple[Op, ...]
#: every kind of op there is; engine, theory and exports have an entry for each
OPS: tuple[type, ...] = (Linear, Activate, Dropout)


@lru_cache(maxsize=64)
def blocks(config: Config) -> tuple[Block, ...]:
    """Return the network of a config as `config.depth` blocks. Layers that are alike are the same object."""
    activate = Activate(config.activation)
    alike: dict[tuple[int, int], Block] = {}
    for fans in zip(config.widths[:-1], config.widths[1:], strict=True):
        if fans not in alike:
            alike[fans] = (_linear(config, *fans), activate)
    first, *others = (alike[fans] for fans in zip(config.widths[:-1], config.widths[1:], strict=True))
    own = config.first_weight_variance
    if own is not None and not SCHEMES[config.scheme].from_data:
        first = (replace(_linear(config, *config.widths[:2]), weight=Variance(own)), activate)
    return (first, *others)


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


def weight_variances(config: Config) -> np.ndarray | None:
    """Return σ_w² of every linear map, (maps,), or None where the data decide."""
    rules = [op.weight for block in blocks(config) for op in block if isinstance(op, Linear)]
    values = [rule.value for rule in rules if isinstance(rule, Variance)]
    return np.array(values) if len(values) == len(rules) else None


def bias_variances(config: Config) -> np.ndarray:
    """Return σ_b² of every linear map, (maps,)."""
    return np.array([op.bias_variance for block in blocks(config) for op in block if isinstance(op, Linear)])
