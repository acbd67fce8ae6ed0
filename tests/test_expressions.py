"""Typed activations: the same numbers as known ones, and what theory and engine are told about them."""

import numpy as np
import pytest

from propagation.activations import ACTIVATIONS
from propagation.expressions import ExpressionError, lookup, typed_activation
from propagation.expressions.dual import FUNCTIONS
from propagation.expressions.grammar import parse
from propagation.expressions.latex import latex_of
from propagation.expressions.panels import ORDER

BY_HAND = {
    "linear": "x * 1",
    "relu": "max(x, 0)",
    "leaky_relu": "max(x, 0.01 * x)",
    "elu": "max(x, 0) + exp(min(x, 0)) - 1",
    "gelu": "0.5 * x * (1 + erf(x / sqrt(2)))",
    "gelu_tanh": "0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))",
    "silu": "x * sigmoid(x)",
    "mish": "x * tanh(log(1 + exp(x)))",
    "softplus": "log(exp(x) + 1)",
    "sigmoid": "1 / (1 + exp(-x))",
    "tanh": "(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
    "hard_tanh": "min(1, max(-1, x))",
    "softsign": "x / (1 + abs(x))",
    "sin": "cos(x - pi / 2)",
    "hard_swish": "x * clip(x + 3, 0, 6) / 6",
}
SMOOTH = (
    "x * sigmoid(1.7 * x)",
    "tanh(3 * x) / 3",
    "sqrt(1 + x**2) - 1",
    "x * exp(-x**2)",
    "(1 + x**2)**-0.5",
    "(2 + sin(x))**1.5",
    "log(2 + cos(3 * x)) / (1 + x**4)",
    "e**2 * arctan(x / pi) - softplus(-x)",
    "erf(x) * gelu(x - 1) / (1 + abs(x**2))",
    "max(mish(x), silu(x) - 0.5)",
    "-(-x) + +x - clip(x, -3.3, 2.2)",
)


def points(farthest: float = 40.0) -> np.ndarray:
    """Irregular points on both sides of 0, none on a kink."""
    size = np.concatenate((np.geomspace(1e-9, 0.99, 200), np.linspace(1.0003, farthest, 3000)))
    return np.concatenate((-size[::-1], size))


@pytest.mark.parametrize("name", BY_HAND)
def test_known_activations_written_by_hand_are_the_same(name):
    known, typed = ACTIVATIONS[name], typed_activation(BY_HAND[name])
    z = points()
    for ours, theirs in zip(typed.evaluate(z), known.evaluate(z), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-14 * max(1, np.abs(theirs).max()))
    np.testing.assert_array_equal(typed.phi(z), typed.evaluate(z)[0])
    np.testing.assert_array_equal(typed.dphi(z), typed.evaluate(z)[1])
    np.testing.assert_allclose(typed.slopes_at_zero, known.slopes_at_zero, rtol=1e-14)
    assert typed.slopes_at_infinity == known.slopes_at_infinity
    assert (typed.homogeneous, typed.bounded) == (known.homogeneous, known.bounded)
    assert typed.phi_zero == pytest.approx(known.phi_zero, abs=1e-15)
    assert (typed.kinks, typed.corners) == (known.kinks, known.corners)
    np.testing.assert_allclose(typed.second_derivative(z), known.second_derivative(z), atol=1e-9)


