"""Residual: x′ = s x + α·branch(x) at infinite width.

The branch ends in a fresh W of mean zero, or in φ(W x) with a fresh W before φ: what it adds is independent of the stream but for their
means, so

    E[x′_a x′_b] = s² E[x_a x_b] + α² E[y_a y_b] + s α (μ_a m_b + m_a μ_b),  μ = E[x], m = E[y],

and the gradient is g = s² g′ + what comes back through the branch from α² g′, whose W is independent of what comes past it. Sources: Yang &
Schoenholz 2017 (arXiv 1712.08969), Hayou et al. 2021 (2010.12859).
"""

from __future__ import annotations

import math

import numpy as np

from propagation.ops import Residual
from propagation.theory.op import Array, State, TheoryOp


class ResidualLaw(TheoryOp):
    """What joins stream and branch. The steps of the branch are the trajectory's."""

    def __init__(self, op: Residual, branch: tuple[TheoryOp, ...]) -> None:
        self.op, self.branch = op, branch
        self.forward_key = (tuple(inner.forward_key for inner in branch), op.branch_scale, op.skip_scale)
        self._log_skip, self.log_scale = (2 * math.log(scale) if scale else -math.inf for scale in (op.skip_scale, op.branch_scale))

    def forward(self, state: State) -> State:
        end = state
        for op in self.branch:
            end = op.forward(end)
        return self.joined(state, end)

    def joined(self, x: State, y: State) -> State:
        """Return the state after the block, from those of the stream and of what its branch makes of it."""
        x, y = x.around_zero(), y.around_zero()
        stream, branch = x.log_sizes + self._log_skip, y.log_sizes + self.log_scale
        largest = np.maximum(stream, branch)
        largest = np.where(np.isfinite(largest), largest, 0.0)
        own, added = np.exp((stream - largest) / 2), np.exp((branch - largest) / 2)  # lengths, of one column
        has_means = x.find_ratios is not None and y.find_ratios is not None
        means = (x.ratios * own, y.ratios * added) if has_means else (np.zeros_like(own), np.zeros_like(added))
        squares = own**2 + added**2 + 2 * means[0] * means[1]
        with np.errstate(divide="ignore"):
            after = State(largest + np.log(squares), x.shares, x.pairs, is_gaussian=x.is_gaussian and y.is_gaussian)
        if x.find_ratios is not None or y.find_ratios is not None:
            after.find_ratios = lambda: _ratio(x.ratios * own + y.ratios * added, squares)
        if x.eps is not None and y.eps is not None:
            after.eps = self._apart(x, y, after, (own, added), means, largest)
        return after

    def backward(self, log_gradient: Array, state: State) -> Array:
        """Return what comes past the branch alone; the trajectory adds what comes through it."""
        return log_gradient + self._log_skip

    def _apart(self, x: State, y: State, after: State, lengths: tuple[Array, Array], means: tuple[Array, Array], largest: Array) -> Array:
        """1 − c of the pairs after the block, (k,), from E(x′_a − x′_b)², without a difference of what is nearly equal."""
        assert x.pairs is not None and x.eps is not None and y.eps is not None
        first, second = x.pairs
        stretch = np.exp((largest[first] - largest[second]) / 4)  # all in units of the geometric mean of the two columns' `largest`
        total = np.zeros(x.eps.shape)
        for length, eps in zip(lengths, (x.eps, y.eps), strict=True):
            a, b = length[first] * stretch, length[second] / stretch
            total += (a - b) ** 2 + 2 * a * b * eps
        total += 2 * np.multiply(*(mean[first] * stretch - mean[second] / stretch for mean in means))
        sizes = np.exp((after.log_sizes - largest) / 2)
        a, b = sizes[first] * stretch, sizes[second] / stretch
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.clip((total - (a - b) ** 2) / (2 * a * b), 0.0, 2.0)


def _ratio(mean: Array, square: Array) -> Array:
    """mean/√square, 0 of nothing."""
    return np.divide(mean, np.sqrt(square), out=np.zeros_like(mean), where=square > 0)
