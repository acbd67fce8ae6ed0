"""Trace: what was measured in one simulation, per trial and layer."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from propagation.config import Config
from propagation.signals import BySignal
from propagation.trials import sizes_over_trials


@dataclass(frozen=True)
class Moments:
    """Moments of one signal over neurons and inputs together, one row a trial (a draw of the net), one column a layer 1 … L.

    All arrays are (trials, depth) float64. The logarithms are right far outside the range of floating point and −inf only where the moment
    is exactly zero; a variance below 1e-30 of the second moment is rounding. `mean` is clipped to the range of floating point, ±2e-308 …
    ±1.8e308.
    """

    mean: np.ndarray
    log10_variance: np.ndarray
    log10_second_moment: np.ndarray

    def median(self) -> np.ndarray:
        """Return log10 of the second moment, median over trials, (depth,); a trial in which the signal is gone counts as −inf."""
        return sizes_over_trials(self.log10_second_moment).median


#: the fields of Moments
MOMENTS = tuple(part.name for part in fields(Moments))


@dataclass(frozen=True)
class Trace(BySignal[Moments]):
    """What one finite random network did to a batch: `trace.z` or `trace.signal("z")` is one of its `signals`, each of them `Moments`.

    `weights` are the moments of ∂C/∂W of each linear map of a block by its name, W in a plain net; those of "weight_gradient" are of all of
    them together.
    `saturated` is the share of slopes φ′(z) below 5 % of the steepest the activation has, and `dead` the share of neurons whose slope is
    that small on every input, both (trials, depth). `weight_variance` is the σ_w² each layer had, (trials, depth).
    `lost` maps a signal to the first layer, in its own direction of travel, at which a trial left every representation: exactly 0
    (dead, or slopes below 1e-308) or not a number. An empty `lost` means that nothing was.
    `separation` is the mean over pairs of inputs of 1 − c in the last layer, c the correlation h_a·h_b/(|h_a||h_b|), (trials,);
    `input_separation` that of the inputs themselves. NaN where there is one input, or nothing left of one. Where inputs are sequences, the
    pairs are those of tokens of one sequence, and `token_separation` has them after every block, (trials, depth), else None. `loss` is the
    mean cross-entropy over the inputs before any training, in nats, (trials,), NaN where the cost is another.
    """

    config: Config
    signals: dict[str, Moments]
    input_log10_second_moment: float
    saturated: np.ndarray
    dead: np.ndarray
    weight_variance: np.ndarray
    lost: dict[str, int]
    separation: np.ndarray
    input_separation: float
    loss: np.ndarray
    weights: dict[str, Moments] = field(default_factory=dict)
    token_separation: np.ndarray | None = None
