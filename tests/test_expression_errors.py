"""Typed activations: whatever a visitor types is read, or refused with the spot marked; nothing hangs, nothing is run."""

import string
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propagation.activations import ACTIVATIONS
from propagation.expressions import ExpressionError, typed_activation
from propagation.expressions.dual import FUNCTIONS


@pytest.mark.parametrize(
    "text, position, part",
    [
        ("", 0, "no formula"),
        ("   ", 0, "no formula"),
        ("x.real", 1, "a dot"),
        ("x.__class__", 1, "a dot"),
        ("foo(x)", 0, "name foo is unknown"),
        ("1 + tnh(x)", 4, "did you mean tanh?"),
        ("Rellu(x)", 0, "did you mean relu?"),
        ("nn.LeakyReLU(0.2)", 0, "write leaky_relu(x, 0.2)"),
        ("leaky_relu(0.25)", 0, "write leaky_relu(x, 0.25)"),
        ("PReLU(0.3)", 0, "write leaky_relu(x, 0.3)"),
        ("LeakyReLU(negative_slope=0.2)", 10, "without their names, as in leaky_relu(x, 0.2)"),
        ("π*x", 0, "write pi"),
        ("x if x > 0 else 0", 2, "where(x > 0, x, 0)"),
        ("swosh(x)", 0, "did you mean swish?"),
        ("mich(x)", 0, "known are x"),
        ("celu(x, 2)", 0, "write elu(x)"),
        ("x * softmax(x)", 4, "mixes the neurons"),
        ("hardsigmoid(x)", 0, "write clip(x / 6 + 0.5, 0, 1)"),
        ("scipy.tanh(x)", 0, "scipy. is no prefix"),
        ("1 + torch.foo(x)", 10, "name foo is unknown"),
        ("np.x", 3, "name x is unknown"),
        ("torch.nn.functional.tanh * x", 0, "write tanh(x)"),
        ("np.maximum(x)", 0, "2 arguments are needed, as in max(x, 0)"),
        ("relu6 * x", 0, "write relu6(x)"),
        ("1 + leaky_relu(x, x)", 18, "second argument of leaky_relu is a plain number"),
        ("elu(x, 1, 2)", 10, "1 or 2 arguments are needed"),
        ("F.leaky_relu(x, 1e9)", 16, "up to 1000000"),
        ("__import__(x)", 0, "unknown"),
        ("eval(x)", 0, "unknown"),
        ("x * y", 4, "name y is unknown"),
        ("x + z", 4, "called x before"),
        ("2*z + x", 6, "called z before"),
        ("tanh * x", 0, "write tanh(x)"),
        ("x(3)", 1, "x is no function"),
        ("2x", 1, "operator is missing between 2 and x"),
        ("x 2", 2, "operator is missing"),
        ("tanh(x)(x)", 7, "operator is missing"),
        ("y = x", 0, "name y is unknown"),
        ("x = 1", 2, "right-hand side"),
        ("tanh(x=1)", 6, "without their names"),
        ("leaky_relu(x, negative_slope=0.2)", 14, "without their names, as in leaky_relu(x, 0.2)"),
        ("lambda x: x", 0, "not known here"),
        ("x if x else 1", 2, "where(x > 0, x, 0)"),
        ("x < 1", 0, "jumps at z = 1"),
        ("1 + (x > 0.3)", 5, "jumps at z = 0.3"),
        ("where(x > 0, 1, 0)", 6, "jumps at z = 0"),
        ("where(x > 2, x, 0)", 6, "jumps at z = 2"),
        ("x + where(x * x > 0, x, 5)", 10, "jumps at z = 0"),
        ("0 < x < 1", 6, "one comparison at a time"),
        ("where(x > -1, 1/x, x)", 16, "divides by 0 at z = 0"),
        ("where(x > 0, sin(x - 0.3)/(x - 0.3), sin(0.3)/0.3)", 27, "divides by 0 at z = 0.3"),
        ("where(x, x, 0)", 6, "where needs a comparison first, as in where(x > 0, x, 0)"),
        ("x + where(x > 0, x)", 4, "3 arguments are needed"),
        ("where(2 > 1, x, 0)", 6, "does not depend on x"),
        ("x == 1", 2, "right-hand side"),
        ("x[0]", 1, "[ is not allowed"),
        ("'x'", 0, "' is not allowed"),
        ('x + "a" * 3', 4, '" is not allowed'),
        ("x^2", 0, "faster than a straight line"),
        ("x²", 1, "**"),
        ("1 + x^x", 6, "plain number"),
        ("x ^^ 2", 3, "missing or misplaced"),
        ("x ^ 9", 4, "from -8 to 8"),
        ("x // 2", 2, "one /"),
        ("x % 2", 2, "% is not allowed"),
        ("x # hidden", 2, "# is not allowed"),
        ("1j * x", 1, "name j is unknown"),
        ("x\x00", 1, "code 0"),
        ("x\n+1", 1, "code 10"),
        ("ｘ + 1", 0, "ｘ is not allowed"),
        ("x − 1", 2, "a minus is written -"),
        ("((x)", 0, "never closed"),
        ("x)", 1, "closes nothing"),
        ("x + ", 4, "missing or misplaced"),
        ("x, x", 1, "a comma stands only between"),
        ("(tanh(x) , 2)", 9, "a comma stands only between"),
        ("max(*x, x)", 4, "and not this"),
        ("max(**x)", 4, "and not this"),
        ("tanh(x, x)", 8, "1 argument is needed"),
        ("1 + max(x)", 4, "2 arguments are needed, as in max(x, 0)"),
        ("1e7 * x", 0, "up to 1000000"),
        ("x + 1e999", 4, "up to 1000000"),
        ("9**9**9", 6, "from -8 to 8"),
        ("x**9", 3, "from -8 to 8"),
        ("x**x", 3, "plain number"),
        ("clip(x, 1, -1)", 8, "smaller one first"),
        ("clip(x, 1, x)", 11, "smaller one first"),
        ("max(x, 1, 2)", 10, "2 arguments are needed"),
        ("x + log(-1)", 4, "no value"),
        ("x * (1 / 0)", 5, "no value"),
        ("x + (-8)**(1/3)", 4, "no value"),
        ("1 / x", 4, "divides by 0 at z = 0"),
        ("x + 1 / (x - 0.3)", 9, "divides by 0 at z = 0.3"),
        ("1 / (1 - x**2)", 5, "divides by 0 at z = -1"),
        ("x**-2", 0, "divides by 0 at z = 0"),
        ("log(x)", 0, "no finite value at z = 0"),
        ("1 + sqrt(x - 2)", 4, "no finite value at z = 0"),
        ("relu(x)**0.5", 0, "no finite slope at z = 0"),
        ("sqrt(x * x)", 0, "no finite slope at z = 0"),
        ("tanh(sqrt(abs(x - 0.3)))", 5, "slope exceeds 1000000 near z = 0.3"),
        ("1 / (x - 0.3)**2", 4, "divides by 0 at z = 0.3"),
        ("1 / abs(abs(x) - 7.1)", 4, "divides by 0 at z = -7.1"),
        ("x**2", 0, "faster than a straight line"),
        ("tanh(x) + x**2", 10, "faster than a straight line"),
        ("1 + relu(x) * x", 4, "faster than a straight line"),
        ("tanh(x**2) + max(x, x**2)", 20, "faster than a straight line"),
        ("tanh(x) + 3*exp(x)", 12, "grows exponentially"),
        ("1/(1+exp(-x)) + exp(x)", 16, "grows exponentially"),
        ("where(x > 0, x, exp(-x))", 16, "grows exponentially"),
        ("tanh(x) + (1 + x**2)**0.4", 10, "no straight line"),
        ("exp(x)", 0, "grows exponentially"),
        ("x * exp(-x)", 4, "grows exponentially"),
        ("x * log(1 + x**2)", 0, "faster than a straight line"),
        ("(1 + x**2)**0.4", 0, "no straight line"),
        ("x * cos(log(1 + x**2))", 0, "no straight line"),
        ("sin(x**2)", 4, "slope exceeds"),
        ("log(2 + exp(x))", 8, "softplus"),
        ("abs(sin(x))", 0, "more than 8 kinks"),
        ("3", 0, "does not change with x"),
        ("x - x", 0, "does not change with x"),
        ("x * 0", 0, "does not change with x"),
        (" + ".join(["x"] * 40), 0, "nested more than 30 deep"),
        ("+".join(["x"] * 60), 82, "119 numbers"),
        ("(" * 31 + "x" + ")" * 31, 30, "nested more than 30 deep"),
        ("-" * 199 + "x", 100, "200 numbers"),
        ("x" * 10_000, 200, "10000 characters long"),
        ("(" * 10_000, 200, "10000 characters long"),
        ("1e6+" * 29 + "x", 0, "standard form is 233 characters long"),
    ],
)
def test_refusals_mark_the_spot(text, position, part):
    with pytest.raises(ExpressionError) as caught:
        typed_activation(text)
    error = caught.value
    assert isinstance(error, ValueError)
    assert error.position == position
    assert part in error.sentence
    assert str(error).startswith("activation = '")
    assert "\n" not in str(error) and len(str(error)) < 400
    shown, caret = error.marker.split("\n")
    assert caret.strip() == "^" and len(shown) <= 62
    column = caret.index("^")
    assert shown[column : column + 1] in ("", "\N{REPLACEMENT CHARACTER}", text[position : position + 1])


