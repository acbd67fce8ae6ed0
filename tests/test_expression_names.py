"""Typed activations by name: everyday names, what libraries write, and the family that a formula is, however it is written."""

import re

import numpy as np
import pytest

from propagation.activations import ACTIVATIONS
from propagation.config import Config
from propagation.expressions import ExpressionError, lookup, typed_activation
from tests.test_expressions import BY_HAND, points


@pytest.mark.parametrize(
    "text, name",
    [
        *[(text, "relu") for text in ("max(x,0)", "max(0, x)", "maximum(x,0)", "np.maximum(0, x)", "where(x>0,x,0)", "x*(x>0)")],
        *[(text, "relu") for text in ("torch.where(x >= 0, x, 0)", "where(x <= 0, 0, x)", "F.relu(z)", "(x + abs(x)) / 2", "relu(x)")],
        *[(text, "linear") for text in ("x", "identity", "identity(x)", "max(x, 0) + min(x, 0)", "x^1")],
        *[(text, "leaky_relu") for text in ("leaky_relu(x, 0.01)", "max(x,0.01*x)", "F.leaky_relu(x)", "where(x<0, 0.01*x, x)")],
        *[(text, "hard_tanh") for text in ("clip(x,-1,1)", "torch.clamp(x, -1, 1)", "F.hardtanh(x)", "min(1, max(-1, x))", "hardtanh")],
        *[(text, "silu") for text in ("swish", "F.silu(x)", "tf.nn.swish(x)", "nn.functional.silu", " swish( z )")],
        *[(text, "hard_swish") for text in ("hardswish", "F.hardswish(x)")],
        *[(text, "gelu_tanh") for text in ("jax.nn.gelu(x)", "keras.ops.gelu(x)")],
        *[(text, "gelu") for text in ("F.gelu(x)", "tf.nn.gelu(x)")],
        *[(text, "tanh") for text in ("np.tanh(x)", "math.tanh(x)", "jnp.tanh(x)", "tf.tanh(x)")],
    ],
)
def test_known_activations_under_other_names_are_the_known_ones(text, name):
    assert lookup(text) is typed_activation(text) is ACTIVATIONS[name]


@pytest.mark.parametrize(
    "text, name",
    [
        *[(text, "relu") for text in ("ReLU", "RELU", "Relu(x)", "nn.ReLU", " ReLU ")],
        *[(text, "leaky_relu") for text in ("LeakyReLU", "Leaky_ReLU(x)", "leaky ReLU (0.01)", "leaky relu (0.01)")],
        *[(text, "gelu") for text in ("GeLU", "GELU", "nn.GELU(x)")],
        *[(text, "gelu_tanh") for text in ("nn.gelu(x)", "jax.nn.GELU(x)", "GELU (tanh form)")],
        *[(text, "hard_tanh") for text in ("Hardtanh", "Hard_Tanh", "hard tanh")],
        *[(known.label, name) for name, known in ACTIVATIONS.items()],
        *[(name.upper(), name) for name in ACTIVATIONS],
    ],
)
def test_names_are_read_in_capitals_and_as_the_page_writes_them(text, name):
    assert lookup(text) is typed_activation(text) is ACTIVATIONS[name]
    assert Config(activation=text) == Config(activation=name)


@pytest.mark.parametrize(
    "text, name, leak",
    [
        ("max(x,0.2*x)", "max(x,0.2*x)", 0.2),
        ("max(0.2*x, x)", "max(0.2*x,x)", 0.2),
        ("leaky_relu(x,0.25)", "leaky_relu(x,0.25)", 0.25),
        ("prelu", "leaky_relu(x,0.25)", 0.25),
        ("prelu(x, 0.1)", "leaky_relu(x,0.1)", 0.1),
        ("F.leaky_relu(x, 1/3)", "leaky_relu(x,1/3)", 1 / 3),
        ("tf.nn.leaky_relu(x)", "leaky_relu(x,0.2)", 0.2),  # TensorFlow's own default
        ("where(x > 0, x, 0.3 * x)", "where(x>0,x,0.3*x)", 0.3),
        ("0.6*x + 0.4*abs(x)", "0.6*x+0.4*abs(x)", 0.2),
        ("(x>0)*x + (x<=0)*0.1*x", "(x>0)*x+(x<=0)*0.1*x", 0.1),
    ],
)
def test_a_leaky_relu_is_told_by_its_slopes(text, name, leak):
    typed = lookup(text)
    assert (typed.name, typed.family, typed.homogeneous) == (name, "leaky_relu", True)
    assert typed.slopes_at_zero == pytest.approx((leak, 1), rel=1e-15)
    assert typed.label == f"leaky ReLU ({leak:.4g})"
    z = points()
    np.testing.assert_allclose(typed.phi(z), np.where(z > 0, z, leak * z), rtol=1e-15)


