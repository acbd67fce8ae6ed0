"""Whose variance? and Distributions, as a person uses them: in a browser, with clicks and links."""

from __future__ import annotations

import pytest

from tests.browser.streamlit_page import EXCEPTION, SEGMENTS

SMALL = "depth=12&width=64&inputs=8&trials=4"


def test_the_variances_of_he_relu_are_one_click_away(visitor):
    visitor.open("whose")
    visitor.page.get_by_role("button", name="ReLU with He").click()
    visitor.page.get_by_text("Every input looks the same").wait_for()
    visitor.settle()
    traces = {trace["name"]: trace["y"] for trace in visitor.figure()["traces"]}
    sums = [sum(shares) for shares in zip(*(traces[part] for part in ("inputs", "neurons", "draws", "mean")), strict=True)]
    assert sums == pytest.approx([1] * 50, abs=1e-5)
    assert traces["inputs"][0] > 0.9 and traces["inputs"][-1] < 0.08
    visitor.page.locator(SEGMENTS).get_by_text("draws", exact=True).click()
    visitor.settle()
    assert "whose=draws" in visitor.page.url and "scheme=he" in visitor.page.url


def test_a_link_to_one_layer_of_one_signal_shows_it(visitor):
    visitor.open(f"distributions?{SMALL}&signal=delta&scale=own&place=last")
    visitor.page.get_by_text("δ in layer 12").wait_for()
    assert visitor.page.locator(".js-plotly-plot").count() == 2
    visitor.page.get_by_role("button", name="Glorot 2010: standard").click()
    visitor.page.get_by_text("δ in layer 10").wait_for()
    visitor.settle()
    assert "place=last" in visitor.page.url and "glorot_standard" in visitor.page.url


@pytest.mark.parametrize("page", ["whose", "distributions"])
def test_on_a_phone_nothing_runs_off_the_side(phone, page):
    phone.open(f"{page}?{SMALL}")
    assert phone.page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert phone.page.locator(EXCEPTION).count() == 0
