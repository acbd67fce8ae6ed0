"""What a visitor takes away arrives: every file of the panel, and the pictures of a chart's camera."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from propagation.config import Config
from tests.browser.conftest import Visitor, running_app

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def panel_address():
    with running_app("tests/browser/export_app.py") as address:
        yield address


@pytest.fixture
def at_the_panel(browser, panel_address):
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    visitor = Visitor(context.new_page(), panel_address)
    visitor.open("?depth=5&width=32&trials=3")
    yield visitor
    context.close()


def downloaded(visitor: Visitor, act) -> tuple[str, bytes]:
    with visitor.page.expect_download() as download:
        act()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_every_button_brings_its_file(at_the_panel):
    page = at_the_panel.page
    page.get_by_text("Take away", exact=True).click()
    page.get_by_role("tab", name="NumPy").wait_for()
    at_the_panel.settle()
    files = {
        label: downloaded(at_the_panel, page.get_by_role("button", name=label, exact=True).click)
        for label in ("CSV", "JSON", "HTML", "PNG", "SVG")
    }
    assert [name for name, _ in files.values()] == [
        "signal-propagation.csv",
        "signal-propagation.json",
        "signal-propagation.html",
        "signal-propagation-curves.png",
        "signal-propagation-curves.svg",
    ]
    assert Config.from_query(json.loads(files["JSON"][1])["config"])[0] == Config(depth=5, width=32, trials=3)
    assert files["PNG"][1].startswith(PNG) and ElementTree.fromstring(files["SVG"][1]).tag.endswith("svg")
    assert b"Arial" in files["SVG"][1] and b"Source Sans" not in files["SVG"][1]
    assert at_the_panel.console_errors == []
    page.goto("about:blank")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.set_content(files["HTML"][1].decode())
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert not [url for url in requests if url.startswith("http")]
    name, picture = downloaded(at_the_panel, page.get_by_role("button", name="PNG").click)
    assert name == "signal-propagation.png" and picture.startswith(PNG)


def test_the_camera_of_a_chart_saves_png_and_with_shift_svg(at_the_panel):
    page = at_the_panel.page
    page.locator(".js-plotly-plot").hover()
    camera = page.locator(".js-plotly-plot .modebar-btn")
    assert camera.count() == 1
    name, picture = downloaded(at_the_panel, camera.click)
    assert name.endswith(".png") and picture.startswith(PNG)
    name, picture = downloaded(at_the_panel, lambda: camera.click(modifiers=["Shift"]))
    assert name.endswith(".svg") and b"Arial" in picture
    assert page.evaluate("document.querySelector('.js-plotly-plot').layout.font.family").startswith('"Source Sans"')
