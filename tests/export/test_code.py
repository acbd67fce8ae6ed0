"""The scripts that the app hands out: they run, and what they measure agrees with the engine within the statistical error."""

from __future__ import annotations

import ast
from dataclasses import replace

import numpy as np
import pytest

from propagation.activations import ACTIVATIONS
from propagation.architecture import bias_variances, weight_variances
from propagation.config import CHOICES, Config
from propagation.export.code import FRAMEWORKS, settings, snippet
from propagation.export.code.functions import definitions, needs_erf
from propagation.expressions import lookup
from propagation.initializers import SCHEMES
from propagation.inputs import standardized_digits
from tests.export.running import FAR, FORMULA, apart, assert_no_gap, installed, measured, run, scripted, variety

#: NumPy draws a network in a millisecond, JAX takes a second: the others are compared over fewer seeds and configs
SEEDS = {"numpy": 16, "pytorch": 8, "flax": 8, "keras": 8}
MANY = {"numpy": variety(), "pytorch": variety()[::2] + variety()[5::6], "flax": variety()[1::4], "keras": variety()[2::4]}
#: what a formula may say of pieces
PIECES = "where(x>=0.5,leaky_relu(x,0.3),elu(x,0.5)-leaky_relu(x-1)-(elu(0.5,0.5)-leaky_relu(-0.5)-0.5))+(x<2)*(x-2)"
CASES = [(framework, config) for framework, configs in MANY.items() for config in configs]


@pytest.mark.filterwarnings("default")  # of other people's packages
@pytest.mark.parametrize(("framework", "config"), CASES, ids=lambda case: case if isinstance(case, str) else case.activation[:12])
def test_a_script_measures_what_the_engine_measures(framework, config):
    installed(framework, config)
    seeds = SEEDS[framework]
    assert apart(scripted(config, framework, seeds), measured(config, seeds)) < FAR


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(
    ("scheme", "law"), [("custom", "uniform"), ("std", "gaussian"), ("glorot", "orthogonal"), ("he", "truncated_gaussian")]
)
def test_a_script_gives_the_first_layer_its_own_variance(framework, scheme, law):
    config = Config(layer_sizes="24-20-16", scheme=scheme, weight_law=law, bias_variance=0.3, inputs=6, trials=4, first_weight_variance=9.0)
    ast.parse(snippet(config, framework))
    installed(framework, config)
    assert apart(scripted(config, framework, SEEDS[framework]), measured(config, SEEDS[framework])) < FAR


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("input_law", CHOICES["input_law"])
def test_a_script_adds_the_mean_of_the_inputs(framework, input_law):
    config = Config(layer_sizes="24-20-16", weight_variance=1.6, bias_variance=0.3, inputs=6, trials=4, input_mean=1.5, input_law=input_law)
    installed(framework, config)
    assert apart(scripted(config, framework, SEEDS[framework]), measured(config, SEEDS[framework])) < FAR


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(("law", "bias_variance"), [("gaussian", 0.3), ("uniform", 0.3), ("truncated_gaussian", 0.3), ("orthogonal", 0.0)])
def test_a_script_adds_the_mean_of_the_biases(framework, law, bias_variance):
    config = Config(
        layer_sizes="24-20-16", weight_law=law, bias_variance=bias_variance, inputs=6, trials=4, bias_mean=-0.7, activation="relu"
    )
    ast.parse(snippet(config, framework))
    assert "biases of mean -0.7" in snippet(config, framework)
    installed(framework, config)
    assert apart(scripted(config, framework, SEEDS[framework]), measured(config, SEEDS[framework])) < FAR


@pytest.mark.parametrize(
    "change",
    [
        {"weight_variance": 2.0},
        {"bias_mean": 0.3},
        {"input_mean": 1.0},
        {"bias_variance": 0.6},
        {"input_variance": 1.6},
        {"cost": "squared_error"},
    ],
)
def test_a_script_of_another_experiment_is_rejected(change):
    """Negative control."""
    config = Config(depth=4, width=24, weight_variance=1.6, bias_variance=0.3, inputs=6, trials=4)
    assert apart(scripted(replace(config, **change), "numpy", 20), measured(config, 20)) > FAR


def test_everything_a_config_may_say_occurs():
    configs = variety()
    for field in ("scheme", "weight_law", "width_profile", "input_law", "cost"):
        assert {getattr(config, field) for config in configs} == set(CHOICES[field])
    assert {config.activation for config in configs} >= set(ACTIVATIONS)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("config", variety(), ids=lambda config: config.scheme)
def test_every_script_is_python_and_leaves_no_gap(framework, config):
    text = snippet(config, framework)
    assert_no_gap(text)


