"""Op of the theory: the state of a batch between two ops, what all ops have in common, and one step of a trajectory."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from propagation.theory.moments import Logs

Array = np.ndarray


#: ln of the sizes between which pairs, curves and spectra are followed
_LARGEST_LOG = 200 * np.log(10)


class NoLaw(Exception):
    """Theory has no law for this network; the words say why, in a sentence."""


@dataclass(eq=False)
class State:
    """The columns of a batch between two ops of an infinitely wide network.

    `log_sizes`, (m,), are ln E[x_b²]; `shares`, (m,), weigh the columns in a mean over the batch. `eps`, (k,), is 1 − c of the pairs of
    columns whose numbers are `pairs`, two (k,) arrays: 1 − c keeps its digits where c is close to 1. `logs` are the moments of φ at these
    sizes, where φ comes next. Where a bias gives all entries one `mean`, sizes and correlations are those of x − mean. Any other mean of
    the entries is part of sizes and correlations; `find_ratios` gives E[x_b]/√E[x_b²], (m,), where that is not 0.
    Entries are Gaussian but behind φ, until the next linear map.
    """

    log_sizes: Array
    shares: Array
    pairs: tuple[Array, Array] | None = None
    eps: Array | None = None
    logs: Logs | None = None
    mean: float = 0.0
    find_ratios: Callable[[], Array] | None = None
    is_gaussian: bool = True

    @property
    def ratios(self) -> Array:
        """Return E[x_b]/√E[x_b²] of each column, (m,), in a state around zero."""
        return np.zeros(self.log_sizes.shape) if self.find_ratios is None else self.find_ratios()

    @property
    def log_mean(self) -> float:
        """Return ln of the mean of E[x_b²] over the batch."""
        return float(log_mean(self.log_sizes[None, :], self.shares)[0])

    @property
    def in_range(self) -> bool:
        """Return whether all sizes are plain numbers, from 1e-200 to 1e200."""
        return bool(np.all(np.abs(self.log_sizes) < _LARGEST_LOG))

    def log_sizes_of_pairs(self) -> tuple[Array, Array]:
        """Return the log sizes of the first and of the second column of each pair, (k,) each."""
        assert self.pairs is not None
        return self.log_sizes[self.pairs[0]], self.log_sizes[self.pairs[1]]

    def around_zero(self) -> State:
        """Return the state with the sizes E[x_b²] and the correlations of the columns themselves, their mean among them."""
        if not self.mean:
            return self
        square, log_square = self.mean**2, 2 * math.log(abs(self.mean))
        whole = State(log_sum(self.log_sizes, log_square), self.shares, self.pairs)
        whole.find_ratios = lambda: self.mean * np.exp(-whole.log_sizes / 2)
        if self.eps is not None:
            (first, second), both = (np.exp(logs / 2) for logs in self.log_sizes_of_pairs()), np.exp(sum(whole.log_sizes_of_pairs()) / 2)
            # √(Q Q′) − b² − √(q q′), Q = q + b², without a difference
            apart = square * (first - second) ** 2 / (both + square + first * second)
            whole.eps = (apart + first * second * self.eps) / both
        return whole


class TheoryOp(ABC):
    """One op of an infinitely wide network; the same object wherever the op is the same."""

    #: ops with the same key do the same to a state
    forward_key: Hashable

    @abstractmethod
    def forward(self, state: State) -> State:
        """Return the state after the op."""

    def forward_all(self, states: Sequence[State]) -> list[State]:
        """Return the states after the op, equal to `forward` of each, pairs to rounding: many at once cost little more than one."""
        return [self.forward(state) for state in states]

    @abstractmethod
    def backward(self, log_gradient: Array, state: State) -> Array:
        """Return ln E[(∂C_b/∂(input))²], (m,), for that of the output; `state` is the one before the op."""

    def prepare(self, states: Sequence[State]) -> None:
        """Compute for many states at once what `backward` needs of each: a call for fifty layers costs little more than one for one."""
        return

    def curve(self, states: Sequence[State]) -> tuple[Array, Array]:
        """Return what the op makes of a curve of inputs, (k,) each: χ and β with g ← χ g and κ² ← 3 β/χ² + κ²/χ (`theory.manifold`)."""
        raise NoLaw(f"theory has no law for curves of inputs through {self}")

    def spectral(self, state: State, law: str) -> Spectral:
        """Return what the op makes of the singular values of a Jacobian, for weights of this law (`theory.spectrum`)."""
        raise NoLaw(f"theory has no law for the singular values of {self}")


@dataclass(frozen=True)
class Spectral:
    """What one op does to E‖J v‖² and, where layers are square, to the law of the singular values of J.

    `mean_square` is the factor, `log_s` ln S(ψ) at `s_transform.PSI`, `spread` what it adds to Var[s²]/E[s²]².
    """

    mean_square: float
    log_s: Array
    spread: float


@dataclass(frozen=True, eq=False)
class Step:
    """One op with the states before and after it, and the steps of its branch. One that is `outside` belongs to no block."""

    op: TheoryOp
    before: State
    after: State
    branch: tuple[Step, ...] = ()
    outside: bool = False


#: the steps of one layer
Steps = tuple[Step, ...]


def log_sum(first: Array | float, second: Array | float) -> Array:
    """Return ln(e^first + e^second); NaN, which says that nobody knows, where one of them is."""
    with np.errstate(invalid="ignore"):
        return np.logaddexp(first, second)


def log_mean(logs: Array, weights: Array) -> Array:
    """Return ln Σ_b weights_b exp(logs_b) along the last axis; NaN where one of them is, or weights of both signs leave nothing."""
    largest = np.max(logs, axis=-1)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # beside NaN, numbers stay as large as they are
        return np.log(np.exp(logs - largest[..., None]) @ weights) + largest
