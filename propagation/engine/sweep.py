"""Sweep: one experiment at many values of one field, with the random numbers of all drawn once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from propagation.config import Config
from propagation.engine.network import Progress, simulate, simulate_alike
from propagation.engine.trace import Trace

#: fields that change numbers alone: no shape, nothing that is drawn
SHARING = ("weight_variance", "bias_variance", "bias_mean", "weight_std", "first_weight_variance", "input_variance", "input_mean")


def simulate_sweep(config: Config, field: str, values: Sequence[Any], progress: Progress | None = None) -> list[Trace]:
    """Return what `simulate` says of this config with each of these values of a field, to the last digit.

    Values of a field of SHARING run side by side, as trials do, and share their random numbers; those of another field run one after the
    other. `progress` is called with the share that is done, as in `simulate`. ValueError as in `Config.variants`.
    """
    configs = config.variants(field, values)
    if field in SHARING and configs:
        return simulate_alike(configs, progress)
    traces: list[Trace] = []

    def look(share: float) -> None:
        if progress:
            progress((len(traces) + share) / len(configs))

    for one in configs:
        traces.append(simulate(one, look))
    return traces
