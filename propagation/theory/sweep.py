"""Sweep: the theory of one experiment at many values of one field, what they have in common computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from propagation.architecture import blocks, head, is_coupled
from propagation.config import Config
from propagation.theory.op import State, Steps
from propagation.theory.prediction import Prediction, predict, predict_along, start_of
from propagation.theory.trajectory import trajectories, trajectory

#: fields that change neither the batch nor the sizes of layers
_SAME_START = ("weight_variance", "bias_variance", "weight_std", "first_weight_variance", "branch_scale")


def predict_sweep(config: Config, field: str, values: Sequence[Any]) -> list[Prediction]:
    """Return what `predict` says of this config with each of these values of a field, to 1e-12; its lines to the last digit.

    Values of a variance of weights or biases go through the layers side by side; of depths, the deepest net knows all others. ValueError as
    in `Config.variants`.
    """
    return predict_each(config.variants(field, values), field)


def predict_each(configs: Sequence[Config], field: str) -> list[Prediction]:
    """Return what `predict` says of each of these configs, which differ in this field alone; see `predict_sweep`."""
    walked: dict[Config, list[Steps]] = {}
    if any(is_coupled(one) or one.architecture == "transformer" or one.places > 1 for one in configs):  # with laws of their own
        return [predict(one) for one in configs]
    if configs and field in _SAME_START:
        walked = dict(zip(configs, trajectories(configs, start_of(configs[0])), strict=True))
    elif configs and field == "depth" and not head(configs[0]):
        deepest = max(configs, key=lambda one: one.depth)
        layers = trajectory(deepest, start_of(deepest))
        walked = {one: layers[: one.depth] for one in configs if blocks(one) == blocks(deepest)[: one.depth]}

    def walk(one: Config, start: State) -> list[Steps]:
        """The trajectory from the first start; another start is one that the first could not stand for."""
        return walked.pop(one, None) or trajectory(one, start)

    if walked:
        return predict_along(configs, walk)
    return [predict(one) for one in configs]
