"""Trainability: how deep a network can be, at which σ_w², and still learn; a map of networks actually trained, and the line of theory.

A cell is one network trained on the digits with a fixed budget of steps. Theory says that two inputs are told apart through about
6 ξ_c layers, ξ_c = −1/ln C′(c*), and that a network beyond cannot be trained. Source: Schoenholz et al. 2017 (arXiv 1611.01232).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

import numpy as np

from propagation.config import Config
from propagation.labs.protocol import Lab, Progress
from propagation.labs.training import Recipe, train, uses
from propagation.theory.maps import depth_scale
from propagation.theory.phases import critical_weight_variance, phase_grid

#: a network that gets this share of unseen digits right has learned something: half way from chance (0.1) to what these networks can do
LEARNED = 0.5
#: layers a signal is followed through, in units of ξ_c
REACH = 6
MOST_CELLS = 2000
#: small steps: large ones throw deep chaotic networks off whether or not a signal gets through them, as gradients grow with every layer
RECIPE = Recipe(learning_rate=0.001, momentum=0.9, steps=300, batch=64)
#: times that a training reports how far it is
_REPORTS = 25

Array = np.ndarray
#: row and column of a cell: the place of its depth and of its σ_w²
Place = tuple[int, int]


@dataclass(frozen=True)
class Grid:
    """Which networks are trained, and how: `base` at each of `depths` (rows) and `weight_variances` (columns), all with one `recipe`.

    All cells have the seed of `base`, so that they differ in nothing but depth and σ_w². ValueError where the grid is empty, too large or
    not in ascending order.
    """

    base: Config
    recipe: Recipe
    depths: tuple[int, ...]
    weight_variances: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("depths", "weight_variances"):
            values = getattr(self, name)
            if not values or any(after <= before for before, after in pairwise(values)):
                raise ValueError(f"{name} = {values} is no axis: numbers in ascending order are needed")
        if len(self.places) > MOST_CELLS:
            raise ValueError(f"a grid of {len(self.places):,} cells is too large: at most {MOST_CELLS:,} are trained")

    @property
    def shape(self) -> tuple[int, int]:
        """Return the numbers of depths and of weight variances."""
        return len(self.depths), len(self.weight_variances)

    @property
    def places(self) -> list[Place]:
        """Return all cells, shallow networks first."""
        return [(row, column) for row in range(len(self.depths)) for column in range(len(self.weight_variances))]

    def cell(self, place: Place) -> Config:
        """Return the network of a cell."""
        row, column = place
        return replace(self.base, scheme="custom", depth=self.depths[row], weight_variance=self.weight_variances[column])


@dataclass(frozen=True)
class Outcome:
    """What became of one network: the share of held-out digits it gets right; `failure` is why it could not be trained at all."""

    accuracy: float = 0.0
    diverged: bool = False
    failure: str = ""


@dataclass(frozen=True)
class TrainabilityMap:
    """Networks trained so far. Arrays are (depths, weight variances): `accuracy` counts where `trained`, and is 0 elsewhere.

    `diverged` marks trainings that ran away; `failures` holds a sentence for each cell that could not be trained.
    """

    grid: Grid
    accuracy: Array
    trained: Array
    diverged: Array
    failures: dict[Place, str]

    def outcome(self, place: Place) -> Outcome | None:
        """Return what became of a cell; None where it has not been trained."""
        if not self.trained[place]:
            return None
        return Outcome(float(self.accuracy[place]), bool(self.diverged[place]))


def train_cell(config: Config, recipe: Recipe, progress: Progress | None = None) -> Outcome:
    """Train one network to the end: the unit of work, plain values in and out, the same numbers in any process.

    `progress` is called with the share of steps that are done.
    """
    for snapshot in train(config, recipe, every=max(1, recipe.steps // _REPORTS) if progress else recipe.steps):
        if progress:
            progress(snapshot.step / recipe.steps)
    return Outcome(float(snapshot.accuracy), bool(snapshot.diverged))


def training_by(recipe: Recipe) -> Lab[Outcome]:
    """Return the lab that trains one network by a recipe."""

    def measure(config: Config, progress: Progress | None = None) -> Outcome:
        return train_cell(config, recipe, progress)

    return Lab(f"training by {recipe}", uses, measure)


def seconds_to_train(config: Config, recipe: Recipe) -> float:
    """Return about how long that takes on one ordinary core: so much per layer and step, more where a layer is wide."""
    return config.depth * recipe.steps * (4e-5 + 6e-9 * config.width**2)


def assembled(grid: Grid, outcomes: Mapping[Place, Outcome]) -> TrainabilityMap:
    """Return the map of what is known so far."""
    accuracy, trained, diverged = np.zeros(grid.shape), np.zeros(grid.shape, dtype=bool), np.zeros(grid.shape, dtype=bool)
    for place, outcome in outcomes.items():
        accuracy[place], trained[place], diverged[place] = outcome.accuracy, not outcome.failure, outcome.diverged
    return TrainabilityMap(grid, accuracy, trained, diverged, {place: one.failure for place, one in outcomes.items() if one.failure})


def reach(base: Config, weight_variances: Array) -> Array:
    """Return the layers through which two inputs are told apart, 6 ξ_c, for each σ_w², (k,); ∞ at criticality, or if nothing is forgotten.

    Where the signal itself dies (q* = 0, only without a bias) ξ_c is its limit for a vanishing bias, −1/ln χ₁. A linear network without a
    bias, and one that explodes, keeps every correlation.
    """
    plane = phase_grid(base.shifted_activation, weight_variances, np.array([base.bias_variance]), base.input_variance)
    q_star, xi_c = plane.q_star[0], plane.xi_c[0]
    return REACH * np.where(q_star == 0, depth_scale(plane.chi_1[0]), np.where(np.isnan(xi_c), math.inf, xi_c))


@dataclass(frozen=True)
class Agreement:
    """How well the line of theory tells networks that learned from those that did not.

    Of `cells` networks, `right` are on the side where theory puts them; `beyond` learned though too deep for it, `short` did not although
    shallow enough. `one_depth` is how many the best rule that knows nothing of σ_w² gets right, one greatest depth for all.
    `rank_correlation` (Spearman) is that of accuracy with depth / 6 ξ_c; NaN where either is the same everywhere.
    """

    cells: int
    right: int
    beyond: int
    short: int
    one_depth: int
    rank_correlation: float


def agreement(trainability: TrainabilityMap) -> Agreement | None:
    """Return the agreement over all trained cells; None where there are none."""
    grid, counted = trainability.grid, trainability.trained
    if not counted.any():
        return None
    depths = np.broadcast_to(np.array(grid.depths, dtype=float)[:, None], grid.shape)[counted]
    limits = np.broadcast_to(reach(grid.base, np.array(grid.weight_variances)), grid.shape)[counted]
    accuracy = trainability.accuracy[counted]
    learned, too_deep = accuracy >= LEARNED, depths > limits
    return Agreement(
        cells=int(counted.sum()),
        right=int(np.sum(learned != too_deep)),
        beyond=int(np.sum(learned & too_deep)),
        short=int(np.sum(~learned & ~too_deep)),
        one_depth=max(int(np.sum(learned == (depths <= limit))) for limit in (0, *grid.depths)),
        rank_correlation=_correlation(_ranks(depths / np.maximum(limits, 1e-9)), _ranks(accuracy)),
    )


def deepest(trainability: TrainabilityMap) -> Array:
    """Return for each σ_w² the depth up to which every network learned, (columns,); 0 where not even the first did."""
    learned = trainability.trained & (trainability.accuracy >= LEARNED)
    rows = np.logical_and.accumulate(learned, axis=0).sum(axis=0)
    return np.array([0, *trainability.grid.depths])[rows]


def coarse_grid(activation: str, bias_variance: float, weight_law: str, seed: int, bias_mean: float = 0.0) -> Grid:
    """Return a grid small enough to be trained while somebody waits: 6 × 6 narrow networks around the critical σ_w² where there is one."""
    base = Config(
        activation=activation, width=64, weight_law=weight_law, bias_variance=bias_variance, input_law="digits", trials=1, seed=seed
    )
    base = replace(base, bias_mean=bias_mean)
    critical = critical_weight_variance(base.shifted_activation, bias_variance)
    around = min(critical, 33.0) if critical > 0 else 2.0
    weight_variances = tuple(float(f"{share * around:.2g}") for share in (0.3, 0.6, 1.0, 1.5, 2.2, 3.0))
    return Grid(base, RECIPE, (2, 5, 10, 20, 40, 80), weight_variances)


#: the map that ships: tanh, as in Schoenholz et al. 2017
STANDARD = Grid(
    Config(activation="tanh", width=100, bias_variance=0.05, input_law="digits", trials=1),
    RECIPE,
    (2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128),
    tuple(0.25 * step for step in range(1, 21)),
)


def to_json(trainability: TrainabilityMap, made: Mapping[str, str | float]) -> str:
    """Return the map as text, one line a depth; `made` says how it came about. Accuracy is null where nothing was trained."""
    grid = trainability.grid
    rows = [
        [round(float(accuracy), 4) if trained else None for accuracy, trained in zip(*row, strict=True)]
        for row in zip(trainability.accuracy, trainability.trained, strict=True)
    ]
    parts = {
        "made": dict(made),
        "config": asdict(grid.base),
        "recipe": asdict(grid.recipe),
        "weight_variances": list(grid.weight_variances),
        "depths": list(grid.depths),
        "diverged": np.argwhere(trainability.diverged).tolist(),
    }
    lines = [f"  {json.dumps(name)}: {json.dumps(part)}," for name, part in parts.items()]
    accuracy = ",\n".join(f"    {json.dumps(row)}" for row in rows)
    return "{\n" + "\n".join(lines) + f'\n  "accuracy": [\n{accuracy}\n  ]\n}}\n'


def from_json(text: str) -> TrainabilityMap:
    """Return the map a text holds; ValueError says what is wrong with it."""
    try:
        held = json.loads(text)
        grid = Grid(Config(**held["config"]), Recipe(**held["recipe"]), tuple(held["depths"]), tuple(held["weight_variances"]))
        outcomes = {
            (row, column): Outcome(float(accuracy), [row, column] in held["diverged"])
            for row, values in enumerate(held["accuracy"])
            for column, accuracy in enumerate(values)
            if accuracy is not None
        }
        if not all(0 <= outcome.accuracy <= 1 for outcome in outcomes.values()):
            raise ValueError("an accuracy is a share from 0 to 1")
        return assembled(grid, outcomes)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise ValueError(f"this is no trainability map: {type(error).__name__}: {error}") from error


def _ranks(values: Array) -> Array:
    """Return ranks from 0, equal values sharing their mean rank, (k,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[inverse]


def _correlation(x: Array, y: Array) -> float:
    """Return Pearson's correlation; NaN where either does not vary."""
    x, y = x - x.mean(), y - y.mean()
    size = math.sqrt(float((x @ x) * (y @ y)))
    return float(x @ y) / size if size else math.nan
