"""Order and chaos, and the gain lab, without a browser: what they say, at every activation and at the edges."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from propagation import ACTIVATIONS
from propagation.theory.phases import critical_weight_variance
from tests.patience import PATIENCE
from ui.shown import charts


def phase_page() -> None:
    from propagation.ui.pages import phase
    from propagation.ui.widgets import controls

    phase.render(controls.draw())


def gains_page() -> None:
    from propagation.ui.pages import gains
    from propagation.ui.widgets import controls

    gains.render(controls.draw())


def opened(page, **query: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=PATIENCE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    return app


def words(app: AppTest) -> str:
    """What the page says, without the backslashes that keep Markdown from reading a formula as markup."""
    return "\n".join(element.value for element in (*app.header, *app.markdown, *app.caption)).replace("\\", "")


def test_the_symbols_of_the_phase_page_are_explained_on_it():
    numbers, *folded = [element.value for element in opened(phase_page).markdown if "c*" in element.value.replace("\\", "")]
    for symbol in ("χ₁", "q*", "c*", "$ξ_c$"):
        assert symbol in numbers.replace("\\", "") and f"**{symbol}" in folded[0].replace("\\", ""), symbol


@pytest.mark.slow
@pytest.mark.parametrize("activation", [*ACTIVATIONS, "x*sigmoid(1.7*x)"])
def test_every_activation_has_its_plane_and_its_gains(activation):
    plane = opened(phase_page, activation=activation)
    assert charts(plane)
    lab = opened(gains_page, activation=activation)
    assert len(charts(lab)) == 2 and lab.button(key="use_forward")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            {"weight_variance": "1.3"},
            ("Ordered", "c* = 1: inputs can be told apart for about 6 $ξ_c$ = **47 layers**", "critical at $σ_w²$ = 1.76"),
        ),
        (
            {"weight_variance": "2.5"},
            ("Chaotic: gradients explode, and inputs that were alike part", "similar inputs look similar for about"),
        ),
        (
            {"activation": "relu", "weight_variance": "2", "bias_variance": "0"},
            ("Critical", "$ξ_c$ = ∞: theory sets no limit to the depth"),
        ),
        ({"activation": "relu", "weight_variance": "3"}, ("Chaotic: gradients explode, and so does the signal", "q* = ∞")),
        (
            {"weight_variance": "0", "bias_variance": "0"},
            ("Ordered: gradients vanish, and so does the signal", "q* = 0", "no correlation is defined"),
        ),
        ({"activation": "softplus"}, ("no critical point",)),
        ({"activation": "sigmoid"}, ("critical at $σ_w²$ = 103.",)),
        ({"activation": "tanh(x/4000)", "bias_variance": "0"}, ("1.6 × 10⁷", "beyond what the slider reaches")),
        ({"activation": "linear", "weight_variance": "1", "bias_variance": "0"}, ("keeps every correlation",)),
    ],
)
def test_the_page_says_where_the_visitor_stands(query, said):
    text = words(opened(phase_page, **query))
    assert all(part in text for part in said), text


def test_a_rule_sets_the_slider():
    app = opened(gains_page, activation="tanh", bias_variance="0.05")
    app.button(key="use_critical").click().run()
    assert app.select_slider(key="weight_variance").value == pytest.approx(critical_weight_variance("tanh", 0.05))


def test_a_rule_without_a_number_says_why():
    text = words(opened(gains_page, activation="softplus"))
    assert "PyTorch has no gain for this activation" in text and "no choice of $σ_w²$ is critical" in text


@pytest.mark.parametrize(
    ("query", "said", "code"),
    [
        (
            {"activation": "relu"},
            ("use He's rule, $σ_w²$ = 2", "five of them say 2", "grows by $σ_b²$ = 0.05 a layer"),
            'nonlinearity="relu"',
        ),
        ({"activation": "max(x,0.2*x)", "bias_variance": "0"}, ("leaky ReLU (0.2): use", "gain 1.39", "1.92"), "a=0.2"),
        ({}, ("tanh: use $σ_w²$ = 1.76 and biases of variance 0.05", "as a gain 1.33", "0.0586 for a weight with 512 inputs"), "1.760955"),
        (
            {"activation": "relu", "layer_sizes": "784-300-100-10"},
            ("for a layer with n inputs: 0.0505 for 784, 0.141 for 100.", "The gradient keeps its length.", "In 3 layers"),
            "kaiming",
        ),
        ({"activation": "gelu", "framework": "keras"}, ("no stable critical point",), "VarianceScaling"),
        ({"framework": "flax", "depth": "10"}, ("In 10 layers",), "nn.initializers.variance_scaling(1.760955"),
        ({"activation": "sigmoid", "framework": "numpy"}, ("not for deep networks", "Your network has 50"), "rng.normal"),
    ],
)
def test_one_recommendation_comes_first(query, said, code):
    app = opened(gains_page, **query)
    text = words(app).replace("*", "")
    assert all(part in text for part in said), text
    assert code in app.code[0].value


def test_the_recommendation_can_be_used():
    app = opened(gains_page, activation="relu", scheme="pytorch")
    app.button(key="use_recommendation").click().run()
    assert (app.select_slider(key="weight_variance").value, app.slider(key="bias_variance").value) == (2, 0)
    assert "would make the signal grow" not in words(app)


@pytest.mark.parametrize("formula", ["relu(x)**2", "max(x, 0)^2"])
def test_a_formula_that_grows_too_fast_has_gains_of_one_layer_which_a_link_keeps(formula):
    app = opened(gains_page, activation="erf")
    app.text_input(key="formula").input(formula).run()
    assert not app.warning and "^" not in "".join(code.value for code in app.code), "one answer, not a refusal above it too"
    for each in (app, opened(gains_page, activation="erf", one_layer=formula)):
        text = words(each)
        assert (
            "grows faster than a straight line" in text
            and "has no stable size" in text
            and "**$σ_w²$ = 0.667**" in text
            and "**$σ_w²$ = 0.5**" in text
        )
        assert "The rest of this page is about erf" in text
    app.text_input(key="formula").input("x * sigmoid(x)").run()
    assert "no stable size" not in words(app) and "one_layer" not in app.query_params


@pytest.mark.parametrize("text", ["x.__class__", "exp(x**2)", "x**2" * 99, "relu(x)", "<b>"])
def test_a_link_with_another_formula_for_one_layer_loses_nothing(text):
    app = opened(gains_page, activation="erf", one_layer=text)
    assert "erf: use $σ_w²$ = " in words(app)


@pytest.mark.parametrize("activation", ["max(x-1,0)", "max(x-1e4,0)"])
def test_an_activation_that_no_rule_is_right_for_has_no_advice(activation):
    app = opened(gains_page, activation=activation)
    assert not app.exception and "no rule keeps its signal at a size" in words(app) and "q* = ∞" not in words(app).split("All rules")[0]
    assert app.button(key="use_recommendation").disabled


def test_a_formula_becomes_the_activation_everywhere():
    app = opened(gains_page)
    app.text_input(key="formula").input("z * sigmoid(1.7 * z)").run()
    assert not app.warning and not app.exception
    assert app.selectbox(key="activation").value == "x*sigmoid(1.7*x)"
    assert app.query_params["activation"] in ("x*sigmoid(1.7*x)", ["x*sigmoid(1.7*x)"])


@pytest.mark.parametrize("text", ["x.__class__", "__import__('os')", "9**9**9", "log(x)", "(" * 150, "tanh(x"])
def test_a_formula_that_is_not_allowed_keeps_the_experiment_and_marks_the_spot(text):
    app = opened(gains_page, activation="erf")
    app.text_input(key="formula").input(text).run()
    assert not app.exception
    assert "cannot be used" in app.warning[0].value and "^" in app.code[0].value
    assert app.selectbox(key="activation").value == "erf"


GELU = {"activation": "gelu", "weight_variance": "1", "bias_variance": "0"}
TOKENS = {"architecture": "transformer", "normalization": "layer", "tokens": "8", "heads": "8", "width": "64", "inputs": "2"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (GELU | {"architecture": "residual"}, ("Gradients grow: × 1.5", "the mean over 50", "two independent inputs have 1 − c")),
        (GELU | {"architecture": "residual", "normalization": "layer"}, ("like a power of depth, L to the power 1.07", "× 2.1** as large")),
        (GELU | {"normalization": "layer"}, ("Chaotic: gradients explode, × 1.07 a layer", "E[δ²]")),
        (GELU | {"architecture": "residual", "branch_rule": "sqrt"}, ("All 50 blocks together multiply gradients by × 1.58",)),
        (GELU | TOKENS | {"norm_position": "post"}, ("Tokens merge", "lambda_a$ = **−0.672**", "Cowsik et al. 2024")),
        (GELU | TOKENS, ("all goes by powers of depth", "to the power **−0.68**")),
    ],
)
def test_a_network_of_blocks_has_its_own_plane(query, said):
    app = opened(phase_page, **query)
    text = words(app)
    assert all(part in text for part in said) and "Colour" in text, text
    assert len(charts(app)) == 1 and not app.info and "are left out" not in text


@pytest.mark.parametrize("plane", ["gradients", "apart"])
def test_its_colour_can_be_chosen(plane):
    app = opened(phase_page, plane=plane, architecture="residual")
    assert ("1 − c of two inputs" in words(app).split("Click anywhere")[0]) == (plane == "apart")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"normalization": "batch", "inputs": "32", "activation": "relu"}, "every layer multiplies gradients by **× 1.52**"),
        ({"architecture": "residual", "branch_rule": "zero"}, "begins as the identity"),
        ({"architecture": "residual", "block_order": "post_activation"}, "not Gaussian"),
        (TOKENS | {"causal": "1"}, "causal mask"),
        ({"architecture": "residual", "scheme": "lsuv"}, "looks at the data"),
    ],
)
def test_where_it_has_none_the_page_says_why_and_shows_that_of_its_plain_network(query, reason):
    app = opened(phase_page, **query)
    assert reason in app.info[0].value and len(charts(app)) == 3
    assert "are left out" in words(app)


def test_a_plain_network_has_its_three_charts_and_no_excuse():
    app = opened(phase_page)
    assert not app.info and len(charts(app)) == 3