@pytest.mark.parametrize("value", [None, 3, 1.5, ["x"], {"x": 1}, b"x"])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(ExpressionError, match="is a text"):
        typed_activation(value)


def check(text: str) -> None:
    """Read a text: an activation that its own name gives again, or an ExpressionError, within a second of work."""
    start = time.process_time()
    try:
        typed = typed_activation(text)
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)
        assert error.marker.count("\n") == 1
    else:
        assert typed_activation(typed.name) is typed
        assert typed.latex.count("{") == typed.latex.count("}")
        z = np.array([-(2.0**45), -3.3, -1e-12, 0, 0.7, 2.0**45])
        assert all(np.isfinite(values).all() for values in typed.evaluate(z))
    assert time.process_time() - start < 1


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | st.text(alphabet=string.printable, max_size=60))
def test_any_text_is_read_or_refused(text):
    check(text)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*FUNCTIONS, *"xxxze()()()+-*/,><", "**", "^", ">=", "swish", "F.", "np.", "pi", "2", "0.5", "1e6", "-", " "]),
        max_size=24,
    ).map("".join)
)
def test_any_row_of_tokens_is_read_or_refused(text):
    check(text)


def formulas() -> st.SearchStrategy[str]:
    """Formulas that the grammar allows, with more parentheses than needed."""
    atoms = st.sampled_from(["x", "x", "x", "pi", "0.5", "2", "1e-7", "300"])

    def larger(inner):
        called = st.sampled_from([name for name in FUNCTIONS if 1 in FUNCTIONS[name].counts])
        return (
            st.tuples(called, inner).map(lambda parts: f"{parts[0]}({parts[1]})")
            | st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({parts[0]}){parts[1]}({parts[2]})")
            | st.tuples(inner, st.sampled_from(["2", "3", "-1", "0.5", "-2.5"])).map(lambda parts: f"({parts[0]})**{parts[1]}")
            | st.tuples(st.sampled_from(["max", "min"]), inner, inner).map(lambda parts: f"{parts[0]}({parts[1]},{parts[2]})")
            | inner.map(lambda part: f"-({part})")
            | inner.map(lambda part: f"clip({part},-2,3)")
            | inner.map(lambda part: f"elu({part},0.5)")
            | inner.map(lambda part: f"leaky_relu({part},0.25)")
            | st.tuples(inner, inner, inner).map(lambda parts: f"where({parts[0]} > {parts[1]},{parts[2]},{parts[0]})")
        )

    return st.recursive(atoms, larger, max_leaves=8)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(formulas())
def test_formulas_keep_their_meaning_under_their_name(text):
    check(text)
    try:
        typed = typed_activation(text)
    except ExpressionError:
        return
    z = np.array([-5.3, -0.2, 0.1, 2.9])
    names = {name: _plain(name) for name in FUNCTIONS}
    with np.errstate(all="ignore"):  # Python's own reading of the text, in a test only
        expected = eval(text, {"__builtins__": {}}, {**names, "x": z, "pi": np.pi})
    scale = max(1.0, np.abs(typed.phi(z)).max())
    np.testing.assert_allclose(typed.phi(z), expected, rtol=1e-9, atol=1e-9 * scale)


def _plain(name: str):
    """A function of a formula in plain numpy."""
    if name == "leaky_relu":
        return lambda z, leak=0.01: np.where(z > 0, z, leak * np.asarray(z))
    if name == "elu":
        return lambda z, alpha=1.0: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))
    if name in ACTIVATIONS:
        return lambda z: ACTIVATIONS[name].phi(np.asarray(z, dtype=float))
    return {"max": np.maximum, "min": np.minimum}.get(name) or getattr(np, name)
