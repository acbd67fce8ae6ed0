"""Precision of the implicit Gaussian map, there and back, as inputs merge: against double precision on the same noise, by an invariant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from propagation import ACTIVATIONS, Config, simulate
from propagation.engine import implicit
from propagation.engine.implicit import GaussianMap
from propagation.engine.measure import Observer
from propagation.engine.network import Stack, observe
from propagation.engine.noise import Noise
from propagation.engine.signal import Signal

APART = [1.0, 0.3, 0.1, 0.05, 0.02, 3e-3, 1e-4, 1e-5]


def pulled(h: np.ndarray, delta: np.ndarray, single: bool) -> np.ndarray:
    """Wᵀ δ of one draw, (1, fan_in, B), all of it in double unless `single`."""
    exponent = np.zeros(1, dtype=int)
    random_map = GaussianMap(Noise(5, 0, 0, 1), h.shape[1], delta.shape[1])
    signal = Signal(h, exponent)
    random_map.push(signal, 1.2, 0.3)
    delta = delta.astype(random_map.gradient_type if single else float)
    return random_map.pull(Signal(delta, exponent), signal.stored(random_map.input_type if single else float)).array


def worst(apart: float) -> float:
    """Largest error of a pulled gradient over its length, for inputs at this distance from each other."""
    rng = np.random.default_rng(int(1e6 * apart))
    errors = []
    for fan_in, fan_out, inputs in ((200, 150, 12), (60, 200, 40), (16, 16, 40)):
        h = rng.standard_normal((1, fan_in, 1)) + apart * rng.standard_normal((1, fan_in, inputs))
        delta = rng.standard_normal((1, fan_out, inputs))
        exact = pulled(h, delta, single=False)
        error = np.linalg.norm(pulled(h, delta, single=True) - exact, axis=1) / np.linalg.norm(exact, axis=1)
        errors.append(float(error.max()))
    return max(errors)


@pytest.mark.parametrize("apart", APART)
def test_a_gradient_is_close_to_double_precision(apart):
    assert worst(apart) < 2e-5


def test_single_precision_alone_would_not_do(monkeypatch):
    """Negative control."""
    monkeypatch.setattr(implicit, "WELL_CONDITIONED", np.inf)
    assert worst(1e-4) > 1e-4
    assert worst(1e-5) > 1e-3


MERGED = Config(activation="tanh", weight_variance=1.0, bias_variance=0.05, depth=100, width=512, inputs=16, trials=2)


def test_gradients_of_merged_inputs_are_those_of_double_precision(monkeypatch):
    ours = simulate(MERGED).delta.log10_second_moment
    monkeypatch.setattr(implicit, "WELL_CONDITIONED", 0.0)
    double = simulate(MERGED).delta.log10_second_moment
    monkeypatch.setattr(implicit, "WELL_CONDITIONED", np.inf)
    single = simulate(MERGED).delta.log10_second_moment
    assert np.abs(ours - double).max() < 4.3e-6  # 1e-5 of E[δ²]
    assert np.abs(single - double).max() > 1e-3


def forward(config: Config, condition: float, monkeypatch, floor: float = 1e-9) -> dict[str, np.ndarray]:
    """What is measured of z and h in the last layer, with single precision up to this condition."""
    monkeypatch.setattr(implicit, "WELL_CONDITIONED", condition)
    trace = simulate(config)
    sizes = {name: trace.signal(name).log10_second_moment[:, -1] for name in ("z", "h")}
    return sizes | {"apart": np.log10(np.maximum(trace.separation, floor))}  # 1 − c itself is rounded to 1e-16


@pytest.mark.parametrize("weight_variance", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_signals_in_single_precision_are_those_in_double(activation, weight_variance, monkeypatch):
    """Sizes, and how far inputs are apart: merging, and in chaos."""
    config = replace(MERGED, activation=activation, weight_variance=weight_variance, depth=15)
    ours, double = (forward(config, condition, monkeypatch) for condition in (implicit.WELL_CONDITIONED, 0.0))
    for name, values in double.items():
        assert np.abs(ours[name] - values).max() < 1e-5, name
    assert (ours["z"] != double["z"]).all()


def test_merged_signals_in_single_precision_are_not(monkeypatch):
    """Negative control."""
    single, double = (forward(MERGED, condition, monkeypatch, floor=0.0) for condition in (np.inf, 0.0))
    assert np.abs(single["apart"] - double["apart"]).max() > 1e-3


@pytest.mark.parametrize("name", [name for name, phi in ACTIVATIONS.items() if phi.in_single])
def test_activations_in_single_precision(name):
    z = np.concatenate([np.linspace(-40, 40, 100_001), np.geomspace(1e-12, 1e12, 999), -np.geomspace(1e-12, 1e12, 999)]).astype(np.float32)
    for single, double in zip(ACTIVATIONS[name].evaluate(z), ACTIVATIONS[name].evaluate(z.astype(float)), strict=True):
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, double, rtol=1e-5, atol=1e-30)


@pytest.mark.parametrize(("width", "inputs", "depth", "allowed"), [(16, 40, 10, 1e-4), (64, 16, 50, 1e-4), (16, 40, 50, 1e-3)])
def test_products_of_signal_and_gradient_stay_what_they_are(width, inputs, depth, allowed):
    """z·δ of each input is the same in all layers of a homogeneous net without bias. In shares of |z||δ|."""
    config = Config(
        activation="leaky_relu", scheme="he", bias_variance=0, depth=depth, width=width, inputs=inputs, trials=3, method="implicit"
    )
    observer = Products()
    observe(Stack([config], range(config.trials)), observer)
    sizes, products = (np.stack([values[layer] for layer in range(1, depth + 1)]) for values in (observer.sizes, observer.products))
    assert (np.abs(products - products[-1]) / sizes).max() < allowed


class Products(Observer):
    """z·δ and |z||δ| of each input of each trial, (T, B), by layer."""

    def __init__(self) -> None:
        self.z: dict[int, Signal] = {}
        self.products: dict[int, np.ndarray] = {}
        self.sizes: dict[int, np.ndarray] = {}

    def see(self, name, layer, *values):
        if name == "z":
            self.z[layer] = values[0]
        if name == "delta":
            z, delta = self.z[layer], values[0]
            scale = np.ldexp(1.0, z.exponent + delta.exponent)[:, None]
            self.products[layer] = scale * np.einsum("tnb,tnb->tb", z.array, delta.array, dtype=float)
            self.sizes[layer] = scale * np.sqrt(z.column_squares * delta.column_squares)


@pytest.mark.parametrize("shape", [(32, 5), (5000, 64), (20_000, 1)])
@pytest.mark.parametrize("name", ["exact_gram", "column_squares", "column_sums", "second_moment"])
def test_sums_do_not_depend_on_the_precision_of_other_networks(name, shape):
    """To the last digit, in sums of so many numbers that they are made in pieces; not so where a number is taken for the other kind."""
    of_networks = np.random.default_rng(4).standard_normal((2, *shape))
    first, second = of_networks[:1].astype(np.float32), of_networks[1:]
    exponent = np.zeros(2, dtype=int)
    together = Signal(np.concatenate([first, second]), exponent, np.array([True, False]))
    for found, one in zip(together.parts(2), (first, second), strict=True):
        np.testing.assert_array_equal(getattr(found, name), getattr(Signal(one, exponent[:1]), name))
    alone = [getattr(Signal(one, exponent[:1]), name) for one in (first, second)]
    np.testing.assert_array_equal(getattr(together, name), np.concatenate(alone))
    if name == "second_moment":
        assert (Signal(together.array, exponent).second_moment[:1] != alone[0]).any()
