"""Depth law: how gradients go with depth in wide networks with norms, where no plane of order and chaos decides it.

With a norm before every branch, x′ = x + α F(N(x)), the stream is q_l = q_0 + l α² v after l blocks, v = E[F²], and a block multiplies
gradients by 1 + α² χ_F/q_l, so that they grow like L^ζ with ζ = χ_F/v, whatever α is. Where a norm stands behind the sum, or in every
layer of a plain network, each block multiplies them by one factor. Sources: Doshi et al. 2023 (arXiv 2111.12143), Xiong et al. 2020
(2002.04745).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from propagation.config import Config
from propagation.theory.op import NoLaw
from propagation.theory.prediction import predict


@dataclass(frozen=True)
class DepthLaw:
    """What L blocks do to E of a squared gradient: a power L^`exponent`, or `factor` in each of them; the other is None."""

    exponent: float | None = None
    factor: float | None = None


def depth_law(config: Config) -> DepthLaw | None:
    """Return the law of a network with norms; None where there is none, or where it is not known in closed form.

    It is read from the last two blocks of a prediction, where a signal has settled: factors are exact there, and in every block that has
    one branch so is ζ = (g_(l−1)/g_l − 1) q_(l−1)/(q_l − q_(l−1)).
    """
    if config.normalization == "none" or config.depth < 3 or not config.level or config.architecture not in ("plain", "residual"):
        return None
    grows = config.architecture == "residual" and config.norm_position == "pre"
    if grows and (config.normalization == "batch" or config.block_order != "branch"):
        return None
    alone = replace(config, inputs=1) if config.normalization != "batch" else config  # inputs of different sizes blur a power
    try:
        expected = predict(alone)
    except NoLaw:
        return None
    back = np.asarray(expected.backward.log10_second_moment)
    if not np.isfinite(back).all():
        return None
    ratio = 10 ** float(back[-2] - back[-1])
    if not grows:
        return DepthLaw(factor=ratio)
    before, after = (10 ** float(size) for size in np.asarray(expected.forward.log10_second_moment)[-2:])
    if config.branch.skip_scale(config.depth) != 1 or config.skip_scale != 1 or not after > before:
        return None
    return DepthLaw(exponent=(ratio - 1) * before / (after - before))
