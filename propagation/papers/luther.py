"""Luther & Seung 2019: while the total variance of a ReLU network stays level, that over samples decays."""

from __future__ import annotations

from propagation.charts.variance_decomposition import decomposition_chart
from propagation.config import Config
from propagation.formatting import number
from propagation.labs.protocol import Progress
from propagation.labs.variance_decomposition import DRAWS, INPUTS, VARIANCE_DECOMPOSITION
from propagation.lessons import Link
from propagation.papers.paper import Drawn, Finding, Paper
from propagation.theory.variance_decomposition import predict_scatters

CONFIG = Config(depth=50, width=256, activation="relu", scheme="he", bias_variance=0, inputs=INPUTS, trials=DRAWS)


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return the measured and the predicted Scatter of z as the evidence."""
    found, theory = VARIANCE_DECOMPOSITION.measure(config, progress)["z"], predict_scatters(config)["z"]
    return Finding(
        {
            "total": 10 ** float(found.log10_second_moment[-1] - found.log10_second_moment[0]),
            "sample": 10 ** float(found.log10_variance("inputs")[-1] - found.log10_variance("inputs")[0]),
        },
        (found, theory),
    )


def draw(finding: Finding, appearance: str) -> list[Drawn]:
    """Draw what the second moment is made of, and the variance over inputs."""
    found, theory = finding.evidence
    total, sample = (number(finding.numbers[name]) for name in ("total", "sample"))
    alt = f"Over 50 layers E[z²] is multiplied by {total}, the variance over inputs by {sample}."
    return [Drawn("luther", decomposition_chart(found, theory, whose="inputs", appearance=appearance), alt)]


PAPER = Paper("luther", CONFIG, measure, draw, Link("Open in Variance of what?", "whose", CONFIG.to_query()))
