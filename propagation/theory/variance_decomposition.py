"""Variance decomposition: where the second moment of one layer's numbers comes from at infinite width, over weight draws, neurons, inputs.

The twin of `labs.variance_decomposition`, which says what is decomposed. Sizes q_b follow the length map one by one, and 1 − c of two
inputs the correlation map at q = √(q_b q_b′), exact where φ is homogeneous or the two sizes agree. With both, the distance of two inputs is

    E(z_b − z_b′)² = (√q_b − √q_b′)² + 2 √(q_b q_b′) (1 − c),

and half of its mean over all pairs is the variance over inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from propagation.architecture import is_plain
from propagation.config import Config
from propagation.inputs import draw_inputs
from propagation.theory.op import NoLaw, State, Steps
from propagation.theory.ops import ActivateLaw, LinearLaw
from propagation.theory.trajectory import first_of, trajectories, trajectory

Array = np.ndarray

#: the parts that the second moment is made of, and the scatters it may be asked for
PARTS = ("mean", "draws", "neurons", "inputs")
WHOSE = ("inputs", "neurons", "draws", "all")
_LN_10 = np.log(10)


@dataclass(frozen=True)
class Scatter:
    """Where the second moment of one signal comes from, layer by layer; NaN where the signal is lost.

    `parts`, (4, depth), in the order of PARTS, are shares of the second moment and add up to 1. `variances`, (4, depth), in the order of
    WHOSE, are the variances over one thing with everything else held still (means over all ways to hold it), again as shares of the
    second moment; over inputs, neurons and draws they are estimates without bias (divided by the number less one). `cosine`, (depth,), is
    that of two inputs' vectors, mean over pairs and networks.
    """

    log10_second_moment: Array
    parts: Array
    variances: Array
    cosine: Array

    def log10_variance(self, whose: str) -> Array:
        """Return log₁₀ of the variance over one of WHOSE, (depth,); −inf where there is none."""
        with np.errstate(divide="ignore"):
            return self.log10_second_moment + np.log10(self.variances[WHOSE.index(whose)])

    @classmethod
    def nothing(cls, depth: int) -> Scatter:
        """Return the scatter of a signal before anything is known of it."""
        return cls(np.full(depth, -np.inf), np.full((4, depth), np.nan), np.full((4, depth), np.nan), np.full(depth, np.nan))


def predict_scatters(config: Config) -> dict[str, Scatter]:
    """Return the scatters of z and h at infinite width for the inputs of this config; NaN from where a size leaves floating point."""
    return predict_scatters_of([config])[0]


def predict_scatters_of(configs: Sequence[Config]) -> list[dict[str, Scatter]]:
    """Return `predict_scatters` of each of these configs, to rounding: of those with the same inputs much is computed once."""
    if not all(map(is_plain, configs)):
        raise NoLaw("Theory has no line for the parts of the variance here: layers are more than a linear map and φ.")
    inputs = [draw_inputs(config) for config in configs]
    if all(np.array_equal(x, inputs[0]) for x in inputs):
        return [_scatters(layers) for layers in trajectories(configs, _start(inputs[0]))]
    return [_scatters(trajectory(config, _start(x))) for config, x in zip(configs, inputs, strict=True)]


def _scatters(layers: list[Steps]) -> dict[str, Scatter]:
    """Return the scatters along a trajectory."""
    answers = {name: Scatter.nothing(len(layers)) for name in ("z", "h")}
    followed = True
    for layer, ((_, linear), (phi, activate)) in enumerate(zip(first_of(LinearLaw, layers), first_of(ActivateLaw, layers), strict=True)):
        z, h = linear.after.around_zero(), layers[layer][-1].after
        followed &= linear.after.in_range
        for name, state in (("z", z), ("h", h)):
            answers[name].log10_second_moment[layer] = state.log_mean / _LN_10
        if followed:
            _record(answers["z"], layer, z, np.full(z.log_sizes.shape, linear.after.mean))
            _record(answers["h"], layer, h, phi.moments(activate.before).mean(np.exp(activate.before.log_sizes)))
    return answers


def _start(x: Array) -> State:
    """The columns of a batch, (n_0, B), and all their pairs."""
    pairs = np.triu_indices(x.shape[1], 1)
    directions = x / np.sqrt(np.sum(x**2, axis=0))
    apart = np.array([0.5 * np.sum((directions[:, b] - directions[:, other]) ** 2) for b, other in zip(*pairs, strict=True)])
    return State(np.log(np.mean(x**2, axis=0)), np.full(x.shape[1], 1 / x.shape[1]), pairs, apart)


def _record(answer: Scatter, layer: int, state: State, means: Array) -> None:
    """What theory says of a layer in this state, in which column b has the mean `means[b]`."""
    sizes = np.exp(state.log_sizes)
    second, inputs = float(sizes.mean()), len(sizes)
    if second == 0 or state.eps is None:
        return
    answer.cosine[layer] = 1 - np.mean(state.eps)
    first, other = (np.exp(half / 2) for half in state.log_sizes_of_pairs())
    over_inputs = float(np.sum((first - other) ** 2 + 2 * first * other * state.eps)) / inputs**2
    common = float(means.mean() ** 2)
    alone = float(np.mean(sizes - means**2)) / second
    estimate = over_inputs * inputs / max(inputs - 1, 1)
    answer.parts[:, layer] = np.array([common, 0.0, second - common - over_inputs, over_inputs]) / second
    answer.variances[:, layer] = estimate / second, alone, alone, 1 - common / second
