"""predict(config) against the recursion written out plainly, and where logarithms are all that is left."""

import dataclasses

import numpy as np
import pytest
from scipy import special

from propagation import SCHEMES, Config
from propagation.activations import ACTIVATIONS
from propagation.architecture import bias_variances, weight_variances
from propagation.config import WIDTH_PROFILES
from propagation.expressions import lookup
from propagation.inputs import draw_inputs
from propagation.theory.cost import log_cost_gradient
from propagation.theory.gaussian import gaussian_mean
from propagation.theory.phases import critical_weight_variance
from propagation.theory.prediction import predict

SIGNALS = ("z", "h", "delta", "weight_gradient")


def plainly(config: Config) -> dict[str, np.ndarray]:
    """Second moments, and the mean and variance of h, by the recursion of the docstring, one input and one layer at a time."""
    phi = lookup(config.activation)
    x = draw_inputs(config)
    bias = bias_variances(config)
    weight = np.empty(config.depth) if config.scheme == "lsuv" else weight_variances(config)
    widths, depth = config.widths, config.depth
    second_before = np.mean(x**2, axis=0)
    q, h_mean, h_second, slope = (np.empty((depth, config.inputs)) for _ in range(4))
    for layer in range(depth):
        weight[layer] = weight[layer] if config.scheme != "lsuv" else 1 / second_before.mean()
        q[layer] = weight[layer] * second_before + bias[layer]
        h_mean[layer] = gaussian_mean(phi.phi, q[layer], phi.kinks)
        second_before = h_second[layer] = gaussian_mean(lambda z: phi.phi(z) ** 2, q[layer], phi.kinks)
        slope[layer] = gaussian_mean(lambda z: phi.dphi(z) ** 2, q[layer], phi.kinks)
    gradient = {"gaussian": np.ones(config.inputs), "squared_error": (10 * h_second[-1] + 1) / widths[-1]}[config.cost]
    delta = np.empty_like(q)
    for layer in reversed(range(depth)):
        delta[layer] = slope[layer] * gradient
        gradient = delta[layer] * weight[layer] * widths[layer + 1] / widths[layer]
    before = np.concatenate((np.mean(x**2, axis=0)[None, :], h_second[:-1]))
    mean = h_mean.mean(axis=1)
    return {
        "z": q.mean(axis=1),
        "h": h_second.mean(axis=1),
        "delta": delta.mean(axis=1),
        "weight_gradient": (delta * before).mean(axis=1),
        "h mean": mean,
        "h variance": h_second.mean(axis=1) - mean**2,
        "weights": weight,
    }


def assert_plain(config: Config) -> None:
    prediction, expected = predict(config), plainly(config)
    for name in SIGNALS:
        np.testing.assert_allclose(prediction.signal(name).log10_second_moment, np.log10(expected[name]), atol=1e-9)
    np.testing.assert_allclose(prediction.h.mean, expected["h mean"], atol=1e-9)
    np.testing.assert_allclose(prediction.h.log10_variance, np.log10(expected["h variance"]), atol=1e-8)
    np.testing.assert_allclose(prediction.weight_variance, expected["weights"], rtol=1e-9)
    for name in ("z", "delta", "weight_gradient"):
        np.testing.assert_array_equal(prediction.signal(name).log10_variance, prediction.signal(name).log10_second_moment)
        np.testing.assert_array_equal(prediction.signal(name).mean, 0)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "sin"])
def test_every_activation(name):
    assert_plain(Config(activation=name, depth=12, width=64, inputs=40, weight_variance=1.8, bias_variance=0.1))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("profile", WIDTH_PROFILES)
def test_every_scheme_and_profile(scheme, profile):
    """fan_in ≠ fan_out in three of the profiles, so that swapping them fails."""
    assert_plain(Config(activation="tanh", scheme=scheme, width_profile=profile, depth=9, width=80, inputs=24, cost="squared_error"))


@pytest.mark.parametrize("inputs", [1, 3, 100])
@pytest.mark.parametrize("input_law", ["gaussian", "uniform", "digits"])
def test_every_kind_of_input(inputs, input_law):
    """100 inputs are represented by fewer; digits differ in size by more than a factor 3."""
    assert_plain(Config(activation="gelu", depth=10, width=32, inputs=inputs, input_law=input_law, input_variance=1.7, weight_variance=2.1))


def test_inputs_that_part_at_an_unstable_fixed_point():
    """Some of these inputs die and some explode: no few of them can stand for all."""
    assert_plain(Config(activation="gelu", weight_variance=2.5, bias_variance=0, depth=25, width=64, input_variance=0.27, inputs=90))


def test_orthogonal_weights_have_the_same_mean_field():
    config = Config(activation="relu", scheme="he", depth=5, width=32)
    other = predict(dataclasses.replace(config, weight_law="orthogonal"))
    np.testing.assert_array_equal(predict(config).z.log10_second_moment, other.z.log10_second_moment)


