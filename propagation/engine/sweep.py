"""Sweep: one experiment at many values of one field, with the random numbers of all drawn once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from propagation.config import Config
from propagation.engine.network import Progress, simulate_alike
from propagation.engine.trace import Trace

Found = TypeVar("Found")

#: fields that change numbers alone: no shape, nothing that is drawn
SHARING = (
    "weight_variance",
    "bias_variance",
    "bias_mean",
    "weight_std",
    "first_weight_variance",
    "input_variance",
    "input_mean",
    "branch_scale",
    "skip_scale",
    "query_key_variance",
    "value_variance",
)


def simulate_sweep(config: Config, field: str, values: Sequence[Any], progress: Progress | None = None) -> list[Trace]:
    """Return what `simulate` says of this config with each of these values of a field, to the last digit.

    Values of a field of SHARING run side by side, as trials do, and share their random numbers; those of another field run one after the
    other. `progress` is called with the share that is done, as in `simulate`. ValueError as in `Config.variants`.
    """
    return each(simulate_alike, config.variants(field, values), field, progress)


def each(
    alike: Callable[[Sequence[Config], Progress | None], list[Found]], configs: Sequence[Config], field: str, progress: Progress | None
) -> list[Found]:
    """Return what `alike` finds of configs that differ in this field: all at once where they differ in numbers alone, else one by one."""
    if field in SHARING and configs:
        return alike(configs, progress)
    found: list[Found] = []

    def look(share: float) -> None:
        if progress:
            progress((len(found) + share) / len(configs))

    for config in configs:
        found += alike([config], look)
    return found
