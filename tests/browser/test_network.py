"""One's own network in a browser: paste, verdict, the link and its way back, names that are markup, and other pages' addresses."""

from __future__ import annotations

import json

from propagation.config import Config
from propagation.reports.link import decode
from tests.browser.streamlit_page import ALERT, EXCEPTION
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