@pytest.mark.parametrize(("weight", "activation"), [(0.1, "relu"), (30.0, "relu"), (0.001, "linear"), (99.0, "linear")])
def test_two_thousand_layers_beyond_floating_point(weight, activation):
    config = Config(activation=activation, weight_variance=weight, bias_variance=0, depth=2000, width=32, inputs=50)
    prediction = predict(config)
    slope = weight * (0.5 if activation == "relu" else 1.0)
    size = np.mean(draw_inputs(config) ** 2)
    layers = np.arange(2000)
    np.testing.assert_allclose(prediction.z.log10_second_moment, np.log10(weight * size) + layers * np.log10(slope), atol=1e-8)
    kept = slope / weight
    np.testing.assert_allclose(prediction.delta.log10_second_moment, np.log10(kept) + layers[::-1] * np.log10(slope), atol=1e-8)
    for name in SIGNALS:
        assert np.all(np.isfinite(prediction.signal(name).log10_second_moment))
    assert prediction.q_star == (0 if slope < 1 else np.inf)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("weight", "bias"), [(0.0, 0.0), (1e-3, 0.0), (100.0, 100.0)])
def test_nothing_is_ever_nan(activation, weight, bias):
    prediction = predict(Config(activation=activation, weight_variance=weight, bias_variance=bias, depth=300, width=16, inputs=20))
    for name in SIGNALS:
        signal = prediction.signal(name)
        assert not np.any(np.isnan(np.stack((signal.mean, signal.log10_variance, signal.log10_second_moment))))
        assert not np.any(signal.log10_second_moment == np.inf)


def test_sigma_w_zero_is_exactly_zero_and_says_so():
    prediction = predict(Config(activation="sigmoid", weight_variance=0, bias_variance=0, depth=3, width=16))
    np.testing.assert_array_equal(prediction.z.log10_second_moment, -np.inf)
    np.testing.assert_allclose(prediction.h.mean, 0.5)
    np.testing.assert_array_equal(prediction.h.log10_variance, -np.inf)
    assert prediction.delta.log10_second_moment[-1] == pytest.approx(np.log10(1 / 16))
    np.testing.assert_array_equal(prediction.delta.log10_second_moment[:-1], -np.inf)
    assert prediction.phase == "ordered"


def test_a_small_signal_in_a_sigmoid_keeps_its_variance():
    """Var[h] = q/16 beside E[h]² = 1/4: a difference of moments would have lost it."""
    prediction = predict(Config(activation="sigmoid", weight_variance=1e-13, bias_variance=1e-18, depth=3, width=16))
    np.testing.assert_allclose(prediction.h.log10_variance, prediction.z.log10_second_moment - np.log10(16), atol=1e-9)


def test_what_a_deep_net_tends_to():
    prediction = predict(Config())
    assert prediction.q_star == pytest.approx(0.41803720053347787, rel=1e-10)
    assert prediction.chi_1 == pytest.approx(0.9386362681988512, rel=1e-10)
    assert (prediction.c_star, prediction.phase) == (1.0, "ordered")
    assert prediction.xi_c == pytest.approx(15.79099403412288, rel=1e-9)
    assert prediction.xi_q == pytest.approx(1.6828283887064368, rel=1e-9)
    assert prediction.critical_weight_variance == critical_weight_variance("tanh", 0.05)
    he = predict(Config(activation="relu", scheme="he", bias_variance=0, input_variance=3.0))
    assert he.phase == "critical"
    assert he.q_star == pytest.approx(10 ** he.z.log10_second_moment[0])  # every q is fixed: it stays where the inputs put it
    assert he.xi_c == np.inf


def test_lsuv_holds_every_layer_at_one():
    prediction = predict(Config(scheme="lsuv", activation="gelu", input_variance=9.0, depth=20, inputs=1))
    np.testing.assert_allclose(prediction.z.log10_second_moment, 0, atol=1e-12)
    assert prediction.q_star == 1
    assert prediction.weight_variance[-1] == pytest.approx(1 / 0.425221483, rel=1e-8)
    assert prediction.chi_1 == pytest.approx(0.455850866 / 0.425221483, rel=1e-8)


def test_cost_gradients():
    rng = np.random.default_rng(3)
    normal = rng.standard_normal((200_000, 10))
    assert log_cost_gradient("squared_error", np.array([np.log(0.4)]), 50)[0] == pytest.approx(np.log(5 / 50))
    for size in (1e-6, 0.3, 2.0, 40.0, 1e5):
        p = special.softmax(np.sqrt(size) * normal, axis=1)
        errors = np.sum(p**2, axis=1) - 2 * p[:, 0] + 1
        expected = np.exp(log_cost_gradient("cross_entropy", np.array([np.log(size)]), 50)[0]) * 50
        assert abs(errors.mean() - expected) < 4 * errors.std() / len(errors) ** 0.5 + 1e-4
    np.testing.assert_allclose(np.exp(log_cost_gradient("cross_entropy", np.array([-np.inf, 1e4]), 1)), [0.9, 1.8], rtol=1e-9)


def test_the_plain_recursion_can_fail():
    """Negative control: another fan, another activation or another input variance is told apart."""
    config = Config(activation="tanh", scheme="glorot", width_profile="funnel", depth=6, width=64, inputs=8)
    for change in ({"scheme": "he"}, {"width_profile": "widening"}, {"activation": "erf"}, {"input_variance": 1.01}):
        moved = predict(dataclasses.replace(config, **change)).delta.log10_second_moment - predict(config).delta.log10_second_moment
        assert np.max(np.abs(moved)) > 1e-4


def test_unknown_signal():
    prediction = predict(Config(depth=2, width=8))
    assert prediction.signal("delta") is prediction.delta
    with pytest.raises(ValueError, match="unknown"):
        prediction.signal("weights")
