"""Handing an experiment on, as a person does: a code read off the screen, a link on terms, a page inside a page."""

from __future__ import annotations

import io
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from tests.browser.streamlit_page import APP, UNFOLD_SIDEBAR

TERMS = "?depth=20&width=64&lock=depth&hide=seed&ask=1&own_seed=1"


def read_off(locator) -> str | None:
    """What a camera makes of a part of the screen."""
    zxing = pytest.importorskip("zxingcpp", reason="zxing-cpp reads the code; pip install zxing-cpp")
    picture = Image.open(io.BytesIO(locator.screenshot())).convert("L")
    found = zxing.read_barcodes(picture)
    return found[0].text if found else None


def opened_panel(visitor, tab: str = "Link and QR code"):
    visitor.page.get_by_role("button", name="Share").click()
    panel = visitor.page.get_by_role("dialog")
    panel.get_by_role("tab", name=tab).click()
    visitor.settle()
    return panel


def asked_about(query: str) -> dict[str, str]:
    return {name: texts[0] for name, texts in parse_qs(urlsplit(query).query).items()}


@pytest.mark.parametrize("appearance", ["light", "dark"])
def test_the_code_on_the_screen_is_the_link(visitor, appearance):
    visitor.page.emulate_media(color_scheme=appearance)
    visitor.open("?depth=20&width=64&activation=gelu&view=h")
    panel = opened_panel(visitor)
    link = visitor.page.url
    assert asked_about(read_off(panel.locator(".code > svg"))) == asked_about(link)
    panel.get_by_role("button", name="Fill the screen").click()
    whole = visitor.page.locator("dialog[open] svg")
    whole.wait_for()
    assert whole.bounding_box()["height"] > 700
    assert asked_about(read_off(whole)) == asked_about(link)
    visitor.page.keyboard.press("Escape")
    whole.wait_for(state="hidden")
    assert panel.get_by_role("button", name="Copy link").is_visible()
    assert visitor.console_errors == []


def test_the_link_is_copied(visitor):
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.open("?depth=20&width=64")
    panel = opened_panel(visitor)
    panel.get_by_role("button", name="Copy link").click()
    panel.get_by_role("button", name="Copied").wait_for()
    assert asked_about(visitor.page.evaluate("navigator.clipboard.readText()")) == {"depth": "20", "width": "64"}


def test_without_a_clipboard_the_link_is_copied_too(visitor):
    """As at http://192.168.1.5 in a classroom, where browsers keep the clipboard to themselves."""
    visitor.page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    visitor.open("?depth=20&width=64")
    opened_panel(visitor).get_by_role("button", name="Copy link").click()
    visitor.page.get_by_role("button", name="Copied").wait_for()


def test_a_teachers_link_from_the_panel_to_the_class(visitor, browser, address):
    visitor.open("?depth=20&width=64")
    panel = opened_panel(visitor, "For a class")
    panel.get_by_role("combobox", name="Locked").fill("Depth")  # of a long list
    visitor.page.get_by_role("option", name="Depth").click()
    visitor.page.keyboard.press("Tab")
    panel.get_by_text("The answer waits").click()
    visitor.settle()
    link = read_off(panel.locator(".code > svg").last)
    assert asked_about(link) == {"depth": "20", "width": "64", "lock": "depth", "ask": "1"}

    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    student = type(visitor)(context.new_page(), address)
    student.open(urlsplit(link).path.removeprefix("/") + "?" + urlsplit(link).query)
    assert student.page.get_by_text("What do you expect?").is_visible() and not student.page.get_by_text("Gradients vanish").count()
    assert student.page.get_by_role("slider", name="Depth").is_disabled()
    student.page.get_by_text("fade away").click()
    student.settle()
    student.page.get_by_role("button", name="Reveal").click()
    student.settle()
    assert student.page.get_by_text("You expected").is_visible()
    assert (student.value("Depth"), student.value("Width")) == (20, 64)
    student.press("Width", "ArrowRight")
    assert asked_about(student.page.url) == asked_about(link) | {"width": "128"}
    assert student.console_errors == []
    context.close()


def test_a_seed_of_ones_own_outlives_a_reload_and_leaves_the_way_back_open(visitor):
    visitor.page.goto("about:blank")
    visitor.open(TERMS)
    first = asked_about(visitor.page.url)
    assert "own_seed" not in first and first["lock"] == "depth"
    visitor.page.reload()
    visitor.page.wait_for_selector(".js-plotly-plot .main-svg")
    visitor.settle()
    assert asked_about(visitor.page.url) == first
    for _ in range(3):
        if visitor.page.url == "about:blank":
            break
        visitor.page.go_back()
        visitor.pause(1500)
    assert visitor.page.url == "about:blank"


def test_the_menu_and_links_of_a_lesson_keep_the_terms(visitor):
    visitor.page.goto(f"{visitor.address}/lesson?depth=20&width=64&lock=depth")
    visitor.page.get_by_role("button", name="Show me").first.wait_for()
    visitor.settle()
    visitor.page.get_by_role("button", name="Show me").first.click()
    visitor.settle()
    visitor.page.get_by_role("link", name="Open this in Explore").click()
    visitor.page.wait_for_selector(".js-plotly-plot .main-svg")
    visitor.settle()
    said = asked_about(visitor.page.url)
    assert (said["depth"], said["lock"]) == ("20", "depth")
    assert visitor.page.get_by_role("slider", name="Depth").is_disabled() and visitor.value("Depth") == 20


def test_the_menu_keeps_the_controls_where_they_stand(visitor):
    visitor.page.goto(f"{visitor.address}/phase?depth=20&width=64")
    visitor.page.wait_for_selector(".js-plotly-plot .main-svg")
    visitor.settle()
    for page in ("Explore", "Order and chaos", "Explore"):
        visitor.page.get_by_text("Experiment", exact=True).first.click()
        visitor.page.get_by_text(page, exact=True).last.click()
        visitor.settle()
        assert (visitor.value("Depth"), visitor.value("Width")) == (20, 64)


def test_inside_another_page_the_sidebar_is_folded_and_the_menu_away(visitor):
    frame = f'<iframe src="{visitor.address}/?embed=true&embed_options=dark_theme&depth=20&width=64" width="1000" height="900"></iframe>'
    visitor.page.set_content(frame)
    inside = visitor.page.frame_locator("iframe")
    inside.locator(".js-plotly-plot .main-svg").first.wait_for()
    visitor.pause(1000)
    frame_left = visitor.page.locator("iframe").bounding_box()["x"]
    assert inside.get_by_role("slider", name="Depth").bounding_box()["x"] < frame_left
    assert not inside.get_by_text("Look inside").count()
    inside.locator(UNFOLD_SIDEBAR).click()
    thumb = inside.get_by_role("slider", name="Depth")
    thumb.press("ArrowRight")
    visitor.pause(1500)
    assert not inside.get_by_text("Look inside").count() and thumb.get_attribute("aria-valuetext") == "25"
    assert inside.locator(APP).evaluate("app => getComputedStyle(app).backgroundColor") == "rgb(16, 21, 28)"
