"""The trainability map as a person uses it: in a browser, with clicks, Back and a phone."""

from __future__ import annotations

import pytest

from tests.browser.streamlit_page import EXCEPTION

#: pixels from the middle of a cell, still in it
BESIDE = (4, 5)


def test_a_click_goes_to_the_cell_which_can_be_trained_again_and_back_undoes_it(visitor):
    visitor.open("trainability")
    visitor.click_chart(3.0, 8, beside=BESIDE)
    assert "weight_variance=3" in visitor.page.url and "depth=8" in visitor.page.url
    assert visitor.value("Weight variance σ_w²") == pytest.approx(3.0)
    visitor.page.get_by_role("button", name="Train it now").click()
    visitor.page.get_by_text("Now:").wait_for()
    assert visitor.page.get_by_text("The same.").count() == 1 or visitor.page.get_by_text("digits apart").count() == 1
    visitor.page.go_back()
    visitor.settle()
    assert "depth" not in visitor.page.url and visitor.value("Weight variance σ_w²") == pytest.approx(1.5)


def test_leaving_while_ones_own_map_is_trained_keeps_what_is_there(visitor):
    visitor.open("trainability?map=own&activation=relu&bias_variance=0&weight_variance=2&seed=7")
    visitor.page.get_by_role("button", name="Train these 36 networks").click()
    visitor.page.get_by_text("of 36 networks").first.wait_for()
    visitor.press("Weight variance σ_w²", "ArrowLeft")
    visitor.page.get_by_role("button", name="Train the other").wait_for()
    assert "weight_variance=1.99" in visitor.page.url
    assert visitor.page.locator(EXCEPTION).count() == 0


def test_on_a_phone_nothing_runs_off_the_side(phone):
    phone.open("trainability")
    assert phone.page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert phone.page.get_by_text("networks are where theory puts them").count() == 1
