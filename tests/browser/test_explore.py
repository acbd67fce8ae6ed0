"""Explore, as a person uses it: in a browser, with keys and links."""

from __future__ import annotations

import pytest

from tests.browser.streamlit_page import SIDEBAR

WEIGHT_VARIANCE = "Weight variance σ_w²"


def test_three_charts_are_drawn_with_dots_for_every_layer(visitor):
    visitor.open("?depth=30")
    figure = visitor.figure()
    dots = [trace for trace in figure["traces"] if trace["mode"] == "markers" and len(trace["y"]) == 30]
    assert len({trace["yaxis"] for trace in dots}) == 3
    assert visitor.console_errors == []


def test_a_slider_moves_the_chart_and_the_address(visitor):
    visitor.open()
    before = visitor.drawn()
    visitor.press(WEIGHT_VARIANCE, "ArrowRight", times=5)
    assert visitor.drawn() != before
    assert "weight_variance=1.55" in visitor.page.url
    assert visitor.console_errors == []


def test_choosing_a_scheme_moves_the_slider_and_moving_the_slider_makes_it_custom(visitor):
    visitor.open()
    visitor.choose("Initialization scheme", "He 2015")
    assert visitor.value(WEIGHT_VARIANCE) == 2
    assert "scheme=he" in visitor.page.url
    visitor.press(WEIGHT_VARIANCE, "ArrowLeft")
    assert visitor.value(WEIGHT_VARIANCE) == pytest.approx(1.99)
    assert "scheme" not in visitor.page.url


def test_a_copied_link_shows_the_same_picture_in_a_fresh_browser(visitor, browser, address):
    visitor.open("?activation=relu&scheme=he&depth=20&seed=7&width=128")
    visitor.press("Depth", "ArrowRight")
    elsewhere = browser.new_context(viewport={"width": 1440, "height": 1000})
    colleague = type(visitor)(elsewhere.new_page(), address)
    colleague.open(visitor.page.url.removeprefix(address).removeprefix("/"))
    assert colleague.drawn() == visitor.drawn()
    assert colleague.value("Depth") == visitor.value("Depth")
    elsewhere.close()


def test_back_undoes_a_move(visitor):
    visitor.open()
    before = visitor.drawn()
    visitor.press(WEIGHT_VARIANCE, "ArrowRight", times=3)
    assert visitor.drawn() != before
    while "weight_variance" in visitor.page.url:
        visitor.page.go_back()
        visitor.settle()
    assert visitor.value(WEIGHT_VARIANCE) == 1.5
    assert visitor.drawn() == before


@pytest.mark.parametrize(
    "query",
    [
        "?depth=1e9&activation=%3Cscript%3Ealert(1)%3C/script%3E&weight_variance=nan",
        "?width=1&width=2&seed=" + "9" * 3000,
        "?unknown=1&bias_variance=-3",
    ],
)
def test_a_broken_link_opens_with_defaults_and_says_so(visitor, query):
    dialogs = []
    visitor.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    visitor.open(query)
    assert visitor.page.get_by_text("could not be read").count() == 1
    assert visitor.value("Depth") == 50
    assert dialogs == []


def test_a_request_too_large_is_refused_with_what_to_lower(visitor):
    visitor.page.goto(f"{visitor.address}/?width=1000000&depth=2000&inputs=1024&trials=64")
    refusal = visitor.page.get_by_role("alert").first
    refusal.wait_for()
    text = refusal.inner_text().lower()
    assert "width" in text or "inputs" in text or "depth" in text
    assert visitor.page.locator(".js-plotly-plot").count() == 0


def test_on_a_phone_the_picture_comes_first_and_nothing_runs_off_the_side(phone):
    phone.open()
    assert phone.page.evaluate("document.scrollingElement.scrollWidth") <= 390
    top = phone.page.locator(".js-plotly-plot").bounding_box()["y"]
    assert top < phone.page.locator(SIDEBAR).bounding_box()["y"]


def test_charts_from_before_a_formula_that_cannot_be_used_are_pale(visitor):
    visitor.open("gains")
    opacity = "() => getComputedStyle(document.querySelector('.js-plotly-plot').closest('.plot')).opacity"
    entry = visitor.page.get_by_role("textbox", name="Or type your own φ(x)")
    for formula, seen in (("1/x", "0.4"), ("x * sigmoid(x)", "1")):
        entry.fill(formula)
        entry.press("Enter")
        visitor.settle()
        assert visitor.page.evaluate(opacity) == seen
        assert visitor.page.get_by_text("What you see is still tanh").count() == (seen != "1")
