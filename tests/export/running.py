"""Running the scripts that the app hands out, and comparing what they measure with the engine."""

from __future__ import annotations

import ast
import contextlib
import io
import os
from dataclasses import replace

import numpy as np
import pytest

from propagation.activations import ACTIVATIONS
from propagation.config import CHOICES, Config
from propagation.engine.network import simulate
from propagation.export.code import FRAMEWORKS, snippet
from propagation.initializers import SCHEMES

FORMULA = "x*sigmoid(1.7*x)+max(x,0)*sqrt(2/pi)-clip(log(1+exp(-x)),-1,2)"
#: standard errors that measurement and script may be apart
FAR = 4


def variety() -> list[Config]:
    """One config for each activation and a typed formula, in which every scheme, law, profile, input law and cost occurs."""
    schemes = list(SCHEMES)
    configs = []
    for place, activation in enumerate([*ACTIVATIONS, FORMULA]):
        scheme = schemes[place % len(schemes)]
        configs.append(
            Config(
                depth=4,
                width=24,
                activation=activation,
                scheme="custom" if activation == FORMULA else scheme,
                weight_variance=1.6,
                bias_variance=0.3,
                weight_law=list(CHOICES["weight_law"])[place % 4],
                width_profile=list(CHOICES["width_profile"])[(place // 2) % 4],
                inputs=6,
                input_law=list(CHOICES["input_law"])[place % 3],
                input_variance=1.0 + place % 2,
                cost=list(CHOICES["cost"])[(place + place // 3) % 3],
                trials=4,
            )
        )
    return configs


def installed(framework: str, config: Config) -> None:
    """Skip where the framework is missing here."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("JAX_ENABLE_X64", "1")  # as the script of Keras does, which is not the first to import JAX here
    for package in FRAMEWORKS[framework].packages:
        module = pytest.importorskip(package)
        if framework == "pytorch":
            module.set_num_threads(1)  # on layers as small as these, threads do nothing but wait for each other
    if config.input_law == "digits":
        pytest.importorskip("sklearn")


def assert_no_gap(text: str) -> None:
    """A script is Python, with every piece of its template filled and no space at the end of a line."""
    ast.parse(text)
    assert "$" not in text and "@" not in text.replace("@nn.compact", "").replace("@torch.no_grad()", "").replace(" @ ", "")
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def run(script: str) -> np.ndarray:
    """The sizes a script measures, (draws, signals, layers); what it prints is thrown away."""
    names: dict = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(script, names)
    return names["sizes"]


def scripted(config: Config, framework: str, seeds: int) -> np.ndarray:
    """Means over draws of what the scripts of many seeds measure, (seeds, signals, layers)."""
    return np.stack([run(snippet(replace(config, seed=seed), framework)).mean(axis=0) for seed in range(seeds)])


def measured(config: Config, seeds: int) -> np.ndarray:
    """The same from the engine."""
    traces = [simulate(replace(config, seed=1000 + seed)) for seed in range(seeds)]
    return np.stack([[moments.log10_second_moment.mean(axis=0) for moments in trace.signals.values()] for trace in traces])


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of means over seeds, in standard errors; differences below 1e-6, where nothing scatters, are none.

    What is exactly zero in one has to be so in the other.
    """
    one, other = (np.where(np.isneginf(sizes), -1e9, sizes) for sizes in (one, other))
    difference = np.abs(one.mean(axis=0) - other.mean(axis=0))
    error = np.sqrt(one.var(axis=0, ddof=1) / len(one) + other.var(axis=0, ddof=1) / len(other))
    return float(np.max(np.where(difference < 1e-6, 0.0, difference / np.maximum(error, 1e-12))))
