"""Dying: how often a narrow network of ReLUs is silent. Source: Lu et al. 2019 (arXiv 1903.06733), theorem 1, for one input."""

from __future__ import annotations

import math

import numpy as np

from propagation.architecture import is_plain, linear_maps, weight_variances
from propagation.config import Config
from propagation.expressions import lookup


def silent_share(config: Config, layer: int) -> float:
    """Return the share of networks whose h is zero from this layer (from 1) or one below it on, for one input; NaN where there is no law.

    Without biases a layer of n ReLUs that is shown anything but zero is silent where all n of its z are negative. Each is so with chance ½,
    independently, by the symmetry of the weights: 1 − Π (1 − 2^−n_l); weights of variance 0 silence all. A layer that is
    silent on several inputs is so on the first of them, so for a batch this is the most that the share can be.
    """
    phi = lookup(config.activation)
    biased = any(op.bias_variance > 0 or op.bias_mean for op in linear_maps(config))
    below, above = phi.slopes_at_zero
    if biased or not is_plain(config) or config.positions > 1 or not phi.homogeneous or min(abs(below), abs(above)) > 0 or below == above:
        return math.nan
    variances = weight_variances(config)
    if variances is not None and not np.all(variances[: max(layer, 1)] > 0):
        return 1.0
    return -math.expm1(sum(math.log1p(-(0.5**width)) for width in config.widths[1 : layer + 1]))
