"""Every scheme at fan_in ≠ fan_out, so that swapping them fails: the formula, and the weights that the engine really draws."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from oracle import ERRORS, assert_mean, errors_off

from propagation import ACTIVATIONS, SCHEMES, Config, predict, simulate
from propagation.architecture import bias_variances, blocks, weight_variances
from propagation.config import WIDTH_PROFILES
from propagation.engine.dense import DenseMap
from propagation.engine.noise import Noise
from propagation.initializers import WEIGHT_LAWS, kumar_scale
from propagation.ops import UnitVarianceOnData
from propagation.rules import overruled, settled, shown_weight_variance

#: Var[W] and Var[b] of a ReLU layer as the sources write them
VARIANCES = {
    "lecun": lambda n_in, n_out: 1 / n_in,
    "glorot_standard": lambda n_in, n_out: (2 / math.sqrt(n_in)) ** 2 / 12,  # U(±1/√n)
    "glorot": lambda n_in, n_out: (2 * math.sqrt(6 / (n_in + n_out))) ** 2 / 12,  # U(±√6/√(n + n′))
    "he": lambda n_in, n_out: 2 / n_in,
    "he_fan_out": lambda n_in, n_out: 2 / n_out,
    "kumar": lambda n_in, n_out: 2 / n_in,
    "pytorch": lambda n_in, n_out: (2 / math.sqrt(n_in)) ** 2 / 12,  # kaiming_uniform_(a=√5): bound √(6/((1 + 5) n))
    "pytorch_orthogonal": lambda n_in, n_out: 1 / max(n_in, n_out),
    "keras": lambda n_in, n_out: 2 / (n_in + n_out),
    "flax": lambda n_in, n_out: 1 / n_in,
    "small_constant": lambda n_in, n_out: 0.01**2,
}
BIASES = {"pytorch": lambda n_in: 1 / (3 * n_in), "keras": lambda n_in: 0.0, "flax": lambda n_in: 0.0}
DECIDED_ELSEWHERE = {"custom", "std", "lsuv"}

formulas = pytest.mark.parametrize("scheme", VARIANCES)
profiles = pytest.mark.parametrize("profile", ["funnel", "widening"])


def test_every_scheme_is_tested():
    assert set(SCHEMES) == set(VARIANCES) | DECIDED_ELSEWHERE
    assert all(scheme.source and scheme.label and scheme.latex and scheme.law in WEIGHT_LAWS for scheme in SCHEMES.values())


@formulas
@pytest.mark.parametrize(("n_in", "n_out"), [(300, 40), (40, 300), (7, 5)])
def test_formulas(scheme, n_in, n_out):
    assert SCHEMES[scheme].weight_variance("relu", n_in, n_out) == pytest.approx(n_in * VARIANCES[scheme](n_in, n_out), rel=1e-12)


@formulas
def test_formulas_take_arrays(scheme):
    n_in, n_out = np.array([8.0, 20.0, 8.0]), np.array([20.0, 8.0, 9.0])
    expected = [n_in[i] * VARIANCES[scheme](n_in[i], n_out[i]) for i in range(3)]
    np.testing.assert_allclose(SCHEMES[scheme].weight_variance("relu", n_in, n_out) * np.ones(3), expected, rtol=1e-12)


@formulas
@profiles
def test_the_engine_draws_what_the_scheme_says(scheme, profile):
    """E z² = Var[W] ‖x‖² + Var[b] for the first layer, 64 → 8 or 8 → 64 neurons: only the fan that the source means gives it."""
    config = Config(depth=1, width=64, width_profile=profile, activation="relu", scheme=scheme, bias_variance=0.0, inputs=1, trials=64)
    n_in, n_out = config.widths
    assert {n_in, n_out} == {8, 64}
    ratios, swapped = [], []
    for seed in range(6):
        trace = simulate(replace(config, seed=seed))
        length = n_in * 10**trace.input_log10_second_moment
        bias = BIASES[scheme](n_in) if scheme in BIASES else 0.0
        sizes = 10 ** trace.z.log10_second_moment[:, 0]
        ratios.append(sizes / (VARIANCES[scheme](n_in, n_out) * length + bias))
        swapped.append(sizes / (VARIANCES[scheme](n_out, n_in) * length + bias))
    assert_mean(np.concatenate(ratios), 1.0)
    if scheme not in ("glorot", "keras", "pytorch_orthogonal", "small_constant"):  # these are symmetric
        assert errors_off(np.concatenate(swapped), 1.0) > 3 * ERRORS


@pytest.mark.parametrize("scheme", ["lecun", "he", "custom", "small_constant"])
def test_schemes_without_a_rule_for_biases_leave_them_to_the_experiment(scheme):
    bias = bias_variances(Config(depth=3, width=16, scheme=scheme, bias_variance=0.4))
    np.testing.assert_array_equal(bias, np.full(3, 0.4))


def test_schemes_with_a_rule_for_biases_insist_on_it():
    for scheme, expected in BIASES.items():
        config = Config(depth=3, width=64, width_profile="funnel", scheme=scheme, bias_variance=0.4)
        np.testing.assert_allclose(bias_variances(config), [expected(n) for n in config.widths[:-1]])
    assert not bias_variances(Config(scheme="lsuv", bias_variance=0.4)).any()


def test_custom_takes_the_slider_and_lsuv_asks_the_data():
    np.testing.assert_array_equal(weight_variances(Config(depth=3, weight_variance=1.25)), np.full(3, 1.25))
    data_decide = Config(depth=3, scheme="lsuv")
    assert weight_variances(data_decide) is None
    assert all(linear.weight == UnitVarianceOnData() for linear, _ in blocks(data_decide))
    for scheme, reason in (("custom", "the slider"), ("lsuv", "the data")):
        with pytest.raises(ValueError, match=reason):
            SCHEMES[scheme].weight_variance("tanh", 3, 4)


@pytest.mark.parametrize("std", [1.0, 0.02, 0.01, 0.0])
def test_a_stated_std_is_that_of_a_weight_whatever_the_fans(std):
    config = Config(depth=4, width=64, width_profile="funnel", scheme="std", weight_std=std)
    np.testing.assert_allclose(weight_variances(config), [n * std**2 for n in config.widths[:-1]], rtol=1e-14)
    with pytest.raises(ValueError, match="weight_std"):
        SCHEMES["std"].weight_variance("tanh", 3, 4)


def test_weights_of_std_one_at_width_512_are_a_weight_variance_of_512():
    assert set(weight_variances(Config(scheme="std", weight_std=1.0))) == {512.0}
    stated, slider = Config(scheme="std", weight_std=1.0, depth=3, trials=2), Config(weight_variance=512.0, depth=3, trials=2)
    np.testing.assert_array_equal(simulate(stated).z.log10_variance, simulate(slider).z.log10_variance)


@pytest.mark.parametrize("law", WEIGHT_LAWS)
@pytest.mark.parametrize("scheme", ["custom", "glorot", "std"])
def test_the_first_layer_may_have_a_rule_of_its_own(scheme, law):
    config = Config(layer_sizes="30-40-40-20", scheme=scheme, weight_law=law, activation="linear", bias_variance=0.0, trials=64)
    own = replace(config, first_weight_variance=7.0)
    others = weight_variances(config)[1:]
    np.testing.assert_array_equal(weight_variances(own), [7.0, *others])
    assert own.to_query() == config.to_query() | {"first_weight_variance": "7"} and Config.from_query(own.to_query()) == (own, [])
    assert shown_weight_variance(own) == shown_weight_variance(config), "the slider shows the rule of the others"
    ratio = 7.0 / weight_variances(config)[0]
    for name, layers in (("z", slice(None)), ("delta", slice(0, 0))):
        apart = simulate(own).signal(name).log10_second_moment - simulate(config).signal(name).log10_second_moment
        np.testing.assert_allclose(apart[:, layers], math.log10(ratio), rtol=1e-6)
    np.testing.assert_allclose(predict(own).z.log10_second_moment - predict(config).z.log10_second_moment, math.log10(ratio), rtol=1e-6)


def test_a_siren_has_arguments_of_size_one_from_the_first_layer_on():
    """Sitzmann et al. 2020: U(±1/n) in the first layer, U(±√(6/n)/30) in the others, sin(30 z); then 30 z is about N(0, 1)."""
    siren = Config(
        layer_sizes="2-256-256-256-256", activation="sin(30*x)", weight_variance=2 / 900, first_weight_variance=1 / 6, bias_variance=0.0,
        weight_law="uniform", input_law="uniform", input_variance=1 / 3, inputs=200, trials=16,
    )  # fmt: skip
    arguments = 900 * 10 ** simulate(siren).z.median()
    expected = [1.0]
    for _ in range(2):
        expected.append(1 - math.exp(-2 * expected[-1]))  # 2 E[sin² u], u ~ N(0, the argument's variance)
    assert arguments[1:] == pytest.approx(expected, rel=0.05)
    assert arguments[0] == pytest.approx(900 / 18, rel=0.4)
    assert 900 * 10 ** simulate(replace(siren, first_weight_variance=None)).z.median()[0] < 1.5, "negative control"


def test_data_decide_in_the_first_layer_too():
    lsuv = Config(scheme="lsuv", first_weight_variance=7.0, depth=3, width=16)
    assert weight_variances(lsuv) is None and blocks(lsuv) == blocks(replace(lsuv, first_weight_variance=None))
    assert settled(lsuv).first_weight_variance is None and overruled(lsuv, "first_weight_variance")


@profiles
def test_orthogonal_of_pytorch_has_orthonormal_rows_or_columns(profile):
    """A square or widening layer keeps every length exactly; one that narrows loses what is cut off, all angles alike in the mean."""
    config = Config(
        depth=1, width=64, width_profile=profile, activation="linear", scheme="pytorch_orthogonal", weight_law="orthogonal",
        bias_variance=0.0, inputs=1, trials=64,
    )  # fmt: skip
    n_in, n_out = config.widths
    trace = simulate(config)
    lengths = n_out * 10 ** trace.z.log10_second_moment[:, 0] / (n_in * 10**trace.input_log10_second_moment)
    if n_out >= n_in:
        np.testing.assert_allclose(lengths, 1, rtol=1e-9)
    else:
        assert lengths.std() > 0.01
        assert_mean(lengths, n_out / n_in)


@pytest.mark.parametrize("profile", WIDTH_PROFILES)
def test_each_layer_has_its_own_fans(profile):
    config = Config(depth=6, width=128, width_profile=profile, scheme="glorot")
    pairs = zip(config.widths[:-1], config.widths[1:], strict=True)
    np.testing.assert_allclose(weight_variances(config), [2 * n_in / (n_in + n_out) for n_in, n_out in pairs])


#: N · v² of Kumar's formula, from its derivation and not from the code: 1 / (φ′(0)² (1 + φ(0)²))
KUMAR = {
    "linear": 1.0,
    "relu": 2.0,
    "elu": 1.0,
    "gelu": 4.0,
    "gelu_tanh": 4.0,
    "silu": 4.0,
    "mish": 1 / 0.36,
    "softplus": 4 / (1 + math.log(2) ** 2),
    "sigmoid": 12.8,
    "tanh": 1.0,
    "hard_tanh": 1.0,
    "erf": math.pi / 4,
    "softsign": 1.0,
    "arctan": 1.0,
    "sin": 1.0,
    "hard_swish": 4.0,
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_kumar(activation):
    if activation in KUMAR:
        assert kumar_scale(activation) == pytest.approx(KUMAR[activation], rel=1e-12)
        assert weight_variances(Config(depth=2, scheme="kumar", activation=activation)) == pytest.approx(KUMAR[activation])
    else:
        assert activation in {"leaky_relu", "selu"}
        with pytest.raises(ValueError, match=f"kumar.*{activation}.*slope jumps at 0"):
            Config(scheme="kumar", activation=activation)


def test_squared_gains_of_pytorch():
    """torch.nn.init.calculate_gain(…)² is the σ_w² that LeCun, He and Kumar give where they mean the same thing."""
    gains = {"linear": 1.0, "relu": 1.4142135623730951, "tanh": 1.6666666666666667, "leaky_relu": 1.4141428569978354}
    assert gains["linear"] ** 2 == pytest.approx(SCHEMES["lecun"].weight_variance("linear", 9, 4))
    assert gains["relu"] ** 2 == pytest.approx(SCHEMES["he"].weight_variance("relu", 9, 4))
    assert gains["relu"] ** 2 == pytest.approx(SCHEMES["kumar"].weight_variance("relu", 9, 4))
    leak = ACTIVATIONS["leaky_relu"].slopes_at_zero[0]
    assert gains["leaky_relu"] ** 2 == pytest.approx(2 / (1 + leak**2))


@pytest.mark.parametrize("law", WEIGHT_LAWS)
@pytest.mark.parametrize(("n_in", "n_out"), [(30, 12), (12, 30)])
def test_weights_of_every_law_have_variance_one_before_they_are_scaled(law, n_in, n_out):
    weights = DenseMap(Noise(0, 0, 0, 400), n_in, n_out, law).unit_weights
    assert weights.shape == (400, n_out, n_in)
    assert_mean(weights.mean(axis=(1, 2)), 0.0)
    if law == "orthogonal":
        gram = weights @ weights.swapaxes(1, 2) if n_out < n_in else weights.swapaxes(1, 2) @ weights
        np.testing.assert_allclose(gram, np.broadcast_to(30 * np.eye(12), gram.shape), atol=1e-9)
    else:
        assert_mean((weights**2).mean(axis=(1, 2)), 1.0)
        assert abs(np.corrcoef(weights[:, 0, 0], weights[:, 1, 1])[0, 1]) < ERRORS / 20


def test_uniform_weights_of_glorot_and_pytorch_stay_within_their_bounds():
    n_in, n_out = 64, 20
    unit = np.abs(DenseMap(Noise(0, 0, 0, 50), n_in, n_out, "uniform").unit_weights).max()
    bounds = {"glorot": math.sqrt(6 / (n_in + n_out)), "pytorch": 1 / math.sqrt(n_in), "glorot_standard": 1 / math.sqrt(n_in)}
    for scheme, bound in bounds.items():
        largest = unit * math.sqrt(SCHEMES[scheme].weight_variance("tanh", n_in, n_out) / n_in)
        assert 0.999 * bound < largest <= bound * (1 + 1e-6)
