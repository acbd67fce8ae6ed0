"""Order and chaos, and the gain lab, as a person uses them."""

from __future__ import annotations

import re

import pytest

from tests.browser.streamlit_page import CODE, MAIN

WEIGHT_VARIANCE, BIAS_VARIANCE = "Weight variance σ_w²", "Bias variance σ_b²"


def test_clicking_the_plane_sets_both_sliders_and_the_address(visitor):
    visitor.open("phase")
    visitor.click_chart(3.0, 0.2)
    assert visitor.value(WEIGHT_VARIANCE) == pytest.approx(3.0)
    assert visitor.value(BIAS_VARIANCE) == pytest.approx(0.2)
    assert "weight_variance=3" in visitor.page.url and "bias_variance=0.2" in visitor.page.url
    assert visitor.page.locator(MAIN).get_by_text("Chaotic: gradients explode").count() == 1
    visitor.click_chart(1.0, 0.4)
    assert visitor.value(WEIGHT_VARIANCE) == pytest.approx(1.0)
    assert visitor.page.locator(MAIN).get_by_text("Ordered: gradients vanish").count() == 1


def test_the_experiment_goes_along_from_page_to_page(visitor):
    visitor.open("phase?activation=erf&weight_variance=2.5")
    visitor.page.get_by_text("Experiment", exact=True).click()
    visitor.page.get_by_role("menuitem", name="Explore").click()
    visitor.settle()
    assert visitor.value(WEIGHT_VARIANCE) == 2.5
    assert "activation=erf" in visitor.page.url
    for _ in range(3):
        visitor.page.go_back()
        visitor.settle()
        if "phase" in visitor.page.url:
            break
    assert "phase" in visitor.page.url and visitor.value(WEIGHT_VARIANCE) == 2.5


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?activation=softplus", "has no critical point"),
        ("?activation=tanh(x/4000)", "beyond what the slider reaches"),
        ("?activation=tanh&weight_variance=0&bias_variance=0", "the signal itself dies"),
        ("?activation=relu&weight_variance=3", "grows without end"),
    ],
)
def test_where_there_is_no_answer_the_page_says_so(visitor, query, words):
    visitor.open(f"phase{query}")
    assert visitor.page.get_by_text(words).count() >= 1
    assert visitor.page.get_by_text("could not be drawn").count() == 0


def test_a_typed_activation_works_everywhere_and_travels_in_the_link(visitor):
    visitor.open("gains")
    entry = visitor.page.get_by_role("textbox", name="Or type your own")
    entry.fill("x.__class__")
    entry.press("Enter")
    visitor.settle()
    assert visitor.page.get_by_text("This formula cannot be used").count() == 1
    assert "activation" not in visitor.page.url
    entry.fill("x * sigmoid(1.7 * x)")
    entry.press("Enter")
    visitor.settle()
    assert "activation=x%2Asigmoid%281.7%2Ax%29" in visitor.page.url or "activation=x*sigmoid(1.7*x)" in visitor.page.url
    visitor.open(visitor.page.url.split("gains", 1)[1])
    assert visitor.page.get_by_role("combobox", name="Activation").input_value() == "x*sigmoid(1.7*x)"
    assert visitor.page.get_by_text("could not be").count() == 0
    assert len(visitor.figure()["traces"]) > 6


def test_a_rule_of_the_gain_lab_can_be_used(visitor):
    visitor.open("gains?activation=gelu&bias_variance=0")
    assert visitor.page.locator(MAIN).get_by_text(re.compile(r"no choice of .* is critical", re.DOTALL)).count() == 1
    visitor.page.get_by_role("button", name="Use it", exact=True).first.click()
    visitor.settle()
    assert visitor.value(WEIGHT_VARIANCE) == pytest.approx(2.35)
    assert visitor.page.get_by_text("could not be drawn").count() == 0


def test_the_recommendation_names_the_lines_to_copy_and_the_link_keeps_the_framework(visitor):
    visitor.open("gains?activation=max(x,0.2*x)")
    page = visitor.page
    assert (
        page.get_by_role("heading", name=re.compile(r"leaky ReLU \(0\.2\): use He's rule .* = 1\.92, and biases of 0", re.DOTALL)).count()
        == 1
    )
    assert "kaiming_normal_(layer.weight, a=0.2)" in page.locator(CODE).inner_text()
    page.get_by_role("button", name="Keras").or_(page.get_by_role("radio", name="Keras")).first.click()
    visitor.settle()
    assert "framework=keras" in page.url
    assert "VarianceScaling(1.923077" in page.locator(CODE).inner_text()
    page.get_by_role("button", name="Use it in my experiment").click()
    visitor.settle()
    assert visitor.value(BIAS_VARIANCE) == 0 and "weight_variance=1.9230769" in page.url and "framework=keras" in page.url


def test_a_formula_for_one_layer_travels_in_the_link(visitor):
    visitor.open("gains")
    entry = visitor.page.get_by_role("textbox", name="Or type your own")
    entry.fill("relu(x)^2")
    entry.press("Enter")
    visitor.settle()
    assert "one_layer=" in visitor.page.url
    visitor.open("gains" + visitor.page.url.split("gains", 1)[1])
    assert visitor.page.locator(MAIN).get_by_text("has no stable size").count() == 1
    assert visitor.page.get_by_text("could not be").count() == 0
