"""Luther & Seung 2019: while the total variance of a ReLU network stays level, that over samples decays."""

from __future__ import annotations

from collections.abc import Callable

from propagation.config import Config
from propagation.labs.papers.finding import Finding
from propagation.labs.variance_decomposition import DRAWS, INPUTS, measured, predicted

CONFIG = Config(depth=50, width=256, activation="relu", scheme="he", bias_variance=0, inputs=INPUTS, trials=DRAWS)


def luther(config: Config, progress: Callable[[float], None] | None = None) -> Finding:
    """The evidence is the measured and the predicted Scatter of z."""
    found, theory = measured(config, progress)["z"], predicted(config)["z"]
    return Finding(
        {
            "total": 10 ** float(found.log10_second_moment[-1] - found.log10_second_moment[0]),
            "sample": 10 ** float(found.log10_variance("inputs")[-1] - found.log10_variance("inputs")[0]),
        },
        (found, theory),
    )
