"""How wide is infinite? How far networks of 16 to 1,000,000 neurons a layer are from the theory of infinitely wide ones.

The deviation of a signal at one width is the root mean square, over independently drawn networks, of

    (second moment measured / second moment predicted) − 1,

for z in the last layer and for δ in the first, where each signal has been through all of them. One input, a fresh one at each width, so
that all chance is the network's own. Chance in sums of n terms makes it fall like n^(−1/2). For linear and ReLU nets without bias it is
known exactly: the factors R of the layers are independent with mean 1, so that its square is Π E[R²] − 1 (`theory.finite_width`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from propagation.architecture import is_coupled
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.initializers import WEIGHT_LAWS
from propagation.labs.protocol import Lab, Progress
from propagation.runtime.platform import IN_BROWSER
from propagation.theory.finite_width import layer_spread
from propagation.theory.op import NoLaw
from propagation.theory.prediction import Prediction, predict

#: powers of 4, and the widest network there is
WIDTHS = (*(4**k for k in range(2, 10)), 1_000_000)
#: layers of the networks measured, at most
DEPTH = 10
#: most networks drawn at one width: a mean square needs many
MOST_NETWORKS = 64
#: a width at which no more networks than this are within the budget is left out
FEWEST_NETWORKS = 6
#: the budget: random numbers drawn for one layer of all networks of one width; less where a visitor's browser draws them
MOST_DRAWN = 1_000_000 if IN_BROWSER else 8_000_000
#: only deviations smaller than this are fitted: beyond, higher powers of 1/n count as well
SMALL = 0.5
#: a deviation smaller than this is rounding
ROUNDING = 1e-9

Array = np.ndarray


@dataclass(frozen=True)
class Deviation:
    """Of one signal at one width: `measured` ± `error` as a share of the size predicted, and what `theory` expects.

    `theory` is None where no law is known, `measured` is 0 where nothing is left to chance, and NaN where the size predicted is 0.
    """

    measured: float
    error: float
    theory: float | None


@dataclass(frozen=True)
class WidthResult:
    """The deviations at one width, over this many networks: of z in the last layer and of δ in the first."""

    width: int
    networks: int
    z: Deviation
    delta: Deviation


@dataclass(frozen=True)
class PowerLaw:
    """deviation = exp(log_offset) · width^slope, with the standard error of the slope."""

    slope: float
    error: float
    log_offset: float

    def deviation_at(self, width: float) -> float:
        """Return the deviation at a width."""
        return math.exp(self.log_offset + self.slope * math.log(width))

    def width_at(self, deviation: float) -> float:
        """Return the width it takes to come within a deviation."""
        return math.exp((math.log(deviation) - self.log_offset) / self.slope)


def uses(config: Config) -> Config:
    """Return what is measured for a config: its activation, weights and biases in at most DEPTH layers, one input and a Gaussian ∂C/∂h.

    Configs that differ in nothing else have the same experiment. (The gradient of a loss depends on its labels at any width.)
    """
    widest = replace(config, layer_sizes="").of_width(WIDTHS[-1])
    depth, inputs = min(config.depth, DEPTH), config.fewest_inputs
    return replace(widest, depth=depth, inputs=inputs, trials=MOST_NETWORKS, cost="gaussian", method="auto")


def widths_of(config: Config) -> tuple[int, ...]:
    """Return the widths that are within the budget: on a server all of them, unless the weight law needs its matrices."""
    return tuple(width for width in WIDTHS if _networks(config, width) >= FEWEST_NETWORKS)


def deviations(config: Config, widths: Sequence[int], progress: Callable[[int, float], None] | None = None) -> Iterator[WidthResult]:
    """Yield one result for each of `widths`, as it is measured; `progress` is called with a width and the share of all the work.

    The result at one width depends on no other.
    """
    experiments = [_at(config, width) for width in widths]
    costs = np.cumsum([0, *(experiment.trials * _drawn(config, experiment.width) for experiment in experiments)])
    shares = costs / max(costs[-1], 1)
    for experiment, before, after in zip(experiments, shares[:-1], shares[1:], strict=True):
        yield _measured(experiment, progress and _within(progress, experiment.width, before, after))


def measure(config: Config, progress: Progress | None = None) -> tuple[WidthResult, ...]:
    """Return the results at all widths within the budget; `deviations` yields them one by one."""
    return tuple(deviations(config, widths_of(config), progress and (lambda _, share: progress(share))))


def _why_not(config: Config) -> str:
    if is_coupled(config):
        return "Batch norm makes an output depend on all inputs of the batch: this page measures networks that are shown one."
    try:
        predict(uses(config))
    except NoLaw as reason:
        return f"{reason} So there is nothing to come close to."
    return ""


WIDTH = Lab("width", uses, measure, _why_not)


def fitted(results: Sequence[WidthResult], signal: str) -> PowerLaw | None:
    """Return the power law through the SMALL deviations of "z" or "delta", by least squares on logarithms; None for fewer than two widths.

    With x = ln n, d the deviation there, w the number of networks: slope Σ w (x − x̄) ln d / Σ w (x − x̄)², and its variance
    Σ w² (x − x̄)² s² / (Σ w (x − x̄)²)², s the error of ln d: that of Gaussian deviations, 1/√(2w), or the measured one if that is larger.
    """
    points = [(result.width, result.networks, getattr(result, signal)) for result in results]
    points = [(width, networks, deviation) for width, networks, deviation in points if 0 < deviation.measured < SMALL]
    if len(points) < 2:
        return None
    x = np.log([width for width, _, _ in points])
    y = np.log([deviation.measured for _, _, deviation in points])
    weights = np.array([networks for _, networks, _ in points], dtype=float)
    errors = np.maximum([deviation.error / deviation.measured for _, _, deviation in points], 1 / np.sqrt(2 * weights))
    around = x - np.average(x, weights=weights)
    scale = weights @ around**2
    slope = float(weights * around @ y / scale)
    error = float(np.sqrt((weights * around) ** 2 @ errors**2) / scale)
    return PowerLaw(slope, error, float(np.average(y - slope * x, weights=weights)))


def _drawn(config: Config, width: int) -> int:
    """Return how many random numbers one layer of this width takes: those of one input, or of a whole matrix."""
    return width if WEIGHT_LAWS[config.weight_law].has_implicit_map else width**2


def _networks(config: Config, width: int) -> int:
    """Return how many networks of this width are drawn."""
    return min(MOST_NETWORKS, MOST_DRAWN // _drawn(config, width))


def _at(config: Config, width: int) -> Config:
    """Return the experiment at one width; its seed is its own, lest the noise of one width be the beginning of another's."""
    seed = int(np.random.SeedSequence((config.seed, width)).generate_state(1)[0])
    return replace(uses(config).of_width(width), trials=_networks(config, width), seed=seed)


