"""One's own network in a browser: paste, verdict, the link and its way back, names that are markup, and other pages' addresses."""

from __future__ import annotations

import json

import numpy as np

from propagation.config import Config
from propagation.reports.link import decode
from tests.browser.streamlit_page import ALERT, EXCEPTION, MENU_GROUP, PAGE_OF_GROUP
from tests.reports.samples import of_config

PASTE = "Paste the text of mine.json, or a link with a report"
CHART = ".js-plotly-plot .main-svg"
BAD = "<img src=x onerror=document.title='taken'>"


def report() -> dict:
    config = Config(depth=8, width=64, activation="relu", scheme="pytorch", weight_law="uniform", inputs=4, trials=2)
    found = of_config(config)
    for module in found["modules"]:
        module["name"] = f"{BAD}.{module['name']}"
    return found | {"model": f"Mine {BAD}", "notes": [BAD]}


def test_paste_verdict_link_and_back(visitor):
    visitor.open("network?depth=30")
    visitor.page.get_by_text("from probe import probe").wait_for()
    entry = visitor.page.get_by_role("textbox", name=PASTE)
    entry.fill("{}")
    visitor.page.get_by_role("button", name="Show it").click()
    visitor.page.get_by_text("no report of").wait_for()
    assert entry.input_value() == "{}", "nothing that was typed is lost"
    entry.fill(json.dumps(report()))
    visitor.page.get_by_role("button", name="Show it").click()
    visitor.page.get_by_text("Your report: Mine").wait_for()
    visitor.settle()
    page = visitor.page
    assert page.get_by_text("PyTorch's default").count() == 1 and page.get_by_text("The signal vanishes").count() >= 1
    assert page.locator(f"{EXCEPTION}, {ALERT}").count() == 0
    assert page.locator("img[src='x']").count() == 0 and page.title() != "taken"
    assert decode(page.url.partition("report=")[2].partition("&")[0]).model == f"Mine {BAD}" and "depth=30" in page.url
    page.wait_for_selector(CHART)
    drawn = visitor.drawn()
    page.reload()
    page.get_by_text("Your report: Mine").wait_for()
    page.wait_for_selector(CHART)
    visitor.settle()
    assert [len(values) for values in visitor.drawn()] == [len(values) for values in drawn]
    page.get_by_text("Open the closest network in Explore").click()
    page.get_by_text("Does the signal survive?").wait_for()
    visitor.settle()
    assert "depth=8" in page.url and "scheme=pytorch" in page.url and "report=" not in page.url
    page.go_back()
    page.get_by_text("Your report: Mine").wait_for()
    visitor.settle()
    assert "report=" in page.url
    page.get_by_role("button", name="Share").click()
    page.get_by_role("dialog").get_by_text("network?depth=30&report=").first.wait_for()


def test_ones_own_report_outlasts_the_menu_and_a_link_and_stands_beside_the_columns_of_compare(visitor, browser, address):
    page = visitor.page
    visitor.open("network")
    page.get_by_role("textbox", name=PASTE).fill(json.dumps(report()))
    page.get_by_role("button", name="Show it").click()
    page.get_by_text("Your report: Mine").wait_for()
    visitor.settle()
    _by_menu(page, "Experiment", "Order and chaos")
    visitor.settle()
    assert "report=" not in page.url
    _by_menu(page, "Look inside", "Your network")
    page.get_by_text("Your report: Mine").wait_for()
    visitor.settle()
    assert "report=" in page.url, "a reload keeps it, too"
    page.get_by_text("Open the closest network in Explore").click()
    page.get_by_text("Does the signal survive?").wait_for()
    visitor.settle()
    _by_menu(page, "Look inside", "Your network")
    page.get_by_text("Your report: Mine").wait_for()
    visitor.settle()
    page.get_by_role("link", name="Compare initializations of it").click()
    page.get_by_text("Which initialization wins?").wait_for()
    page.wait_for_selector(CHART)
    visitor.settle()
    assert "depth=8" in page.url and "measured=" in page.url and "report=" not in page.url
    entries = page.locator(".js-plotly-plot .legendtext").all_text_contents()
    assert [text for text in entries if text.startswith("Mine <img src=x")] and len(entries) == 6
    assert page.locator("tbody tr").last.inner_text().startswith("✧ Mine <img")
    assert page.locator("img[src='x']").count() == 0 and page.title() != "taken"
    elsewhere = browser.new_context(viewport={"width": 1440, "height": 1000})
    colleague = type(visitor)(elsewhere.new_page(), address)
    colleague.open(page.url.removeprefix(address).removeprefix("/"))
    assert colleague.page.locator(".js-plotly-plot .legendtext").all_text_contents() == entries
    shared, own = (np.array(one.drawn()[-3:], dtype=float) for one in (colleague, visitor))
    np.testing.assert_allclose(shared, own, atol=0.011)  # a link has two decimals
    elsewhere.close()
    page.get_by_role("combobox", name="Beside them, a measured network").click()
    page.get_by_role("option", name="none").click()
    page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot .legendtext').length === 5")
    visitor.settle()
    assert "measured=" not in page.url
    page.go_back()
    page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot .legendtext').length === 6")
    page.get_by_role("link", name="Open it in Your network").click()
    page.get_by_text("Your report: Mine").wait_for()
    visitor.settle()
    assert page.locator(f"{EXCEPTION}, {ALERT}").count() == 0


def _by_menu(page, group: str, name: str) -> None:
    page.locator(MENU_GROUP).filter(has_text=group).click()
    page.locator(PAGE_OF_GROUP).filter(has_text=name).click()


def test_the_first_chart_is_seen_without_scrolling(visitor):
    """Of the three rows of the figure the first one is whole, and so is the way to a report of one's own."""
    visitor.page.set_viewport_size({"width": 1280, "height": 720})
    visitor.open("network")
    visitor.page.wait_for_selector(CHART)
    visitor.settle()
    second = visitor.page.get_by_text("backward ← gradient of that").bounding_box()
    assert second["y"] + second["height"] < 720
    assert visitor.page.get_by_role("textbox", name=PASTE).bounding_box()["y"] < 500
