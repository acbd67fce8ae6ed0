"""Choices: what those fields of an experiment can be that are names and have no registry of their own, with labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DIGIT_PIXELS = 64

INPUT_LAWS = {"gaussian": "Gaussian", "uniform": "uniform", "digits": "handwritten digits (8 × 8)"}
_LOSSES = {"cross_entropy": "softmax cross-entropy", "squared_error": "squared error"}
COSTS = {"gaussian": "unit Gaussian ∂C/∂h"} | {name: f"{loss}, 10 random labels" for name, loss in _LOSSES.items()}
ARCHITECTURES = {"plain": "plain", "residual": "residual", "transformer": "transformer", "convolution": "convolution"}
#: what z of a layer is divided by, after its mean is taken away; a root mean square knows no mean
NORMALIZATIONS = {"none": "none", "layer": "layer norm", "rms": "RMS norm", "batch": "batch norm"}
NORM_POSITIONS = {"pre": "before (pre-norm)", "post": "after (post-norm)"}
BLOCK_ORDERS = {
    "branch": "W₂ φ(W₁ x)",
    "pre_activation": "W₂ φ(W₁ φ(x)): pre-activation, 2016",
    "post_activation": "φ(x + W₂ φ(W₁ x)): post-activation, 2015",
}
SUBLAYERS = {"both": "attention and MLP", "attention": "attention alone"}
READOUTS = {"token": "a cost for each token", "pooled": "one cost for the mean of the tokens"}
#: longest sequence, most positions, and most columns (inputs times these) that a network is shown at once
MOST_TOKENS, MOST_POSITIONS, MOST_COLUMNS = 64, 64, 1024
#: batch norm divides by a scatter over the batch, and the mean square of gradients behind it is infinite for up to 3 inputs
LEAST_BATCH = 4
METHODS = {"auto": "automatic", "dense": "dense: holds every W", "implicit": "implicit: never builds W"}


def labels_of(registry: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of a registry with the labels of their entries."""
    return {name: entry.label for name, entry in registry.items()}
