"""Normalize: layer and RMS norm at infinite width, where mean and size of a column are sure numbers.

y = (x − μ)/√V with V = E[x²] − μ² ("layer"), or μ = 0 in both ("rms"). The gradient is divided by V: what the norm takes from it along y
and along the constant vector is 1/n of it. Sources: Ba et al. 2016 (arXiv 1607.06450), Zhang & Sennrich 2019
(1910.07467); Xiong et al. 2020 (2002.04745).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from propagation.ops import Normalize
from propagation.theory.op import Array, NoLaw, Spectral, State, TheoryOp
from propagation.theory.s_transform import PSI


class NormalizeLaw(TheoryOp):
    """Sizes become 1, gradients × 1/V."""

    def __init__(self, op: Normalize) -> None:
        if op.kind == "batch":
            raise NoLaw("Theory has no line for batch norm here: it couples the inputs of a batch.")
        self.op = op
        self.forward_key = op

    def forward(self, state: State) -> State:
        sizes = np.where(np.isneginf(self._log_variance(state)), -np.inf, 0.0)
        after = State(sizes, state.shares, state.pairs, state.eps, is_gaussian=state.is_gaussian)
        if self.op.kind == "rms":
            if state.mean:
                raise NoLaw("Theory has no law for an RMS norm of numbers with a mean, such as z with a mean of the biases.")
            after.find_ratios = state.find_ratios
        elif state.eps is not None and state.find_ratios is not None:
            after.eps = _centred(state)
        return after

    def backward(self, log_gradient: Array, state: State) -> Array:
        log_variance = self._log_variance(state)
        with np.errstate(invalid="ignore"):  # of a signal that is gone
            return np.where(np.isneginf(log_variance), -np.inf, log_gradient - log_variance)

    def curve(self, states: Sequence[State]) -> tuple[Array, Array]:
        return np.exp([-self._log_variance(state)[0] for state in states]), np.zeros(len(states))

    def spectral(self, state: State, law: str) -> Spectral:
        log_variance = self._log_variance(state)[0]
        return Spectral(float(np.exp(-log_variance)), np.full(PSI.size, log_variance), 0.0)

    def _log_variance(self, state: State) -> Array:
        """ln V of each column, (m,)."""
        if self.op.kind == "rms" or state.find_ratios is None:
            return state.log_sizes
        with np.errstate(divide="ignore"):
            return state.log_sizes + np.log1p(-(state.ratios**2))


def _centred(state: State) -> Array:
    """1 − c of pairs of columns around their means, (k,)."""
    assert state.eps is not None and state.pairs is not None
    first, second = (state.ratios[place] for place in state.pairs)
    log_first, log_second = state.log_sizes_of_pairs()
    stretch = np.exp((log_first - log_second) / 4)  # (q/q′)^¼, all in units of √(q q′)
    lengths = np.sqrt(1 - first**2) * stretch, np.sqrt(1 - second**2) / stretch
    apart = (stretch - 1 / stretch) ** 2 + 2 * state.eps - (first * stretch - second / stretch) ** 2  # E(x − x′)² around the means
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip((apart - (lengths[0] - lengths[1]) ** 2) / (2 * lengths[0] * lengths[1]), 0.0, 2.0)