@pytest.mark.parametrize(
    "activation", [*ACTIVATIONS, FORMULA, PIECES, "exp(-x**2)-1", "log(1+exp(x))", "x*tanh(1)", "max(x,min(2*x,-pi))/(1+abs(x))"]
)
def test_numpy_defines_the_same_function_and_slope(activation):
    z = np.array([[-40.0, -3.3, -1.1, -0.4, -1e-3, 1e-3, 0.3, 0.9, 2.7, 35.0]])
    config = Config(activation=activation)
    names: dict = {"np": np}
    if needs_erf(activation):
        exec("import math\nimport numpy as np\nerf = np.vectorize(math.erf)", names)
    exec(definitions(activation, "numpy", slope=True), names)
    known = activation in ACTIVATIONS
    value, slope = lookup(config.activation).evaluate(z)
    np.testing.assert_allclose(names["phi"](z), value, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(names["dphi"](z), slope, rtol=1e-9 if known else 1e-7, atol=1e-12 if known else 1e-8)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("framework", ["flax", "keras"])
def test_other_frameworks_define_the_same_pieces(framework):
    installed(framework, Config())
    import jax
    import jax.numpy as jnp

    names: dict = {"jax": jax, "jnp": jnp}
    if framework == "keras":
        from keras import ops

        names = {"ops": ops}
    exec(definitions(PIECES, framework), names)
    z = np.linspace(-5, 5, 101) + 0.01
    np.testing.assert_allclose(np.asarray(names["phi"](jnp.asarray(z))), lookup(PIECES).phi(z), rtol=1e-5, atol=1e-6)


def test_pytorch_defines_the_same_functions():
    torch = pytest.importorskip("torch")
    z = torch.linspace(-30, 30, 241, dtype=torch.float64) + 0.01
    for activation in [*ACTIVATIONS, FORMULA, PIECES]:
        names: dict = {"torch": torch, "F": torch.nn.functional}
        exec(definitions(activation, "pytorch"), names)
        np.testing.assert_allclose(names["phi"](z), lookup(activation).phi(z.numpy()), rtol=1e-10, atol=1e-14, err_msg=activation)


@pytest.mark.parametrize("profile", CHOICES["width_profile"])
@pytest.mark.parametrize("input_law", CHOICES["input_law"])
def test_widths_are_those_of_the_config(profile, input_law):
    for depth in (1, 2, 3, 7, 10, 50, 333):
        for width in (2, 3, 17, 64, 100, 999):
            config = Config(depth=depth, width=width, width_profile=profile, input_law=input_law)
            names: dict = {}
            exec(settings.constants(config), names)
            assert names["WIDTHS"] == list(config.widths)


@pytest.mark.parametrize("sizes", ["784-300-100-10", "64-10", "-".join(map(str, range(1, 200)))])
@pytest.mark.parametrize("input_law", CHOICES["input_law"])
def test_own_layer_sizes_stand_in_the_script(sizes, input_law):
    config = Config(layer_sizes=sizes, input_law=input_law)
    names: dict = {}
    exec(settings.constants(config), names)
    assert names["WIDTHS"] == list(config.widths)
    assert max(map(len, settings.constants(config).splitlines())) < 120 and "width" not in settings.title(config, "NumPy").split("\n")[2]


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name != "lsuv"])
def test_the_rule_is_the_schemes(scheme):
    config = Config(scheme=scheme, width_profile="funnel", depth=7, width=96, weight_variance=1.37, bias_variance=0.21)
    weight, bias = weight_variances(config), bias_variances(config)
    for layer, (fan_in, fan_out) in enumerate(zip(config.widths[:-1], config.widths[1:], strict=True)):
        fans = {"fan_in": fan_in, "fan_out": fan_out}
        assert eval(settings.weight_variance(config), fans) * fan_in == pytest.approx(weight[layer], rel=1e-12)
        assert eval(settings.bias_variance(config), fans) == pytest.approx(bias[layer], rel=1e-12)


@pytest.mark.parametrize("std", [1.0, 0.02, 0.1, 0.0])
def test_a_stated_std_stands_in_every_script(std):
    config = Config(scheme="std", weight_std=std, width=8, depth=3)
    assert eval(settings.weight_variance(config)) == pytest.approx(std**2, rel=1e-12)
    assert f"= nn.init.normal_(layer.weight, std={std})" in snippet(config, "pytorch")
    assert f"variance = {std}**2" in snippet(config, "numpy") and f"variance = {std}**2" in snippet(config, "flax")
    assert (f"RandomNormal(stddev={std})" if std else "Zeros()") in snippet(config, "keras")
    assert f"std of a weight, as stated: Var[W] = {std}**2." in snippet(config, "pytorch")


def test_a_script_says_when_it_needs_much_memory():
    assert "GB" in snippet(Config(width=100_000, depth=2), "numpy")
    assert "GB" not in snippet(Config(), "numpy")


def test_sizes_outside_the_range_of_floats_are_printed():
    config = Config(depth=100, width=8, activation="linear", weight_variance=1e-6, bias_variance=0, inputs=2, trials=1)
    sizes = run(snippet(config, "numpy"))
    assert np.isfinite(sizes).all() and sizes[0, 0, -1] < -550


def test_digits_are_the_pages():
    pytest.importorskip("sklearn")
    names: dict = {}
    body = settings.digits(Config(input_law="digits"), "images")
    exec("import numpy as np\nfrom sklearn.datasets import load_digits\ndef f():\n    " + body.replace("\n", "\n    "), names)
    np.testing.assert_allclose(names["f"](), standardized_digits(), atol=1e-12)
