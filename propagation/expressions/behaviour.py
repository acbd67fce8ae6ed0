"""Behaviour: where a formula has a value, where it bends, how it runs at zero and far out. Refuses what no network could use.

Everything is found by looking: at 26,000 points from 1e-12 to 7e13 on both sides (every 1/128 up to |z| = 64, 64 to an octave elsewhere),
at the extrema between them of whatever decides something, and by halving intervals in which a sign changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from propagation.activations import Array, corners_among
from propagation.expressions.dual import Dual
from propagation.expressions.errors import ExpressionError, TooFast
from propagation.expressions.tape import Tape, Watch

#: slopes that are read: the steepest of a formula lies between these
FLATTEST, STEEPEST = 1e-12, 1e6
MOST_KINKS = 8
#: between |z| = 2^34 and 2^46, φ(z)/z of a straight line changes by less than this share, ...
_SETTLED = 1e-3
#: ... that of what grows like √|z|, or less, shrinks to this share, and more than this share means growth that is faster than a line's
_FLAT, _FASTER = 2.0**-5.9, 1.2
#: intervals that are halved in one search, those nearest to zero first, and how often
_MOST_INTERVALS = 400
_HALVINGS = 64

_FINE = np.arange(1, 8193) / 128
_SIDE = np.concatenate((2.0 ** np.arange(-40, -7, 1 / 64), _FINE, 2.0 ** (6 + np.arange(1, 40 * 64 + 1) / 64)))
_GRID = np.concatenate((-_SIDE[::-1], [0.0], _SIDE))
_OCTAVE = 2.0 ** (np.arange(65) / 64)
_ROUNDING = 1e-12
#: a denominator that sinks to this share of its neighbours' touches 0
_DIP = 1e-10
#: a difference of values beside a point that no slope of at most STEEPEST makes is a jump
_JUMP = 1e-8
#: stands for ±0; in x + 1 it would be lost, and the second stands for it
_TINY, _SMALL = 2.0**-200, 2.0**-44


@dataclass(frozen=True)
class Behaviour:
    """What an Activation says about φ beside its values."""

    kinks: tuple[float, ...]
    phi_zero: float
    slopes_at_zero: tuple[float, float]
    slopes_at_infinity: tuple[float, float]


def behaviour_of(tape: Tape, lower: Tape, text: str) -> Behaviour:
    """Return the behaviour of a formula, or raise the ExpressionError that refuses it. `lower` is the formula with lower exponentials."""
    grid = _GRID
    if tape.watches:
        grid = np.union1d(_GRID, np.concatenate(_crossings(tape, tape.watches, _GRID, part=1)))
        _refuse_poles(tape, grid, text)
    _refuse_gaps(tape, grid, text)
    _refuse_overflow(tape, lower, grid, text)
    infinity = _slope_far_out(tape, -1.0, text), _slope_far_out(tape, 1.0, text)
    kinks = kinks_of(tape, text, grid)
    _refuse_slopes(tape, grid, text)
    return Behaviour(kinks, float(tape.evaluate(0.0)[0]) + 0.0, _slopes_at_zero(tape, kinks), infinity)


def _crossings(tape: Tape, watches: list[Watch], grid: Array, part: int) -> list[Array]:
    """Find, for each watch, the points where its value (part 0) or its slope (part 1) changes sign, as far as the grid shows it."""
    results = tape.run(grid)
    most = max(2 * MOST_KINKS, _MOST_INTERVALS // max(len(watches), 1))
    cells, signs = [], []
    for watch in watches:
        sign = _signs(np.broadcast_to(watch.of(results)[part], grid.shape))
        changes = np.flatnonzero(sign[1:] != sign[:-1])
        changes = changes[np.argsort(np.abs(grid[changes]), kind="stable")[:most]]
        cells.append(changes)
        signs.append(sign[changes + 1])
    owner = np.repeat(np.arange(len(watches)), [len(some) for some in cells])
    cell, right = np.concatenate(cells), np.concatenate(signs)
    low, high = grid[cell], grid[cell + 1]
    for _ in range(_HALVINGS if owner.size else 0):
        middle = (low + high) / 2
        results = tape.run(middle)
        differences = np.stack([np.broadcast_to(watch.of(results)[part], middle.shape) for watch in watches])
        beyond = np.sign(differences[owner, np.arange(owner.size)]) == right
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    return [high[owner == number] for number in range(len(watches))]


def _signs(values: Array) -> Array:
    """Return the signs, where a lone zero counts as its left neighbour, so that touching zero is no change and passing it is one."""
    sign = np.sign(np.nan_to_num(values))
    lone = np.flatnonzero((sign[1:-1] == 0) & (sign[:-2] != 0) & (sign[2:] != 0)) + 1
    sign[lone] = sign[lone - 1]
    return sign


def _refuse_poles(tape: Tape, grid: Array, text: str) -> None:
    """Refuse a denominator that is zero somewhere, passing it or touching it."""
    results = tape.run(grid)
    for watch in tape.watches:
        if watch.needs == "nonzero":
            size = np.abs(np.broadcast_to(watch.of(results)[0], grid.shape))
            dips = np.isfinite(size[1:-1]) & (size[1:-1] <= _DIP * np.minimum(size[:-2], size[2:]))
            zeros = np.concatenate((grid[size == 0], grid[1:-1][dips], *_crossings(tape, [watch], grid, part=0)))
            zeros = _in_force(tape, zeros)
            if zeros.size:
                raise ExpressionError(text, watch.position, f"it divides by 0 at z = {_nearest(zeros):.4g}")


def _in_force(tape: Tape, zeros: Array) -> Array:
    """Return the zeros of a denominator that φ feels, not those of a branch that a comparison does not take there."""
    if not zeros.size or all(watch.needs != "no jump" for watch in tape.watches):
        return zeros
    values = np.stack([np.abs(tape.evaluate(zeros + ulps * np.spacing(zeros))[0]) for ulps in range(-4, 5)])
    fine = np.isfinite(values).all(axis=0) & (values.max(axis=0) <= STEEPEST * np.maximum(1, np.abs(zeros)))
    return zeros[~fine]


def _refuse_gaps(tape: Tape, grid: Array, text: str) -> None:
    """Refuse a formula whose value or slope is infinite or no number somewhere, and mark the part that is so first."""
    value, slope = tape.evaluate(grid)
    bad = ~(np.isfinite(value) & np.isfinite(slope))
    if not bad.any():
        return
    z = _nearest(grid[bad])
    what = "slope" if np.isfinite(value[grid == z][0]) else "value"
    for (part, its_slope), step in zip(tape.run(np.array([z])), tape.steps, strict=True):
        if not (np.isfinite(part).all() and np.isfinite(its_slope).all()):
            raise ExpressionError(text, step.position, f"this part has no finite {what} at z = {z:.4g}")


def _refuse_overflow(tape: Tape, lower: Tape, grid: Array, text: str) -> None:
    """Refuse what depends on how large exp can get: a formula may contain e^1000 only where it does not matter, as in 1 / (1 + exp(-x))."""
    for here, there in zip(tape.evaluate(grid), lower.evaluate(grid), strict=True):
        differs = np.abs(here - there) > _ROUNDING * np.maximum(1, np.abs(here))
        if differs.any():
            z = _nearest(grid[differs])
            spot = _spot(tape, partial(_differs, tape.run(np.array([z])), lower.run(np.array([z]))))
            if np.abs(here).max() > STEEPEST * grid[-1]:
                raise TooFast(text, spot, _too_fast("exponentially"))
            raise ExpressionError(text, spot, f"exp(...) overflows from z = {z:.4g} on; write softplus(x) for log(1 + exp(x))")


def _differs(here: list[Dual], there: list[Dual], step: int) -> bool:
    """Return whether value or slope of a step depend on how large exp can get."""
    return any(np.any(np.abs(a - b) > _ROUNDING * np.maximum(1, np.abs(a))) for a, b in zip(here[step], there[step], strict=True))


def _slope_far_out(tape: Tape, side: float, text: str) -> float:
    """Return lim φ(z)/z on one side: 0 where φ is bounded, or grows no faster than √|z|."""
    middle, far = (side * scale * _OCTAVE for scale in (2.0**33, 2.0**45))
    before = tape.evaluate(middle)[0] / middle
    value, slope = tape.evaluate(far)
    ratio = value / far
    size_before, size = np.abs(before).max(), np.abs(ratio).max()
    if size <= max(_FLAT * size_before, _ROUNDING * np.abs(tape.evaluate(_GRID)[1]).max()):
        return 0.0
    ends = [np.stack((a[0] / middle, b[0] / far)) for a, b in zip(tape.run(middle), tape.run(far), strict=True)]
    if _grows(ratio, before):
        spot = _spot(tape, lambda step: _grows(ends[step][1], ends[step][0]))
        raise TooFast(text, spot, _too_fast("faster than a straight line"))
    if np.ptp(np.concatenate((ratio, before))) > _SETTLED * size:
        spot = _spot(tape, lambda step: _wanders(ends[step][1], ends[step][0]))
        raise ExpressionError(text, spot, "for large |z| it follows no straight line, level or sloping, so large signals have no law")
    return float(slope[-1] if np.ptp(slope) <= _ROUNDING * size else np.round(ratio.mean(), 10))


def _grows(ratio: Array, before: Array) -> bool:
    """Return whether φ(z)/z grows between two octaves far out, or is beyond floating point."""
    return not np.isfinite(ratio).all() or bool(np.abs(ratio).max() > _FASTER * np.abs(before).max())


def _wanders(ratio: Array, before: Array) -> bool:
    """Return whether φ(z)/z neither grows nor sinks to 0 far out, nor stays what it is."""
    size_before, size = np.abs(before).max(), np.abs(ratio).max()
    return bool(_FLAT * size_before < size <= _FASTER * size_before and np.ptp(np.stack((ratio, before))) > _SETTLED * size)


def _spot(tape: Tape, faulty: Callable[[int], bool]) -> int:
    """Return the column of the smallest part that has a fault of the whole, the first of several: steps are told by their numbers."""
    step = len(tape.steps) - 1
    with np.errstate(all="ignore"):
        while inner := [part for part in tape.steps[step].arguments if faulty(part)]:
            step = inner[0]
    return tape.steps[step].position


def _too_fast(how: str) -> str:
    return f"it grows {how}: φ(z)/z has no bound, so a slightly large signal leaves every range of numbers within a few layers"


def _refuse_slopes(tape: Tape, grid: Array, text: str) -> None:
    """Refuse slopes beyond STEEPEST, and a formula with no slope at all."""
    slope = np.abs(tape.evaluate(grid)[1])
    steep = slope > STEEPEST * (1 + 1e-9)
    if steep.any():
        z = _nearest(grid[steep])
        slopes = [np.abs(its_slope).max() for _, its_slope in tape.run(np.array([z]))]
        spot = _spot(tape, lambda step: slopes[step] > STEEPEST)
        raise ExpressionError(text, spot, f"its slope exceeds {STEEPEST:.0f} near z = {z:.4g}")
    if not slope.any():
        raise ExpressionError(text, 0, "it does not change with x: a layer would forget its input")
    if slope.max() < FLATTEST:
        raise ExpressionError(text, 0, f"its slope is below {FLATTEST:.0e} everywhere: a layer would all but forget its input")


def kinks_of(tape: Tape, text: str, grid: Array = _GRID) -> tuple[float, ...]:
    """Return where abs, max, min, clip, a comparison or a known activation with kinks changes from one piece to the next."""
    watches = [watch for watch in tape.watches if watch.needs in ("nothing", "no jump")]
    if not watches:
        return ()
    found: set[float] = set()
    for watch, points in zip(watches, _crossings(tape, watches, grid, part=0), strict=True):
        if watch.needs == "no jump":
            _refuse_jumps(tape, watch, grid, points, text)
        found |= {0.0 if abs(point) < 1e-15 else float(f"{point:.13g}") for point in points}  # rounded, so that a kink at 3 is 3
        if len(found) > MOST_KINKS:  # where only φ″ jumps, quadrature does without the others
            corners = corners_among(tuple(found), lambda z: tape.evaluate(z)[1])
            if len(corners) > MOST_KINKS:
                raise ExpressionError(text, watch.position, f"it has more than {MOST_KINKS} kinks")
            others = sorted(found - set(corners), key=abs)
            found = {*corners, *others[: MOST_KINKS - len(corners)]}
    return tuple(sorted(found))


def _refuse_jumps(tape: Tape, watch: Watch, grid: Array, points: Array, text: str) -> None:
    """Refuse a value that jumps where the two sides of a comparison meet: its slope is infinite there."""
    equal = np.broadcast_to(watch.of(tape.run(grid))[0], grid.shape) == 0
    points = np.concatenate((points, grid[equal]))
    if not points.size:
        return
    near = np.maximum(np.abs(points) * 2.0**-50, _TINY)
    values = np.stack([tape.evaluate(points + side * near)[0] for side in (-1, 0, 1)])
    jumps = np.ptp(values, axis=0) > _JUMP * np.maximum(1, np.abs(points)) * np.maximum(1, np.abs(values).max(axis=0))
    if jumps.any():
        raise ExpressionError(text, watch.position, f"it jumps at z = {_nearest(points[jumps]):.4g}, where this comparison turns")


def _slopes_at_zero(tape: Tape, kinks: tuple[float, ...]) -> tuple[float, float]:
    """Return φ′ just below and just above 0: one number where they agree."""
    if 0.0 not in kinks:
        return (float(tape.evaluate(0.0)[1]) + 0.0,) * 2  # "+ 0.0" makes −0 a 0
    left, right, left_nearby, right_nearby = (float(slope) + 0.0 for slope in tape.evaluate(np.array([-_TINY, _TINY, -_SMALL, _SMALL]))[1])
    if abs(left - right) > _ROUNDING:
        return left, right
    return (left_nearby, right_nearby) if abs(left_nearby - right_nearby) > 10 * _ROUNDING else ((left + right) / 2,) * 2


def _nearest(points: Array) -> float:
    """Return the point nearest to 0."""
    return float(points[np.argmin(np.abs(points))])
