"""Readout: what a squared error adds to gradients at finite width, to first order in 1/n; the line of `prediction` leaves it out.

Of k = 10 answers V h, V_ij ~ N(0, 1/n), the gradient is ∂C/∂h = VᵀV h − Vᵀ y. Its mean is a h, a = k/n, and not 0: the gradient points a
little along the signal. That part is small, k/n of the square, but it does not lose what the rest loses. It passes each φ where φ is
active, and each Wᵀ knows that W made z of h:

    E[δ²] = a² E[φ² φ′²] + r E[φ′²],   a ← σ_w² (n_l/n_(l−1)) E[z φ φ′]/q · a,   r ← σ_w² (n_l/n_(l−1)) E[δ²],

from a = k/n_L and r = (k E[h²] + 1)/n_L. For ReLU at σ_w² = 2 it adds about 2 k/n for each layer, on top of the scatter of the sizes
themselves, which raises it once more in narrow nets.
"""

from __future__ import annotations

import numpy as np

from propagation.architecture import is_plain
from propagation.expressions import lookup
from propagation.theory.cost import LABELS
from propagation.theory.gaussian import gaussian_mean
from propagation.theory.moments import moments
from propagation.theory.prediction import Prediction

Array = np.ndarray

#: log10 of the sizes that are followed
_LARGEST = 60.0
#: an excess that is worth a sentence
_NOTICEABLE = 1.2


def readout_excess(prediction: Prediction) -> Array:
    """Return what E[δ²] of every layer, (depth,), is over its line by the terms above: 1 where the cost is no squared error.

    Means of networks no deeper than n/12 are within 15 % of it; deeper ones lie above, where sizes scatter. NaN where sizes leave 1e±60,
    or layers are more than a linear map and φ.
    """
    config = prediction.config
    if config.cost != "squared_error":
        return np.ones(config.depth)
    logs = np.stack((prediction.z.log10_second_moment, prediction.h.log10_second_moment, prediction.delta.log10_second_moment))
    if not is_plain(config) or not np.all(np.abs(logs) < _LARGEST):
        return np.full(config.depth, np.nan)
    _, second, line = 10.0**logs
    q, name = 10.0**prediction.z.log10_variance, config.shifted_activation  # around the mean of z
    phi, of, n = lookup(name), moments(name), np.array(config.widths, dtype=float)
    both = gaussian_mean(lambda z: (phi.phi(z) * phi.dphi(z)) ** 2, q, phi.kinks + phi.breakpoints)
    slope, growth = of.slope(q), of.growth(q)
    along, rest = LABELS / n[-1], (LABELS * second[-1] + 1) / n[-1]
    answer = np.empty(config.depth)
    for layer in reversed(range(config.depth)):
        size = along**2 * both[layer] + rest * slope[layer]
        answer[layer] = size / line[layer]
        factor = prediction.weight_variance[layer] * n[layer + 1] / n[layer]
        along, rest = along * factor * growth[layer], factor * size
    return answer


def readout_warning(prediction: Prediction) -> str:
    """Return a sentence where the line of δ is noticeably low for this reason, else empty."""
    excess = readout_excess(prediction)
    largest = float(np.nanmax(excess, initial=1.0))
    if largest < _NOTICEABLE:
        return ""
    layer = int(np.nanargmax(excess)) + 1
    width = prediction.config.widths[-1]
    return (
        f"Squared error at width {width:,}: theory's line of δ and ∂C/∂W is below the mean over networks, in layer {layer:,} by a factor "
        f"of about {largest:.2g} or more. The readout sends {LABELS}/{width:,} of the signal itself back, and the line leaves that out."
    )
