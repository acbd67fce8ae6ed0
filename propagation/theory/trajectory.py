"""Trajectory: the states of a batch all along an infinitely wide network. Everything that theory says of layers is read from it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from propagation.architecture import blocks, head, stem
from propagation.config import Config
from propagation.ops import Op
from propagation.theory.gate import GateLaw
from propagation.theory.op import State, Step, Steps, TheoryOp
from propagation.theory.ops import theory_op
from propagation.theory.residual import ResidualLaw

#: |change| of ln size, and of 1 − c relative to itself, in one layer at which a signal has arrived; 2,000 such layers add up to 2e-11
_ARRIVED = 1e-14


Kind = TypeVar("Kind", bound=TheoryOp)
#: what a walk asks, and hears
Walk = Generator[tuple[TheoryOp, State], State, list[Steps]]


def trajectory(config: Config, start: State) -> list[Steps]:
    """Return the steps of layers 1 … L for a batch that starts in this state. Layers of a signal that has arrived share their states.

    Those of a stem stand before the first layer's, those of a head after the last one's.
    """
    return trajectories([config], start)[0]


def trajectories(configs: Sequence[Config], start: State) -> list[list[Steps]]:
    """Return the trajectory of each config, all of the same start, equal to the last digit, pairs to rounding.

    What they ask of one op is computed at once.
    """
    walks = [_walk(config, start) for config in configs]
    found: list[list[Steps]] = [[] for _ in configs]
    after: dict[int, State | None] = dict.fromkeys(range(len(configs)))
    while after:
        asked: dict[TheoryOp, list[tuple[int, State]]] = {}
        for number, state in after.items():
            try:
                op, before = walks[number].send(state)  # type: ignore[arg-type]  # None starts a walk
            except StopIteration as end:
                found[number] = end.value
                continue
            asked.setdefault(op, []).append((number, before))
        after = {}
        for op, waiting in asked.items():
            numbers, states = zip(*waiting, strict=True)
            after |= zip(numbers, op.forward_all(states), strict=True)
    return found


def _walk(config: Config, start: State) -> Walk:
    """Yield each op with the state before it, to be sent the one after it. Returns the steps of all layers."""
    layers: list[Steps] = []
    before = yield from _through(stem(config), start)
    state, arrived = before[-1].after if before else start, False
    block_before, keys_before = None, None
    for block in blocks(config):
        if arrived and block is block_before:
            layers.append(layers[-1])
            continue
        ops = tuple(map(theory_op, block))
        keys = tuple(op.forward_key for op in ops)
        if arrived and keys == keys_before:  # other fans, and so another way back
            layers.append(tuple(replace(step, op=op) for op, step in zip(ops, layers[-1], strict=True)))
            block_before = block
            continue
        steps = yield from _through(block, state)
        state = steps[-1].after
        arrived = keys == keys_before and _same(steps[0].after, layers[-1][0].after)
        layers.append(steps)
        block_before, keys_before = block, keys
    after = yield from _through(head(config), state)
    if before or after:
        layers[0] = (*(replace(step, outside=True) for step in before), *layers[0])
        layers[-1] = (*layers[-1], *(replace(step, outside=True) for step in after))
    return layers


def _through(ops: Sequence[Op], state: State) -> Generator[tuple[TheoryOp, State], State, Steps]:
    """Yield ops one after the other, as `_walk` does; return their steps."""
    steps = []
    for op in map(theory_op, ops):
        if isinstance(op, ResidualLaw):
            branch = yield from _through(op.op.branch, state)
            step = Step(op, state, op.joined(state, branch[-1].after), branch)
        elif isinstance(op, GateLaw):
            z = yield op.gate, state
            opened = yield op.phi, z
            step = Step(op, state, op.joined(opened, (yield op.up, state)), op.steps(state, z, opened))
        else:
            step = Step(op, state, (yield op, state))
        steps.append(step)
        state = step.after
    return tuple(steps)


def steps_within(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps of a layer, those within a step before it."""
    for step in steps:
        yield from steps_within(step.branch)
        yield step


def first_of(kind: type[Kind], layers: list[Steps]) -> list[tuple[Kind, Step]]:
    """Return the first op of this kind in every layer, with its step."""
    return [next((step.op, step) for step in steps_within(steps) if isinstance(step.op, kind) and not step.outside) for steps in layers]


def states_by_op(layers: list[Steps]) -> dict[TheoryOp, list[State]]:
    """Return the states that each op meets, those that layers share once."""
    found: dict[TheoryOp, dict[State, None]] = {}
    for step in dict.fromkeys(step for steps in layers for step in steps_within(steps)):
        found.setdefault(step.op, {})[step.before] = None
    return {op: list(states) for op, states in found.items()}


def _same(now: State, before: State) -> bool:
    """Whether nothing changes any more."""
    with np.errstate(invalid="ignore"):
        moved = np.abs(now.log_sizes - before.log_sizes)  # NaN where both are −inf
    if moved.max() >= _ARRIVED or not np.all((moved < _ARRIVED) | (now.log_sizes == before.log_sizes)):
        return False
    return now.eps is None or bool(np.all(np.abs(now.eps - before.eps) <= _ARRIVED * now.eps))
