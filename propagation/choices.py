"""Choices: what those fields of an experiment can be that are names and have no registry of their own, with labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DIGIT_PIXELS = 64

INPUT_LAWS = {"gaussian": "Gaussian", "uniform": "uniform", "digits": "handwritten digits (8 × 8)"}
_LOSSES = {"cross_entropy": "softmax cross-entropy", "squared_error": "squared error"}
COSTS = {"gaussian": "unit Gaussian ∂C/∂h"} | {name: f"{loss}, 10 random labels" for name, loss in _LOSSES.items()}
METHODS = {"auto": "automatic", "dense": "dense: holds every W", "implicit": "implicit: never builds W"}


def labels_of(registry: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of a registry with the labels of their entries."""
    return {name: entry.label for name, entry in registry.items()}
