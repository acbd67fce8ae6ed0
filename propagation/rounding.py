"""Rounding: where chaos magnifies the roundings of float64, in which networks run here, until they decide what a single one does."""

from __future__ import annotations

import math
from itertools import pairwise

from propagation.engine.cost import layer_is_implicit
from propagation.engine.trace import Trace

#: a rounding error that has grown to this share of a signal changes the size of a gradient by up to a few percent
VISIBLE = 1e-5
ROUNDING = "Chaos magnifies rounding errors here: on another kind of processor, single networks can have other sizes, of the same law."


def rounding_sentence(trace: Trace) -> str:
    """Return in a sentence that rounding decides what a single network does; empty where it does not."""
    return ROUNDING if rounding_error(trace) > VISIBLE else ""


def rounding_error(trace: Trace) -> float:
    """Return about how large a rounding error of 1e-16 has become at the end of a typical network, as a share of the signal.

    ∂C/∂W² is, but for a constant, the square of the factor by which a relative change of a layer's signal has grown at the output: from
    layer l to layer k it grows by √(∂C/∂W_l²/∂C/∂W_k²). Of all pairs the largest counts. A layer that draws n outputs for B inputs without
    its W passes on a share B/n of the square: only what an error does to the B × B products of inputs. inf beyond 1e300.
    """
    config, sizes = trace.config, trace.weight_gradient.median()
    largest = grown = 0.0
    for layer, (here, above) in enumerate(pairwise(sizes.tolist()), 2):
        if not (math.isfinite(here) and math.isfinite(above)):
            break
        fan_in, fan_out = config.widths[layer - 1 : layer + 1]
        share = min(1.0, config.inputs / fan_out) if layer_is_implicit(config, fan_in, fan_out) else 1.0
        grown = max(0.0, grown + here - above + math.log10(share))
        largest = max(largest, grown)
    return 1e-16 * 10 ** (largest / 2) if largest < 600 else math.inf
