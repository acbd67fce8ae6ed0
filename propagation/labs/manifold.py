"""Manifold: angles between inputs, and a circle of inputs, on their way through random networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from propagation.architecture import signals_of
from propagation.config import Config
from propagation.engine.measure import Observer
from propagation.engine.network import stacks, walk
from propagation.engine.ops import EngineOp, LinearOp
from propagation.engine.signal import Signal
from propagation.labs.protocol import Lab, Progress, coupled, part_of
from propagation.labs.watch import watch
from propagation.runtime.blas import one_thread
from propagation.streams import stream
from propagation.widths import written_sizes

#: 1 − c of the pairs of inputs, from almost parallel to almost opposite
STARTS = (1e-6, 1e-3, 0.1, 0.5, 1.0, 1.9)
#: Two inputs closer than this are told as one: at 1e-9, a millionth of what tells them apart is lost in a layer (see engine.frames).
FLOOR = 1e-9
#: a circle is followed in a network no wider and no deeper than this, in at most this many draws
WIDEST, DEEPEST, DRAWS = 400, 100, 3
#: points at which it is measured, and those at which it is drawn, every _FINER-th of them a measured one
POINTS, _FINER = 128, 4


@dataclass(frozen=True)
class Angles:
    """log10(1 − c) between z of two inputs, (trials, depth + 1, pairs): the inputs first; −inf where they are closer than FLOOR.

    NaN where a signal is exactly zero and has no direction.
    """

    config: Config
    log10_eps: np.ndarray


def _used_for_angles(config: Config) -> Config:
    """Return the experiment that `measure_angles` runs: the first input, and a partner of it for each start."""
    return replace(_with_a_plane(config), inputs=1 + len(STARTS), positions=1)


def measure_angles(config: Config, progress: Progress | None = None) -> Angles:
    """Measure correlations of pairs of inputs, on one random circle at exact angles, in every layer of `config.trials` networks."""
    return angles_alike([config], progress)[0]


def angles_alike(configs: Sequence[Config], progress: Progress | None = None) -> list[Angles]:
    """Return `measure_angles` of each of these configs, which differ in numbers alone, in networks that share their noise."""
    configs = [_used_for_angles(config) for config in configs]
    starts = np.array(STARTS)
    inputs = {config: circle(config, np.append(0.0, np.arctan2(np.sqrt(starts * (2 - starts)), 1 - starts))) for config in configs}
    seen = {config: np.full((config.trials, config.depth + 1, len(STARTS)), np.nan) for config in configs}
    for config, x in inputs.items():
        seen[config][:, 0] = _distances(x[None])
    groups = stacks(configs)
    for number, stack in enumerate(groups):
        own = part_of(progress, number / len(groups), (number + 1) / len(groups))
        places = [seen[config][stack.trials.start : stack.trials.stop] for config in stack.configs]
        name = "stream" if "stream" in signals_of(stack.configs[0]) else "z"
        watch(stack, _AngleObserver(places, name), own, [inputs[config] for config in stack.configs])
    with np.errstate(divide="ignore"):
        return [Angles(config, np.log10(np.where(seen[config] < FLOOR, 0.0, seen[config]))) for config in configs]


ANGLES = Lab("angles", _used_for_angles, measure_angles, coupled("two of them by themselves have no angle"))


def _with_a_plane(config: Config) -> Config:
    """Return the experiment with at least two entries in an input: one has no circle."""
    if config.widths[0] > 1:
        return config
    return replace(config, layer_sizes=written_sizes([2, *config.widths[1:]]))


def circle(config: Config, angles: np.ndarray) -> np.ndarray:
    """Return inputs √(n_0 input_variance) (u cos θ + v sin θ) on a circle in a random plane, (n_0, k)."""
    size = config.widths[0]
    plane, _ = np.linalg.qr(stream(config.seed, "inputs").standard_normal((size, 2)))
    return np.sqrt(size * config.input_variance) * (plane @ np.stack((np.cos(angles), np.sin(angles))))


class _AngleObserver(Observer):
    """Writes the distances of every layer into `seen`, for each config of a stack one array (trials, layer, pair)."""

    looks_back = False

    def __init__(self, seen: Sequence[np.ndarray], name: str) -> None:
        self.seen, self.name = seen, name

    def see(self, name: str, layer: int, *values: Any) -> None:
        if name == self.name:
            for own, distances in zip(self.seen, np.split(_distances(values[0].array), len(self.seen)), strict=True):
                own[:, layer] = distances


def _distances(z: np.ndarray) -> np.ndarray:
    """Return 1 − c of the first column and each of the others, (T, B − 1), from (T, n, B): half the squared distance of unit vectors."""
    lengths = np.sqrt(np.einsum("tnb,tnb->tb", z, z))
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = z / lengths[:, None, :]
    difference = unit[:, :, 1:] - unit[:, :, :1]
    return 0.5 * np.einsum("tnb,tnb->tb", difference, difference)


@dataclass(frozen=True)
class Circle:
    """A circle of inputs in z of layers 0 … k, the inputs first.

    `points` (k + 1, 512, 3) are its coordinates, per √n, along the three directions in which it extends most, in the first network;
    `share` (k + 1,) is how much of its variance these hold. `log10_length` and `log10_curvature` (draws, k + 1) are relative to the input
    circle, as in `theory.manifold`; the curvature is NaN where φ has corners. k is below the depth where the signal leaves 2^±40.
    """

    config: Config
    points: np.ndarray
    share: np.ndarray
    log10_length: np.ndarray
    log10_curvature: np.ndarray


def _used_for_circle(config: Config) -> Config:
    """Return the experiment that `follow_circle` runs: its plain network, no wider than WIDEST, of at most DRAWS draws."""
    return replace(_with_a_plane(config.without_blocks()).no_larger(width=WIDEST), trials=min(config.trials, DRAWS), method="auto")


def follow_circle(config: Config, progress: Progress | None = None) -> Circle:
    """Push a circle of inputs, its velocity and its acceleration through the first DEEPEST layers of a few networks.

    With v = ∂z/∂θ and a = ∂²z/∂θ²: v ← W φ′ v and a ← W (φ″ v² + φ′ a). Length ∫ ‖v‖ dθ; curvature √(‖v‖² ‖a‖² − (v·a)²) / ‖v‖³,
    mean over θ. Source: Poole et al. 2016.
    """
    config = _used_for_circle(config)
    depth = min(config.depth, DEEPEST)
    lengths, curvatures = np.full((2, config.trials, depth + 1), np.nan)
    shadows = _Shadows()
    with one_thread():
        for trial in range(config.trials):
            finer = 1 if trial else _FINER
            angles = 2 * np.pi * np.arange(finer * POINTS) / (finer * POINTS)
            x = circle(config, angles)
            motion = _Motion(circle(config, angles[::finer] + np.pi / 2), -x[:, ::finer])
            lengths[trial, 0], curvatures[trial, 0] = motion.length(), motion.curvature()
            if trial == 0:
                shadows.add(x)
            for layer, steps in enumerate(islice(walk(config, trial, x), depth), start=1):
                z = steps[0].y
                if z.exponent[0] != 0:
                    break
                for step in steps:
                    motion.follow(step.op, Signal(step.x.array[:, :, ::finer], step.x.exponent))
                    if isinstance(step.op, LinearOp):
                        lengths[trial, layer], curvatures[trial, layer] = motion.length(), motion.curvature()
                if trial == 0:
                    shadows.add(z.array[0])
                if progress:
                    progress((trial + layer / depth) / config.trials)
    kept = len(shadows.points)
    lengths, curvatures = ((values - values[:, :1])[:, :kept] for values in (lengths, curvatures))
    return Circle(config, np.stack(shadows.points), np.array(shadows.shares), lengths, curvatures)


CIRCLE = Lab("circle", _used_for_circle, follow_circle)


class _Motion:
    """Velocity and acceleration along a circle, (n, POINTS) each. θ is rescaled by every op so that speeds stay near 1."""

    def __init__(self, velocity: np.ndarray, acceleration: np.ndarray) -> None:
        self.log10_scale = 0.0
        self._settle(velocity, acceleration)

    def _settle(self, velocity: np.ndarray, acceleration: np.ndarray) -> None:
        speed = np.sqrt(np.mean(velocity**2)) or 1.0
        self.log10_scale += np.log10(speed)
        self.velocity, self.acceleration = velocity / speed, acceleration / speed**2

    def follow(self, op: EngineOp, x: Signal) -> None:
        """Go on through an op whose input on the circle is x."""
        tangents = (Signal(tangent[None], np.zeros(1, dtype=int)) for tangent in (self.velocity, self.acceleration))
        self._settle(*(np.ldexp(moved.array[0], moved.exponent[0]) for moved in op.jvp(x, tuple(tangents))))

    def length(self) -> float:
        """Return log10 of the length per √n and 2π."""
        with np.errstate(divide="ignore"):
            return self.log10_scale + float(np.log10(np.mean(np.sqrt(np.mean(self.velocity**2, axis=0)))))

    def curvature(self) -> float:
        """Return log10 of the mean of √n κ."""
        speed = np.mean(self.velocity**2, axis=0)
        along = np.mean(self.velocity * self.acceleration, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            squares = (speed * np.mean(self.acceleration**2, axis=0) - along**2) / speed**3
            return float(np.log10(np.mean(np.sqrt(np.maximum(squares, 0.0)))))


class _Shadows:
    """Three coordinates of a curve, layer by layer, each turned to lie as much as it can like the one before, and their shares."""

    def __init__(self) -> None:
        self.points: list[np.ndarray] = []
        self.shares: list[float] = []

    def add(self, z: np.ndarray) -> None:
        """Take the curve z, (n, k), along the leading directions of its measured points."""
        centred = (z - z.mean(axis=1, keepdims=True)) / len(z) ** 0.5
        measured = centred[:, ::_FINER]
        sizes, vectors = np.linalg.eigh(measured.T @ measured)
        sizes, vectors = np.maximum(sizes[::-1], 0.0), vectors[:, ::-1][:, :3]
        there = sizes[:3] > 1e-12 * sizes[0]
        directions = measured @ vectors / np.sqrt(np.where(there, sizes[:3], np.inf))
        shadow = centred.T @ directions
        if self.points:
            left, _, right = np.linalg.svd(shadow.T @ self.points[-1])
            shadow = shadow @ (left @ right)
        self.points.append(shadow)
        self.shares.append(float(sizes[:3].sum() / sizes.sum()) if sizes[0] > 0 else 1.0)
