"""Ops: what a layer is made of, as frozen records of names and numbers.

What an op does to a signal, and to its gradient, stands in a registry each of the engine, of the theory and of the frameworks that scripts
are written for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


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
class Patches:
    """x_α becomes x_(α−r) … x_(α+r) one above the other, `taps` = 2r + 1 of them, the `positions` α of an input in a circle."""

    taps: int
    positions: int


@dataclass(frozen=True)
class Gate:
    """h = φ(z₁) ⊙ z₂, z₁ = W_g x and z₂ = W_u x, two maps of one input (Dauphin et al. 2017, Shazeer 2020)."""

    activation: str
    gate: Linear
    up: Linear


@dataclass(frozen=True)
class Attend:
    """o_t = Σ_s A_ts v_s in every head, A = softmax_s(q_t·k_s/√d) of the tokens s of a sequence, up to t itself where `causal`.

    q, k and v are three maps of one input, d the rows of a head. `is_whole`: the block has nothing else, and so v is its z and o its h.
    """

    query: Linear
    key: Linear
    value: Linear
    heads: int
    tokens: int
    causal: bool = False
    is_whole: bool = False


@dataclass(frozen=True)
class Residual:
    """x′ = s x + α·branch(x), s = `skip_scale` and α = `branch_scale`, which training changes where it is `learned`."""

    branch: tuple[Op, ...]
    branch_scale: float
    skip_scale: float = 1.0
    learned: bool = False


Op = Linear | Activate | Normalize | Dropout | Patches | Gate | Attend | Residual
#: the ops of one layer of the chart, in the order of the forward pass
Block = tuple[Op, ...]
#: the maps of a block whose output is its z
FIRST_MAPS = ("W", "W1", "Wg")
#: every kind of op there is; engine, theory and exports have an entry for each
OPS: tuple[type, ...] = (Linear, Activate, Normalize, Dropout, Patches, Gate, Attend, Residual)


def parts(op: Op) -> tuple[Op, ...]:
    """Return the ops that an op is made of, in the order in which a signal meets them; none of one that is simple."""
    if isinstance(op, Gate):
        return op.gate, op.up
    if isinstance(op, Attend):
        return op.query, op.key, op.value
    return op.branch if isinstance(op, Residual) else ()


def ops_within(block: Iterable[Op]) -> Iterator[Op]:
    """Yield the ops of a block, before each of them those that it is made of."""
    for op in block:
        yield from ops_within(parts(op))
        yield op


def z_map(block: Iterable[Op]) -> Linear:
    """Return the map whose output is the z of a block."""
    ops = list(ops_within(block))
    whole = (op.value for op in ops if isinstance(op, Attend) and op.is_whole)
    return next(whole, None) or next(op for op in ops if isinstance(op, Linear) and op.name in FIRST_MAPS)


def h_place(branch: Sequence[Op]) -> int:
    """Return after how many ops of a branch the h of its block is there: the output of its last activation, dropout included; else 0."""
    makes_h = (Activate, Gate, Dropout)
    found = [number for number, op in enumerate(branch, 1) if isinstance(op, makes_h) or (isinstance(op, Attend) and op.is_whole)]
    return max(found, default=0)
