"""The forward and the backward pass over the ops of an architecture: config → Trace."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from propagation.architecture import Linear, blocks
from propagation.config import Config
from propagation.engine.cost import remembers_layers, trials_at_once, work
from propagation.engine.measure import Measurements, Observer, separation
from propagation.engine.ops import EngineOp, Place, engine_op
from propagation.engine.readout import output_gradient
from propagation.engine.signal import Put, Signal, scaled_moments
from propagation.engine.tape import KeptTape, ReplayedTape, Tape
from propagation.engine.trace import Moments, Trace
from propagation.inputs import draw_inputs
from propagation.runtime.blas import one_thread
from propagation.runtime.buffers import buffer
from propagation.runtime.memory import keep_freed_memory
from propagation.runtime.scheduler import Pause, run_all, slot
from propagation.signals import FORWARD, SIGNALS

Progress = Callable[[float], None]


def simulate(config: Config, progress: Progress | None = None) -> Trace:
    """Push a batch through `config.trials` random networks, pull gradients back, and measure every layer.

    `progress` is called from the calling thread, again and again, with the share of trials that are done; it may raise to end this.
    """
    x = draw_inputs(config)
    size = trials_at_once(config)
    groups = [range(first, min(first + size, config.trials)) for first in range(0, config.trials, size)]
    measured: list[Measurements] = []

    def look() -> None:
        if progress:
            progress(sum(len(group) for group in groups[: len(measured)]) / config.trials)

    def run(group: range, pause: Pause) -> Measurements:
        return _run(config, x, group, pause)

    with one_thread():
        for result in run_all(run, groups, _seconds(config, size), look):
            measured.append(result)
            look()
    return _assemble(config, x, measured)


def observe(config: Config, observer: Observer, trials: range, x: np.ndarray | None = None, look: Pause | None = None) -> None:
    """Run these trials in one stack and show every layer to the observer. Inputs are `x`, (n_0, B), or the config's own.

    `look` is called, about ten times a second, while this waits for its turn; it may raise to leave the line.
    """
    x = draw_inputs(config) if x is None else x
    with one_thread(), slot(_seconds(config, len(trials)), look or _nothing) as yield_slot:
        _run(config, x, trials, yield_slot, observer)


def _seconds(config: Config, trials: int) -> float:
    """The seconds that a stack of so many trials is expected to take."""
    return work(replace(config, trials=trials)).seconds


def _nothing() -> None:
    """Nobody has to be told."""


def _run(config: Config, x: np.ndarray, group: range, pause: Pause, observer: Observer | None = None) -> Measurements:
    """One draw of the network in each trial of the group: all layers forward, then all layers backward, with a pause after each."""
    keep_freed_memory()
    # a BLAS kernel may compute on what lies beyond the end of an array, in memory that was used before, and drop the result
    with np.errstate(invalid="ignore"):
        if not remembers_layers(config):
            return _passes(config, x, group, pause, observer, None)
        with buffer() as kept:
            return _passes(config, x, group, pause, observer, kept.put)


def _passes(config: Config, x: np.ndarray, group: range, pause: Pause, observer: Observer | None, put: Put | None) -> Measurements:
    """Both passes; `put` keeps signals of the forward one for the backward one, which without it computes them again from the noise."""
    measured = Measurements(len(group), config.depth)

    def see(name: str, layer: int, *values: Any) -> None:
        measured.see(name, layer, *values)
        if observer:
            observer.see(name, layer, *values)

    inputs = h = _stacked(x, len(group))
    ops: list[EngineOp] = []
    layers: list[list[EngineOp]] = []
    tape = KeptTape(see, put) if put else ReplayedTape(see, inputs, ops)
    for layer, block in _placed(config, group):
        layers.append(block)
        for op in block:
            ops.append(op)
            h = op.forward(h, tape)
        see("h", layer, h)
        pause()

    gradient, measured.loss = output_gradient(config, h, group.start)
    for block in reversed(layers):
        for op in reversed(block):
            gradient = op.backward(gradient, tape)
        pause()
    return measured


@dataclass(frozen=True)
class Step:
    """One op of one network with its weights held: its input x and its output y, (1, n, B)."""

    op: EngineOp
    x: Signal
    y: Signal


def walk(config: Config, trial: int, x: np.ndarray) -> Iterator[tuple[Step, ...]]:
    """Yield the steps of layers 1 … L of the network that this seed draws in this trial, its weights held, shown `x`, (n_0, B).

    The weights are those of a dense simulation of the config.
    """
    signal, tape = _stacked(x, 1), Tape()
    for _, block in _placed(replace(config, method="dense"), range(trial, trial + 1)):
        steps = []
        for op in block:
            before, signal = signal, op.forward(signal, tape)
            steps.append(Step(op, before, signal))
        yield tuple(steps)


def _placed(config: Config, group: range) -> Iterator[tuple[int, list[EngineOp]]]:
    """The ops of every layer (from 1), made when they are asked for: a dense one draws its W."""
    maps, below = 0, None  # linear maps so far, and the op below
    for layer, block in enumerate(blocks(config), start=1):
        ops = []
        for op in block:
            below = engine_op(op, Place(config, group, layer, maps, below))
            maps += isinstance(op, Linear)
            ops.append(below)
        yield layer, ops


def _stacked(x: np.ndarray, trials: int) -> Signal:
    """The inputs, (n_0, B), as every trial is shown them."""
    return Signal(np.broadcast_to(x, (trials, *x.shape)), np.zeros(trials, dtype=int))


def _assemble(config: Config, x: np.ndarray, groups: list[Measurements]) -> Trace:
    """The measurements of all groups as one Trace."""
    signals = {}
    for name in SIGNALS:
        mean, variance, second_moment, exponent = np.concatenate([group.moments[name] for group in groups], axis=1)
        signals[name] = Moments(*scaled_moments(mean, variance, second_moment, exponent.astype(int)))
    return Trace(
        config=config,
        signals=signals,
        input_log10_second_moment=math.log10(np.mean(x**2)),
        saturated=np.concatenate([group.saturated for group in groups]),
        dead=np.concatenate([group.dead for group in groups]),
        weight_variance=np.concatenate([group.weight_variance for group in groups]),
        lost=_lost(signals),
        separation=np.concatenate([group.separation for group in groups]),
        loss=np.concatenate([group.loss for group in groups]),
        input_separation=float(separation(_stacked(x, 1))[0]),
    )


def _lost(signals: dict[str, Moments]) -> dict[str, int]:
    """For each signal that a trial lost, the layer (from 1) where it happened first in the signal's own direction."""
    lost = {}
    for name, moments in signals.items():
        layers = np.flatnonzero(~np.isfinite(moments.log10_second_moment).all(axis=0)) + 1
        if layers.size:
            lost[name] = int(layers.min() if name in FORWARD else layers.max())
    return lost
