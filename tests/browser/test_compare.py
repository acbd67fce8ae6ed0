"""Compare, as a person uses it: who wins, one click to add, a link that holds it all."""

from __future__ import annotations

import re

import pytest

from tests.browser.streamlit_page import MAIN
from tests.browser.test_sweep import HEADLINES, IS_COVERED, IS_OPEN, WEIGHT_VARIANCE, hold, shown_value

LEGEND = ".js-plotly-plot .legendtext"
#: the boxes of the visitor's own curve, of Plotly or over it, whose dashes no column has, and the words beside it that are to be seen
OWN = """child => [...document.querySelector('.plot').children[child].querySelectorAll('path')]
    .filter(path => !path.closest('[opacity]') && getComputedStyle(path).strokeDasharray === '9px, 9px' && path.getTotalLength() > 50)
    .map(path => path.getBoundingClientRect()).map(({ left, top, right, bottom }) => [left, top, right, bottom])"""
NAMES = """() => [...document.querySelectorAll('.plot text')].filter(text => text.textContent.includes('yours'))
    .filter(text => text.closest('.annotation')?.style.opacity !== '0').map(text => text.textContent.replace(/╌ |\u200b/g, ''))"""


def test_a_comparison_is_built_by_clicks_shared_by_its_link_and_undone_by_back(visitor, browser, address):
    visitor.open("compare?depth=20&width=64&inputs=8&columns=lecun.relu.gaussian~he.relu.gaussian")
    assert visitor.page.get_by_role("heading", name="He 2015 · ReLU is healthiest").count() == 1
    assert visitor.page.locator("tr", has_text="✓ healthiest").inner_text().count("He 2015") == 1
    # lost to rounding in both rows
    assert visitor.page.locator("tbody tr").count() == 2 and visitor.page.locator("th", has_text="condition").count() == 0
    assert visitor.page.locator("td blockquote").count() == 0
    visitor.page.get_by_role("button", name="Glorot 2010's six").click()
    visitor.settle()
    assert visitor.page.locator(LEGEND).count() == 6 and "glorot_standard.sigmoid.uniform" in visitor.page.url
    assert visitor.page.locator("tbody tr").count() == 6
    elsewhere = browser.new_context(viewport={"width": 1440, "height": 1000})
    colleague = type(visitor)(elsewhere.new_page(), address)
    colleague.open(visitor.page.url.removeprefix(address).removeprefix("/"))
    assert colleague.drawn() == visitor.drawn()
    elsewhere.close()
    visitor.page.go_back()
    visitor.settle()
    assert visitor.page.locator(LEGEND).count() == 2
    # below the root Streamlit first looks for its server under the page's own path, and the browser notes the 404
    assert visitor.console_errors == []


def test_a_column_goes_by_two_clicks_and_a_legend_entry_switches_all_its_rows(visitor):
    visitor.open("compare?depth=20&width=64&inputs=8&columns=lecun.relu.gaussian~he.relu.gaussian~he.tanh.gaussian")
    visitor.page.locator(".js-plotly-plot .legendtoggle").first.click()
    hidden = "document.querySelector('.js-plotly-plot')._fullData.filter(t => t.visible === 'legendonly').map(t => t.legendgroup)"
    visitor.page.wait_for_function(f"{hidden}.length > 0")
    assert visitor.page.evaluate(hidden) == ["0"] * 6
    visitor.page.get_by_role("button", name="Remove").click()
    visitor.page.get_by_role("button", name="He 2015 · tanh").click()
    visitor.settle()
    assert visitor.page.locator(LEGEND).count() == 2 and "tanh" not in visitor.page.url


def test_on_a_phone_the_winner_comes_first_and_nothing_runs_off_the_side(phone):
    phone.open("compare?depth=20&width=64&inputs=8")
    assert phone.page.locator("tbody tr").count() == 5
    assert phone.page.locator(MAIN).evaluate("main => main.scrollWidth - main.clientWidth") <= 0
    winner = phone.page.get_by_role("heading", name=re.compile("healthiest|leads")).bounding_box()
    assert winner["y"] < phone.page.locator(".js-plotly-plot").bounding_box()["y"] < 600


@pytest.mark.parametrize("kind", ["visitor", "phone"])
def test_a_frame_of_ones_own_curve_lies_where_the_answer_will(kind, request):
    """Also where the legend has many rows, and moves the edge of the charts."""
    visitor = request.getfixturevalue(kind)
    visitor.open("compare?depth=20&width=64&inputs=8")
    if kind == "phone":
        visitor.page.set_viewport_size({"width": 390, "height": 2000})
        visitor.settle()
    rest, headline = visitor.page.evaluate(OWN, 0), visitor.page.evaluate(HEADLINES)
    assert len(rest) == 3 and visitor.page.evaluate(NAMES) == ["yours, σw² 1.5"]
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.2)
    visitor.page.wait_for_function(IS_COVERED)
    visitor.pause(300)
    held, value = visitor.page.evaluate(OWN, 1), shown_value(visitor, WEIGHT_VARIANCE)
    assert visitor.page.evaluate(NAMES) == [f"yours, σw² {value}"]
    assert set(visitor.page.evaluate(HEADLINES)) == set(headline)
    thumb.let_go()
    visitor.page.wait_for_function(IS_OPEN)
    answer = visitor.page.evaluate(OWN, 0)
    assert [pytest.approx(box, abs=2) for box in answer] == held and answer != rest
    assert visitor.page.evaluate(NAMES) == [f"yours, σw² {value}"] and visitor.page.evaluate(HEADLINES) == headline


def test_a_slider_that_moves_all_columns_waits_for_the_hand(visitor):
    visitor.open("compare?depth=20&width=64&inputs=8")
    before = visitor.drawn()
    thumb = hold(visitor, "Depth", 0.7)
    visitor.page.wait_for_function(f"() => ({HEADLINES})().includes('pan_tool Let go to compare again')")
    assert visitor.drawn() == before
    thumb.let_go()
    visitor.page.wait_for_function("() => document.querySelectorAll('h2').length === 1")
    assert visitor.drawn() != before
