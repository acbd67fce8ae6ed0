"""Chain: both passes of the columns of a batch along a trajectory, as natural logarithms of second moments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import takewhile

import numpy as np

from propagation.architecture import linear_maps
from propagation.config import Config
from propagation.ops import FIRST_MAPS, h_place
from propagation.theory.cost import log_cost_gradient
from propagation.theory.gate import GateLaw
from propagation.theory.op import Array, State, Step, Steps, log_mean, log_sum
from propagation.theory.ops import ActivateLaw, DropoutLaw, LinearLaw
from propagation.theory.residual import ResidualLaw
from propagation.theory.trajectory import states_by_op, steps_within

_LN_10 = np.log(10)
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class Taps:
    """Where the signals of a layer are seen: the step that makes z, that of φ after it, and the states of h and of the stream."""

    linear: tuple[LinearLaw, Step]
    activate: tuple[ActivateLaw, Step]
    h: State
    stream: State | None

    @classmethod
    def of(cls, steps: Steps) -> Taps:
        """Return those of the steps of one layer."""
        own = [step for step in steps if not step.outside]
        inside = list(steps_within(own))
        maps = [(op, step) for step in inside if isinstance(op := step.op, LinearLaw)]
        linear = next((op, step) for op, step in maps if op.op.name in FIRST_MAPS)
        phis = [(op, step) for step in inside if isinstance(op := step.op, ActivateLaw)]
        after = [phi for phi in phis if inside.index(phi[1]) > inside.index(linear[1])]
        residual = next(((op, step) for step in own if isinstance(op := step.op, ResidualLaw)), None)
        if residual is None:
            return cls(linear, phis[0], own[-1].after, None)
        op, block = residual
        return cls(linear, (after or phis)[0], block.branch[h_place(op.op.branch) - 1].after, own[-1].after)


class Chain:
    """Arrays are (depth, m), m columns; `weights` has ∂C/∂W of every map of a block by its name."""

    def __init__(self, config: Config, layers: list[Steps]):
        for op, states in states_by_op(layers).items():
            op.prepare(states)
        known: dict[int, Taps] = {}  # layers of a signal that has arrived are one object
        for steps in layers:
            if id(steps) not in known:
                known[id(steps)] = Taps.of(steps)
        taps = [known[id(steps)] for steps in layers]
        linear = [one.linear for one in taps]
        self.weight_variance = np.array([op.weight_variance(step.before) for op, step in linear])
        self.bias_variance = np.array([op.op.bias_variance for op, _ in linear])
        self.z = np.stack([step.after.log_sizes for _, step in linear])
        self.whole_z = np.stack([step.after.around_zero().log_sizes for _, step in linear])
        self.h_states = [one.h for one in taps]
        self.h = np.stack([state.log_sizes for state in self.h_states])
        self.streams = [one.stream for one in taps if one.stream is not None]
        self._plain = all({type(step.op) for step in steps} <= {LinearLaw, ActivateLaw, DropoutLaw} for steps in layers)
        phi, first = taps[0].activate
        self.phi_zero = phi.moments(first.before).phi_zero
        self.logs = [one.activate[1].before.logs for one in taps]
        #: ln of what comes to E[h²] after φ, by ops that leave the mean as it is
        self.log_scattered = [_scattered(steps, one.activate[1]) for steps, one in zip(layers, taps, strict=True)] if self._plain else []
        self._backward(config, layers)
        if config.bias_mean:  # next to nothing, of a size that no table sees
            self.h = np.where(np.isneginf(self.h), np.nan, self.h)

    def _backward(self, config: Config, layers: list[Steps]) -> None:
        """From the cost down: ln of ∂C/∂z, ∂C/∂W and ∂C/∂x."""
        entries = {op.name: op.fan_in * op.fan_out for op in linear_maps(config)}
        delta: list[Array] = []
        stream: list[Array] = []
        weights: dict[str, list[Array]] = {name: [] for name in entries}

        def through(steps: Sequence[Step], gradient: Array) -> Array:
            for step in reversed(steps):
                deltas: dict[str, Array] = {}
                if isinstance(step.op, ResidualLaw):
                    past = step.op.backward(gradient, step.before)
                    gradient = log_sum(past, through(step.branch, gradient + step.op.log_scale))
                elif isinstance(step.op, GateLaw):
                    deltas = step.op.deltas(gradient, step)
                    gradient = step.op.below(deltas, step.before)
                else:
                    deltas = {step.op.op.name: gradient} if isinstance(step.op, LinearLaw) and not step.outside else {}
                    gradient = step.op.backward(gradient, step.before)
                for name, found in deltas.items():
                    weights[name].append(found + step.before.around_zero().log_sizes + math.log(config.places))
                    if name in FIRST_MAPS:
                        delta.append(found)
            return gradient

        gradient = log_cost_gradient(config.cost, layers[-1][-1].after.log_sizes, config.widths[-1])
        for steps in reversed(layers):
            behind = takewhile(lambda step: step.outside, reversed(steps))
            gradient = through([*behind][::-1], gradient)
            stream.append(gradient)
            gradient = through([step for step in steps if not step.outside], gradient)
        self.delta, self.stream_gradient = np.stack(delta[::-1]), np.stack(stream[::-1])
        self.weights = {name: np.stack(found[::-1]) for name, found in weights.items()}
        shares = np.log(np.array([*entries.values()]) / sum(entries.values()))
        parts = [found + share for found, share in zip(self.weights.values(), shares, strict=True)]
        self.weight_gradient = parts[0] if len(parts) == 1 else reduce(log_sum, parts)

    def log_means(self, shares: Array) -> dict[str, Array]:
        """Return ln of the second moments over neurons and inputs, (depth,) each; of z also around its mean."""
        found = {"z": self.z, "whole z": self.whole_z, "h": self.h, "delta": self.delta, "weight_gradient": self.weight_gradient}
        if self.streams:
            found |= {"stream": np.stack([state.log_sizes for state in self.streams]), "stream_gradient": self.stream_gradient}
        return {name: log_mean(values, shares) for name, values in (found | self.weights).items()}

    def mean_and_log10_variance_of_h(self, shares: Array) -> tuple[Array, Array]:
        """Return the mean of h and log10 of its variance over neurons and inputs, (depth,) each."""
        if not self._plain:
            return self.mean_and_log10_variance(self.h_states, shares)
        # from φ − φ(0), so that no digits are lost
        centred, log_size, sign = (np.stack([getattr(logs, name) for logs in self.logs]) for name in ("centred", "mean", "mean_sign"))
        scale = np.max(centred, axis=1)
        scale = np.where(np.isfinite(scale), scale, 0.0)[:, None]
        second = np.exp(centred - scale) @ shares
        mean = (sign * np.exp(log_size - scale / 2)) @ shares
        with np.errstate(divide="ignore"):
            log_variance = np.log(np.maximum(second - mean**2, 0.0)) + scale[:, 0]
        with np.errstate(invalid="ignore"):  # of NaN, where a table does not see the variance
            log_variance = np.logaddexp(log_variance, log_mean(np.stack(self.log_scattered), shares))
        mean = self.phi_zero + mean * np.exp(np.clip(scale[:, 0] / 2, -_LARGEST_EXPONENT, _LARGEST_EXPONENT))
        return mean, log_variance / _LN_10

    def mean_and_log10_variance(self, states: Sequence[State], shares: Array) -> tuple[Array, Array]:
        """Return the same of any states, from their sizes and the ratios of their means."""
        sizes, ratios = np.stack([state.log_sizes for state in states]), np.stack([state.ratios for state in states])
        scale = np.max(sizes, axis=1, keepdims=True)
        scale = np.where(np.isfinite(scale), scale, 0.0)
        mean = (ratios * np.exp((sizes - scale) / 2)) @ shares
        with np.errstate(divide="ignore"):
            log_variance = np.log(np.maximum(np.exp(sizes - scale) @ shares - mean**2, 0.0)) + scale[:, 0]
        return mean * np.exp(np.clip(scale[:, 0] / 2, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)), log_variance / _LN_10


def _scattered(steps: Steps, activate: Step) -> Array:
    """ln of the difference of sizes, (m,), between the end of a layer and its φ; −inf where φ is the end."""
    if steps[-1] is activate:
        return np.full(activate.after.log_sizes.shape, -np.inf)
    after, before = steps[-1].after.log_sizes, activate.after.log_sizes
    with np.errstate(invalid="ignore", divide="ignore"):  # of a signal that is gone
        return np.where(np.isneginf(after), -np.inf, after + np.log(-np.expm1(before - after)))
