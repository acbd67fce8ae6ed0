"""Sweep: the theory of one experiment at many values of one field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from propagation.config import Config
from propagation.theory.prediction import Prediction, predict


def predict_sweep(config: Config, field: str, values: Sequence[Any]) -> list[Prediction]:
    """Return what `predict` says of this config with each of these values of a field. ValueError as in `Config.variants`."""
    return [predict(one) for one in config.variants(field, values)]
