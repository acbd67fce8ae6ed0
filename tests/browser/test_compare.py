"""Compare, as a person uses it: who wins, one click to add, a link that holds it all."""

from __future__ import annotations

import re

from tests.browser.streamlit_page import MAIN

LEGEND = ".js-plotly-plot .legendtext"


def test_a_comparison_is_built_by_clicks_shared_by_its_link_and_undone_by_back(visitor, browser, address):
    visitor.open("compare?depth=20&width=64&inputs=8&columns=lecun.relu.gaussian~he.relu.gaussian")
    assert visitor.page.get_by_role("heading", name="He 2015 · ReLU is healthiest").count() == 1
    assert visitor.page.locator("tr", has_text="✓ healthiest").inner_text().count("He 2015") == 1
    assert visitor.page.locator("tr", has_text="> 10¹³").count() == 2 and visitor.page.locator("td blockquote").count() == 0
    visitor.page.get_by_role("button", name="Glorot 2010's six").click()
    visitor.settle()
    assert visitor.page.locator(LEGEND).count() == 6 and "glorot_standard.sigmoid.uniform" in visitor.page.url
    elsewhere = browser.new_context(viewport={"width": 1440, "height": 1000})
    colleague = type(visitor)(elsewhere.new_page(), address)
    colleague.open(visitor.page.url.removeprefix(address).removeprefix("/"))
    assert colleague.drawn() == visitor.drawn()
    elsewhere.close()
    visitor.page.go_back()
    visitor.settle()
    assert visitor.page.locator(LEGEND).count() == 2
    # below the root Streamlit first looks for its server under the page's own path, and the browser notes the 404
    assert [error for error in visitor.console_errors if "404" not in error] == []


def test_a_column_goes_by_two_clicks_and_a_legend_entry_switches_all_its_rows(visitor):
    visitor.open("compare?depth=20&width=64&inputs=8&columns=lecun.relu.gaussian~he.relu.gaussian~he.tanh.gaussian")
    visitor.page.locator(".js-plotly-plot .legendtoggle").first.click()
    visitor.page.wait_for_timeout(700)
    hidden = "() => document.querySelector('.js-plotly-plot')._fullData.filter(t => t.visible === 'legendonly').map(t => t.legendgroup)"
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
