"""Inputs: the batch that a network is shown, random or real."""

from __future__ import annotations

from functools import cache

import numpy as np

from propagation.assets import asset
from propagation.choices import DIGIT_PIXELS
from propagation.config import Config
from propagation.streams import stream
from propagation.widths import read_sizes

DIGITS = asset("digits.npz")


def draw_inputs(config: Config) -> np.ndarray:
    """Draw the batch h⁰ of a config, (n_0, columns) float64, one a token or position of an input, or one an input; the same in every trial.

    Random laws have mean `input_mean` and variance `input_variance`; the tokens of one input stand side by side and have the correlation
    `token_correlation`. Digits are drawn without replacement and scaled so that the whole
    data set has second moment `input_variance`; then `input_mean` is added.
    """
    x = _centred(config)
    return x + config.input_mean if config.input_mean else x


def pixels_mismatch(config: Config) -> str:
    """Return what to say where `layer_sizes` gives the input another size than the digits it is shown have; else empty."""
    first = read_sizes(config.layer_sizes)[:1]
    if config.input_law != "digits" or first in ((), (DIGIT_PIXELS,)):
        return ""
    return f"The digits have {DIGIT_PIXELS} pixels, so the input has {DIGIT_PIXELS} entries here and not {first[0]:,}."


def _centred(config: Config) -> np.ndarray:
    """The batch without its mean."""
    rng = stream(config.seed, "inputs")
    scale = np.sqrt(config.input_variance)
    if config.input_law != "digits":
        own = scale * _entries(config.input_law, rng, (config.widths[0], config.columns))
        if config.tokens == 1:  # positions of a signal are independent
            return own
        common = scale * _entries(config.input_law, rng, (config.widths[0], config.inputs))
        shared = np.repeat(common, config.tokens, axis=1)
        return np.sqrt(1 - config.token_correlation) * own + np.sqrt(config.token_correlation) * shared
    chosen = rng.choice(len(standardized_digits()), config.inputs, replace=False)
    return scale * standardized_digits()[chosen].T


def _entries(law: str, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Independent entries of mean 0 and variance 1."""
    return rng.standard_normal(shape) if law == "gaussian" else rng.uniform(-np.sqrt(3), np.sqrt(3), shape)


@cache
def standardized_digits() -> np.ndarray:
    """Return all digits, (1797, 64): each pixel with mean 0 and variance 1 (a constant pixel is 0), then scaled to second moment 1."""
    with np.load(DIGITS) as data:
        pixels = data["pixels"].astype(float)
    spread = pixels.std(axis=0)
    standardized = (pixels - pixels.mean(axis=0)) / np.where(spread > 0, spread, 1)
    standardized /= np.sqrt(np.mean(standardized**2))
    standardized.setflags(write=False)
    return standardized


@cache
def digit_labels() -> np.ndarray:
    """Return which of the ten digits each one is, 0 … 9, (1797,), in the order of `standardized_digits`."""
    with np.load(DIGITS) as data:
        labels = data["labels"].astype(int)
    labels.setflags(write=False)
    return labels
