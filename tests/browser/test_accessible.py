"""Everybody can use it: axe-core finds nothing serious, every control is reached by keyboard, charts are told in words, 390 pixels do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from axe_playwright_python.sync_playwright import Axe

from propagation.ui.pages import PAGES
from tests.browser.conftest import Visitor
from tests.browser.streamlit_page import MAIN, MENU_IN_SIDEBAR, SIDEBAR, TABLE

SLUGS = [page.slug for page in PAGES]
#: pages that open before there are numbers: one waits for a guess, one for a start
WITHOUT_NUMBERS = ("lesson", "race")
GRAVE = ("serious", "critical")
#: What of Streamlit's own is wrong, by rule, and where; only on a phone. There the pages stand in the sidebar, whose groups are not parts
#: of its list by the letter, and a table scrolls in a box that an older browser gives no focus.
LET_BE = {
    "list": MENU_IN_SIDEBAR,
    "listitem": f"{MENU_IN_SIDEBAR} li",
    "scrollable-region-focusable": f"{TABLE} > div",
}
#: the accessible names of all charts
CHARTS = """() => {
    const plots = [...document.querySelectorAll('.js-plotly-plot')].map(plot => plot.closest('[role]'));
    const inside = [...document.querySelectorAll('*')].flatMap(one => [...(one.shadowRoot?.querySelectorAll('canvas[role=img]') ?? [])]);
    return [...plots, ...inside].map(picture => picture.getAttribute('aria-label') || '');
}"""
MATCHES = "(element, selector) => element.matches(selector)"
#: what has the focus: its accessible name, as far as a name stands in attributes, labels and text
FOCUSED = """() => {
    const element = document.activeElement;
    const label = element.getAttribute('aria-label') || element.labels?.[0]?.innerText || element.innerText || element.title || '';
    return element === document.body ? "" : label.trim();
}"""


def violations(visitor: Visitor, let_be: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """What axe-core calls serious or critical, but for what is let be: a selector by rule."""
    found = Axe().run(visitor.page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
        if not (rule["id"] in let_be and visitor.page.locator(node["target"][0]).evaluate(MATCHES, let_be[rule["id"]]))
    ]


@pytest.mark.parametrize("path", SLUGS)
def test_a_page_can_be_read_by_everybody(visitor, path):
    """In both appearances, and on a window as narrow as a phone."""
    visitor.open(path if path != "start" else "")
    assert violations(visitor) == []
    words = visitor.page.evaluate(CHARTS)
    assert words and all(len(text) > 20 and text.rstrip().endswith(".") for text in words), words
    assert path in WITHOUT_NUMBERS or all(re.search(r"\d", text) for text in words), words
    visitor.page.emulate_media(color_scheme="dark")
    visitor.settle()
    assert violations(visitor) == []
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.settle()
    assert visitor.page.evaluate("document.scrollingElement.scrollWidth") <= 390
    wide = "() => [...document.querySelectorAll('.js-plotly-plot')].map(plot => plot.getBoundingClientRect().right)"
    assert max(visitor.page.evaluate(wide), default=0) <= 391


@pytest.mark.parametrize("path", SLUGS)
def test_a_page_can_be_read_on_a_phone(phone, path):
    """And does not scroll sideways. What is wide scrolls in itself; the page is what scrolls inside the window, which never does itself."""
    phone.open(path if path != "start" else "")
    assert violations(phone, LET_BE) == []
    width, room = phone.page.locator(MAIN).evaluate("main => [main.scrollWidth, main.clientWidth]")
    assert width <= room <= 390


def test_axe_finds_what_cannot_be_read(visitor):
    """Negative control."""
    visitor.open()
    visitor.page.evaluate("document.querySelector('h1').style.color = '#bbb'")
    assert any(found.startswith("color-contrast") for found in violations(visitor))


def test_every_control_is_reached_by_the_tab_key(visitor):
    visitor.open("?width=64&trials=2")
    visitor.page.locator(SIDEBAR).get_by_text("More: law, inputs, draws").click()
    visitor.settle()
    visitor.page.evaluate("document.activeElement.blur()")
    reached: list[str] = []
    while len(reached) < 10 or reached[0] != reached[-1]:  # all the way round
        visitor.page.keyboard.press("Tab")
        reached.append(visitor.page.evaluate(FOCUSED))
        assert len(reached) < 200
    sidebar = visitor.page.locator(SIDEBAR)
    wanted = [role.get_attribute("aria-label") for kind in ("slider", "combobox", "spinbutton") for role in sidebar.get_by_role(kind).all()]
    assert len(wanted) >= 15
    missing = [name for name in wanted if not any(name in one for one in reached)]
    assert missing == []
    for button in ("Share", "to the critical", "Play", "Look inside", "Learn", "Take away", "Formula"):
        assert any(button in one for one in reached), (button, reached)


def test_motion_is_reduced_for_those_who_ask_for_it(visitor):
    """Our charts never glide from one state to the next; nor does anything else then."""
    visitor.page.emulate_media(reduced_motion="reduce")
    visitor.open()
    still = "() => [...document.querySelectorAll('.js-plotly-plot')].every(plot => !(plot.layout.transition?.duration > 0))"
    assert visitor.page.evaluate(still)