@pytest.mark.parametrize(
    "text",
    ["abs(x)", "2*relu(x)", "max(x,0.2*x)+1", "where(x>0,x,-0.5*x)", "max(x, 2*x)", "max(x,0.2*x)+relu(x-40)-relu(x-50)", "clip(x,0,6)"],
)
def test_what_only_looks_like_a_leaky_relu_is_none(text):
    """Negative control."""
    assert lookup(text).family == "" and lookup(text).label == lookup(text).name


@pytest.mark.parametrize("name", [name for name in BY_HAND if name not in ("linear", "relu", "leaky_relu", "hard_tanh")])
def test_the_family_of_a_formula_is_the_known_activation_that_it_is(name):
    assert typed_activation(BY_HAND[name]).family == name
    assert typed_activation(f"1.001 * ({BY_HAND[name]})").family == ""


@pytest.mark.parametrize(
    "text, same",
    [
        ("where(x >= 0, 1/(1+exp(-x)), exp(x)/(1+exp(x)))", "sigmoid"),
        ("where(x < -1, -1, where(x > 1, 1, x))", "hard_tanh"),
        ("where(x > 0, x, exp(x) - 1)", "elu"),
        ("1.0507009873554805 * where(x > 0, x, 1.6732632423543772 * (exp(x) - 1))", "selu"),
        ("where(x > 3, x, where(x < -3, 0, x * (x + 3) / 6))", "hard_swish"),
        ("where(x > 0, x / (1 + x), x / (1 - x))", "softsign"),  # each branch has a pole where the other one counts
    ],
)
def test_activations_in_pieces_are_the_known_ones(text, same):
    typed, z = lookup(text), points()
    assert (typed.family or typed.name) == same
    np.testing.assert_allclose(typed.phi(z), ACTIVATIONS[same].phi(z), rtol=1e-8, atol=1e-8)
    assert typed.slopes_at_infinity == ACTIVATIONS[same].slopes_at_infinity


def test_a_formula_and_its_other_spellings():
    assert lookup("relu6") is lookup("F.relu6(x)") is lookup("tf.nn.relu6(z)") is lookup("clip(x, 0, 6)")
    assert lookup("x^2/(1+x^2)") is lookup("x**2/(1+x**2)")
    assert lookup("-x^2/(1+x^2)").phi(2.0) == -0.8  # the power first
    assert lookup("elu(x, 0.5)").slopes_at_zero == (0.5, 1) and lookup("elu(x, 0.5)").kinks == (0.0,)


@pytest.mark.parametrize(
    "text", ["max(x,0.2*x)", "max(x,0)", "x*sigmoid(1.7*x)", "prelu", "F.relu6(x)", "where(x>0,x,exp(x)-1)", "x^2/(1+x^2)"]
)
def test_a_link_with_a_typed_activation_says_the_same_again(text):
    config = Config(activation=text)
    query = config.to_query()
    assert Config.from_query(query) == (config, [])
    assert lookup(config.activation) is lookup(text)
    if "^" not in text and "0)" not in text and text[0] in "mx":  # what could be typed before stays what it was, to the letter
        assert query == {"activation": text}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("tan(x)", "no finite value at x = π/2"),
        ("floor(x)", "it jumps"),
        ("hardshrink(x)", "it jumps"),
        ("step(x)", "it jumps at 0"),
        ("snake(x)", "write x + sin(x)**2"),
        ("softshrink(x)", "write x - clip(x, -0.5, 0.5)"),
        ("lambda x: max(0, x)", "write only what follows the colon"),
    ],
)
def test_a_function_that_is_none_here_says_why_and_no_other_name_is_guessed(written, said):
    with pytest.raises(ExpressionError, match=re.escape(said)) as refusal:
        typed_activation(written)
    assert "did you mean" not in str(refusal.value)


@pytest.mark.parametrize(
    ("written", "known"), [("lrelu(x)", "leaky_relu"), ("gelu_new(x)", "gelu_tanh"), ("tf.keras.activations.elu(x)", "elu")]
)
def test_names_of_other_libraries_are_known(written, known):
    assert typed_activation(written).name == known