def test_silu_is_silu():
    z = points(700.0)
    for ours, theirs in zip(typed_activation("x * sigmoid(x)").evaluate(z), ACTIVATIONS["silu"].evaluate(z), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("text", SMOOTH)
def test_slopes_are_finite_differences(text):
    typed = typed_activation(text)
    z, step = points(8.0), 1e-3
    z = z[np.all(np.abs(z[:, None] - np.array([99.0, *typed.kinks])) > 3 * step, axis=1)]
    weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    difference = sum(weight * (typed.phi(z + k * step) - typed.phi(z - k * step)) for k, weight in weights.items()) / step
    np.testing.assert_allclose(typed.dphi(z), difference, rtol=0, atol=1e-10 * max(1, np.abs(difference).max()))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_can_be_called(name):
    usage = FUNCTIONS[name].usage.replace("exp(x)", "exp(-x**2)").replace("log(x)", "log(1 + x**2)").replace("sqrt(x)", "sqrt(1 + x**2)")
    typed = typed_activation(f"0.7 * {usage}")
    z = np.array([-2.1, -0.4, 0.3, 1.7])
    difference = (typed.phi(z + 1e-6) - typed.phi(z - 1e-6)) / 2e-6
    np.testing.assert_allclose(typed.dphi(z), difference, atol=1e-8)


@pytest.mark.parametrize("text", [*BY_HAND.values(), *SMOOTH])
def test_no_size_of_signal_is_too_much(text):
    typed = typed_activation(text)
    size = np.concatenate(([0.0], 2.0 ** np.arange(-300, 46)))
    for values in typed.evaluate(np.stack((-size, size))):
        assert values.shape == (2, size.size)
        assert np.isfinite(values).all()


def test_arrays_keep_their_shape_and_are_left_alone():
    typed = typed_activation("x + 0")
    z = np.arange(24.0).reshape(2, 3, 4)
    value, slope = typed.evaluate(z)
    value[:], slope[:] = 7, 7  # not views
    assert z[1, 2, 3] == 23
    assert typed.phi(np.zeros((0, 5))).shape == (0, 5)
    assert typed.phi(2.0) == 2
    long = np.linspace(-3, 3, 50_000)
    np.testing.assert_array_equal(typed_activation("x*arctan(x)").phi(long), long * np.arctan(long))


@pytest.mark.parametrize(
    "text, kinks",
    [
        ("x * sigmoid(1.7 * x)", ()),
        ("relu(3 * x - 1)", (1 / 3,)),
        ("hard_swish(2 * x)", (-1.5, 1.5)),
        ("abs(abs(x - 1) - 0.001)", (0.999, 1.0, 1.001)),
        ("max(tanh(x), 0.5)", (np.arctanh(0.5),)),
        ("clip(x / 1000, -1, 2)", (-1000.0, 2000.0)),
        ("max(relu(x), 0)", (0.0,)),
        ("max(x, x)", ()),
        ("abs(x * x) / (1 + x * x)", ()),
        ("relu(x - 123456)", (123456.0,)),
        ("where(tanh(x) > 0.5, tanh(x), 0.5)", (np.arctanh(0.5),)),
        ("leaky_relu(x - 2, 0.3)", (2.0,)),
    ],
)
def test_kinks(text, kinks):
    np.testing.assert_allclose(typed_activation(text).kinks, kinks, rtol=1e-12)


@pytest.mark.parametrize(
    "text, zero, at_zero, at_infinity, homogeneous",
    [
        ("x", 0, (1, 1), (1, 1), True),
        ("-pi * x", 0, (-np.pi, -np.pi), (-np.pi, -np.pi), True),
        ("abs(x)", 0, (-1, 1), (-1, 1), True),
        ("max(x, x / 3)", 0, (1 / 3, 1), (1 / 3, 1), True),
        ("cos(x) - 1", 0, (0, 0), (0, 0), False),
        ("x**2 / (1 + x**2)", 0, (0, 0), (0, 0), False),
        ("x + x**3 / (1 + x**4)", 0, (1, 1), (1, 1), False),
        ("x + sin(x)", 0, (2, 2), (1, 1), False),
        ("sqrt(4 + x**2)", 2, (0, 0), (-1, 1), False),
        ("log(1 + abs(x))", 0, (-1, 1), (0, 0), False),
        ("relu(x) - 2 * relu(-x) + 5", 5, (2, 1), (2, 1), False),
        ("tanh(x) + 0.1 * x", 0, (1.1, 1.1), (0.1, 0.1), False),
        ("(1 + x**2)**0.25", 1, (0, 0), (0, 0), False),
    ],
)
def test_behaviour_at_zero_and_far_out(text, zero, at_zero, at_infinity, homogeneous):
    typed = typed_activation(text)
    assert typed.phi_zero == zero
    assert typed.slopes_at_zero == pytest.approx(at_zero, rel=1e-15)
    assert typed.slopes_at_infinity == pytest.approx(at_infinity, rel=1e-9)
    assert typed.homogeneous is homogeneous
    assert not np.signbit([typed.phi_zero, *(slope for slope in typed.slopes_at_infinity if slope == 0)]).any()


def test_one_formula_is_one_object_with_one_name():
    typed = typed_activation("x * sigmoid(1.7 * x)")
    assert typed.name == typed.label == "x*sigmoid(1.7*x)"
    assert typed.latex == r"\varphi(z) = z\,\sigma\left(1.7\,z\right)"
    for text in ("x*sigmoid(1.7*x)", "  z*sigmoid( 1.70*z )", "(x)*sigmoid((1.7*x))", "+x*sigmoid(17e-1*x)"):
        assert typed_activation(text) is typed
    assert typed_activation("x*sigmoid(1.8*x)") is not typed
    assert typed_activation("tanh( z )") is typed_activation("tanh") is ACTIVATIONS["tanh"]
    assert typed_activation("x**2.0/(1+x**2)").name == "x**2/(1+x**2)"


@pytest.mark.parametrize(
    "text, latex",
    [
        ("x - (x - 1)", r"z - \left(z - 1\right)"),
        ("-(x + 1) * -x", r"-\left(z + 1\right)\,\left(-z\right)"),
        ("(x / 2)**3 / (1 + x**2)**1.5", r"\frac{\left(\frac{z}{2}\right)^{3}}{\left(1 + z^{2}\right)^{1.5}}"),
        ("exp(-x**2) * abs(x)", r"e^{-z^{2}}\,\left|z\right|"),
        ("1e-7 * x * 2", r"10^{-7}\,z \cdot 2"),
        ("leaky_relu(2 * x) + sqrt(1 + x**2)", r"\operatorname{leaky\_relu}\left(2\,z\right) + \sqrt{1 + z^{2}}"),
        ("max(x, 0.5 * pi)", r"\max\left(z, 0.5\,\pi\right)"),
        ("2 * where(x >= 1, x, 1)", r"2\,\left(\begin{cases} z & z \ge 1 \\ 1 & \text{else} \end{cases}\right)"),
        ("(x > 0) * x", r"\left[z > 0\right]\,z"),
    ],
)
def test_latex(text, latex):
    assert latex_of(parse(text)) == latex


def second_moments(typed, q: float, edges: np.ndarray) -> np.ndarray:
    """E[φ²] and E[φ′²] at variance q by a composite Gauss rule with these panel edges on both sides."""
    nodes, weights = np.polynomial.legendre.leggauss(ORDER)
    half = np.diff(edges)[:, None] / 2
    z = edges[:-1, None] + half + half * nodes
    density = half * weights * np.exp(-z * z / (2 * q)) / np.sqrt(2 * np.pi * q)
    return sum(np.array([np.sum(density * values**2) for values in typed.evaluate(side)]) for side in (z, -z))


@pytest.mark.parametrize("text", ["tanh(20*x)", "tanh(1000*x)", "tanh(x-9)", "1/(1+(10*(x-1))**2)", "x+0.2*tanh(50*x)", "sin(3*x)"])
def test_breakpoints_make_quadrature_exact(text):
    typed = typed_activation(text)
    plain = np.concatenate(([0, 0.3033, 0.6065, 1.213, 2.426], np.arange(4.852, 34, 4)))
    exact = np.unique(np.concatenate((np.linspace(0, 32, 2001), np.geomspace(1e-6, 0.5, 400))))
    for q in (0.3, 1.0, 9.0):
        truth = second_moments(typed, q, exact)
        split = second_moments(typed, q, np.union1d(plain, typed.breakpoints))
        np.testing.assert_allclose(split, truth, rtol=2e-12, atol=1e-20)
    if text not in ("tanh(x-9)", "sin(3*x)"):
        assert np.abs(second_moments(typed, 9.0, plain) / truth - 1).max() > 1e-8  # without them it is not


@pytest.mark.parametrize("text", ["x * sigmoid(1.7 * x)", *(BY_HAND[name] for name in BY_HAND if name != "sin")])
def test_ordinary_formulas_need_no_breakpoints(text):
    assert typed_activation(text).breakpoints == ()


def test_lookup_knows_names_and_formulas():
    assert lookup("gelu") is ACTIVATIONS["gelu"]
    assert lookup(" tanh(z)") is ACTIVATIONS["tanh"]
    for text in ("x", "z*1", "2*x", "x*sigmoid(1.7*x)"):
        assert lookup(text) is typed_activation(text)
    for unknown in ("RuLU", "", None, ["relu"], 3, "no such", "<script>", "3", "maximum", "exp", "x" * 10_000):
        with pytest.raises(ValueError, match=r"activation = .* is unknown; choose one of linear, relu") as error:
            lookup(unknown)
        assert len(str(error.value)) < 300
    for wrong in ("2x", "foo(1)", "x.real", "x" * 200 + "(x)"):
        with pytest.raises(ExpressionError):
            lookup(wrong)


@pytest.mark.parametrize(
    ("formula", "by_hand"),
    [
        ("1/(1+x**8)**8", lambda z: (1 + z**8) ** -8.0),
        ("x/(1+x**4)**8", lambda z: z * (1 + z**4) ** -8.0),
        ("1/(1+(1+x**8)**8)+x", lambda z: z + 1 / (1 + (1 + z**8) ** 8)),
        ("((1+x**8)**8)**-0.5", lambda z: (1 + z**8) ** -4.0),
        ("exp(-(1+x**8)**8)", lambda z: np.exp(-((1 + z**8) ** 8))),
        ("tanh((1+x**8)**8)", lambda z: np.tanh((1 + z**8) ** 8)),
    ],
)
def test_what_is_infinite_far_out_is_no_pole(formula, by_hand):
    phi, z = lookup(formula), np.linspace(-3, 3, 61)
    np.testing.assert_allclose(phi.phi(z), by_hand(z), rtol=1e-12, atol=1e-100)
    step = 1e-6
    np.testing.assert_allclose(phi.dphi(z), (by_hand(z + step) - by_hand(z - step)) / (2 * step), atol=1e-7)
    far = np.array([-1e13, -1e6, 1e6, 1e13])
    np.testing.assert_allclose(phi.dphi(far), 1.0 if formula.endswith("+x") else 0.0, atol=1e-30)


@pytest.mark.parametrize("formula", ["1/(1-x**8)**8", "1/((1+x**8)**8-1)", "1/(x**8)**8"])
def test_a_pole_beside_infinity_is_one(formula):
    with pytest.raises(ExpressionError, match="divides by 0"):
        lookup(formula)
