"""What a visitor is told beside the page itself: its title, one step of Back for a move, lost connections, headlines read aloud."""

from __future__ import annotations

import pytest

from propagation.ui.components.streamlit_page import VERDICT
from tests.browser.conftest import Visitor, running_server
from tests.browser.streamlit_page import IS_CONNECTED
from tests.browser.test_sweep import WEIGHT_VARIANCE, hold

SMALL = "width=64&trials=4&depth=10"
ENTRIES = "history.length"
DIALOG = "[role=dialog]"
#: JavaScript: what has been read aloud
ANNOUNCED = "window.propagationNotices.line.textContent"


@pytest.mark.parametrize(("path", "title"), [("explore", "Explore"), ("phase", "Order and chaos"), ("lesson", "Lesson")])
def test_a_page_has_its_title_in_the_browsers_tab(visitor, path, title):
    visitor.page.goto(f"{visitor.address}/{path}?{SMALL}")
    visitor.page.wait_for_function("title => document.title === title", arg=f"{title} · Signal Propagation Explorer")


def test_an_address_of_no_page_says_so(visitor):
    visitor.page.goto(f"{visitor.address}/nonsense")
    dialog = visitor.page.locator(DIALOG)
    dialog.get_by_role("heading", name="No such page").wait_for()
    assert "There is no page at this address." in dialog.inner_text() and "Running" not in dialog.inner_text()
    visitor.page.keyboard.press("Escape")
    dialog.wait_for(state="detached")


def test_keys_on_one_slider_are_one_step_back(visitor):
    visitor.open(f"?{SMALL}")
    before, entries = visitor.drawn(), visitor.page.evaluate(ENTRIES)
    slider = visitor.page.get_by_role("slider", name=WEIGHT_VARIANCE)
    slider.focus()
    for value in ("1.51", "1.52", "1.53", "1.54"):  # each is answered, and written into the address
        slider.evaluate("() => window.propagationSteps.last = Infinity")  # however slow the machine is
        slider.press("ArrowRight")
        visitor.page.wait_for_function("value => location.search.includes(`weight_variance=${value}`)", arg=value)
    visitor.settle()
    assert visitor.page.evaluate(ENTRIES) == entries + 1
    visitor.press("Depth", "ArrowRight")
    assert visitor.page.evaluate(ENTRIES) == entries + 2
    visitor.page.go_back()
    visitor.settle()
    assert (visitor.value("Depth"), visitor.value(WEIGHT_VARIANCE)) == (10, 1.54)
    visitor.page.go_back()
    visitor.settle()
    assert visitor.value(WEIGHT_VARIANCE) == 1.5 and visitor.drawn() == before


def test_what_is_done_between_keys_is_a_step_of_its_own(visitor):
    """Negative control: not all that a slider does is one move."""
    visitor.open(f"?{SMALL}")
    entries = visitor.page.evaluate(ENTRIES)
    visitor.press(WEIGHT_VARIANCE, "ArrowRight")
    visitor.page.get_by_role("heading").first.click()
    visitor.press(WEIGHT_VARIANCE, "ArrowRight")
    assert visitor.page.evaluate(ENTRIES) == entries + 2


def test_a_drag_is_one_step_back(visitor):
    visitor.open(f"?{SMALL}")
    before, entries = visitor.drawn(), visitor.page.evaluate(ENTRIES)
    thumb = hold(visitor, WEIGHT_VARIANCE, 0.5)
    visitor.pause(800)
    thumb.pull(0.1 * thumb.width, steps=4)
    thumb.let_go()
    assert visitor.page.evaluate(ENTRIES) == entries + 1
    visitor.page.go_back()
    visitor.settle()
    assert visitor.drawn() == before


def test_a_headline_that_changes_is_read_aloud(visitor):
    visitor.open(f"?{SMALL}")
    assert visitor.page.evaluate(ANNOUNCED) == ""
    visitor.press(WEIGHT_VARIANCE, "End")
    visitor.page.wait_for_function(f"() => {ANNOUNCED}")
    said = visitor.page.evaluate(ANNOUNCED)
    assert visitor.page.locator(f"{VERDICT} h2").inner_text().endswith(said) and "trending" not in said and len(said) > 20
    assert visitor.page.evaluate("window.propagationNotices.line.ariaLive") == "polite"
    assert visitor.page.locator(".announced").bounding_box()["width"] <= 1


def test_a_lost_connection_is_told_in_words_for_a_visitor(browser):
    with running_server() as server:
        visitor = Visitor(browser.new_context(viewport={"width": 1440, "height": 1000}).new_page(), server.address)
        visitor.open(f"?{SMALL}")
        server.kill()
        dialog = visitor.page.locator(DIALOG)
        dialog.get_by_role("heading", name="Connection lost").wait_for()
        told = dialog.inner_text()
        assert "What you see stays" in told and "Streamlit" not in told
        server.start()
        visitor.page.wait_for_function(IS_CONNECTED)
        visitor.settle()
        visitor.page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        visitor.press(WEIGHT_VARIANCE, "ArrowRight")
        assert visitor.value(WEIGHT_VARIANCE) == 1.51
        visitor.page.context.close()