def _within(progress: Callable[[int, float], None], width: int, before: float, after: float) -> Progress:
    """Return the progress of one width, as a part of the progress of all."""
    return lambda share: progress(width, float(before + share * (after - before)))


def _measured(config: Config, progress: Progress | None) -> WidthResult:
    trace, prediction = simulate(config, progress), predict(config)
    theory_z, theory_delta = _expected(config, prediction)
    return WidthResult(
        config.width,
        config.trials,
        _deviation(trace.forward.log10_second_moment[:, -1], prediction.forward.log10_second_moment[-1], theory_z),
        _deviation(trace.backward.log10_second_moment[:, 0], prediction.backward.log10_second_moment[0], theory_delta),
    )


def _deviation(log10_measured: Array, log10_predicted: float, theory: float | None) -> Deviation:
    """Return the root mean square of ratio − 1 over the trials, and its standard error: that of the mean square over twice the root."""
    if not math.isfinite(log10_predicted):
        return Deviation(math.nan, math.nan, None)
    squares = (10 ** (log10_measured - log10_predicted) - 1) ** 2
    root = math.sqrt(squares.mean())
    if root < ROUNDING:
        return Deviation(0.0, 0.0, theory)
    return Deviation(root, float(squares.std(ddof=1)) / math.sqrt(squares.size) / (2 * root), theory)


def _expected(config: Config, prediction: Prediction) -> tuple[float | None, float | None]:
    """Return the deviations of z and of δ that theory expects, √(Π E[R²] − 1); None where no law is known.

    z passes all layers but the last through the activation; δ meets every slope, starting from a Gaussian.
    """
    if prediction.z.band is None:
        return None, None
    activation, law = config.activation, "orthogonal" if config.weight_law == "orthogonal" else "gaussian"
    n = config.widths[1:]
    larger = np.maximum(config.widths[:-1], n).tolist()
    forward = [layer_spread(activation, law, *fans) for fans in zip(n[:-1], larger[:-1], strict=True)]
    forward.append(layer_spread("linear", law, n[-1], larger[-1]))
    backward = [layer_spread(activation, law, *fans) for fans in zip(n[:-1], larger[1:], strict=True)]
    backward.append(layer_spread(activation, "gaussian", n[-1]))
    z, delta = (math.prod(spread.second_moment for spread in spreads) - 1 for spreads in (forward, backward))
    return math.sqrt(max(z, 0.0)), math.sqrt(max(delta, 0.0))
