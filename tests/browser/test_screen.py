"""The page in its window: type that grows with it, a presentation on one screen, and a phone that shows slider and chart together."""

from __future__ import annotations

from itertools import pairwise

import pytest

from propagation.config import Config
from propagation.export.words import settings
from propagation.ui.components.streamlit_page import CONTROLS, MENU, VERDICT
from propagation.ui.pages import PAGES
from tests.benchmarks.delay import delayed
from tests.browser.conftest import Visitor
from tests.browser.streamlit_page import MAIN, SIDEBAR
from tests.browser.test_accessible import LET_BE, violations

SMALL = "?width=64&trials=2&depth=20&seed=3"
HALLS = {"projector": (1280, 720), "full HD": (1920, 1080), "4:3": (1024, 768)}
VARIANCE = "Weight variance"
#: the page after Explore
NEXT = next(after.slug for page, after in pairwise(PAGES) if page.slug == "explore")
#: sizes of type, in pixels: of all words in the chart, and of all that is seen on the page but the chart; and the widths of its curves
MEASURED = """main => {
    const size = element => parseFloat(getComputedStyle(element).fontSize);
    const plot = document.querySelector('.js-plotly-plot');
    const chart = [...plot.querySelectorAll('.main-svg text')].filter(text => text.textContent.trim()).map(size);
    const page = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement, box = element.getBoundingClientRect();
        const seen = element.checkVisibility({opacityProperty: true, visibilityProperty: true}) && box.width > 1 && box.bottom > 0
            && box.top < innerHeight && box.left >= 0 && box.left < innerWidth && getComputedStyle(element).position !== 'absolute';
        const isIcon = /Material|Symbols/.test(getComputedStyle(element).fontFamily)
            || element.closest('[role=img], [inert], sup, sub, svg, .katex');
        if (seen && !isIcon && walk.currentNode.textContent.trim() && !/^(STYLE|SCRIPT)$/.test(element.tagName)) page.push(size(element));
    }
    const widths = [...plot.querySelectorAll('.js-line')].map(line => parseFloat(getComputedStyle(line).strokeWidth));
    const curves = widths.filter(width => width > 0);
    return {chart, page, curves, hidden: main.scrollHeight - main.clientHeight};
}"""
#: whether the middle of the chart that is seen, and the thumb of the slider that is seen, lie over everything else
TOGETHER = """label => {
    const chart = document.querySelector('.plot').getBoundingClientRect();
    const thumbs = [...document.querySelectorAll('input[type=range], [role=slider]')];
    const thumb = thumbs.find(one => one.getAttribute('aria-label').startsWith(label));
    const slider = (thumb.matches('input') ? thumb.parentElement.parentElement : thumb).getBoundingClientRect();
    const bar = document.querySelector('.bar-row').getBoundingClientRect();
    const seen = Math.min(chart.bottom, bar.top, slider.top) - Math.max(0, chart.top);
    return {seen: seen / chart.height, height: chart.height, slider: [slider.left, slider.right, slider.top, slider.bottom],
            window: [innerWidth, innerHeight]};
}"""

#: all words of an SVG
WORDS = """svg => [...new DOMParser().parseFromString(svg, 'image/svg+xml').querySelectorAll('text')]
    .map(text => text.textContent).join(' ')"""


def measured(visitor: Visitor) -> dict:
    return visitor.page.locator(MAIN).evaluate(MEASURED)


def resized(visitor: Visitor, width: int, height: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": height})
    visitor.settle()


def test_type_grows_with_the_window(visitor):
    visitor.open(SMALL)
    resized(visitor, 1280, 720)
    before = measured(visitor)
    resized(visitor, 1920, 1080)
    after = measured(visitor)
    for part in ("chart", "page"):
        assert min(after[part]) >= 1.15 * min(before[part]) >= 1.15 * 11, part
    assert not visitor.console_errors


def test_a_presentation_is_one_screen_in_large_type(visitor):
    visitor.open(f"{SMALL}&present=1")
    for size in HALLS.values():
        resized(visitor, *size)
        told = measured(visitor)
        assert min(told["chart"]) >= 22 and max(told["chart"]) <= 28, size
        assert min(told["page"]) >= 22, size
        assert told["curves"] and min(told["curves"]) >= 3 and max(told["curves"]) <= 4, size
        assert told["hidden"] <= 0, size
        seen = visitor.page.evaluate(TOGETHER, VARIANCE)
        assert seen["seen"] > 0.99 and seen["height"] > 0.45 * size[1], size
        code = visitor.page.get_by_role("img", name="QR code of").bounding_box()
        assert code["width"] > 100 and code["x"] + code["width"] <= size[0] and code["y"] + code["height"] <= size[1]
    assert violations(visitor) == []
    assert not visitor.console_errors


def test_the_first_chart_of_a_presented_page_is_whole(visitor):
    for page in ("phase", "compare", "angles", "distributions", "whose"):
        visitor.page.goto(f"{visitor.address}/{page}{SMALL}&present=1")
        visitor.page.wait_for_selector(".js-plotly-plot .main-svg")
        visitor.page.wait_for_function(
            """sidebar => {
                const [chart, below] = ['.plot', sidebar].map(part => document.querySelector(part).getBoundingClientRect());
                return chart.height > 0.3 * innerHeight && chart.bottom <= below.top && below.top < 0.9 * innerHeight;
            }""",
            arg=SIDEBAR,
        )


def test_a_presentation_is_led_by_keys(visitor):
    visitor.open(SMALL)
    press = visitor.page.keyboard.press
    press("Alt+p")
    visitor.page.wait_for_selector("html.presenting", state="attached")
    visitor.settle()
    assert "present=1" in visitor.page.url
    before = visitor.value(VARIANCE)
    press("ArrowRight")
    visitor.settle()
    assert visitor.value(VARIANCE) > before
    press("ArrowDown")
    visitor.page.wait_for_function("() => document.activeElement.getAttribute('aria-label')?.startsWith('Bias variance')")
    press("PageDown")
    visitor.page.wait_for_url(f"**/{NEXT}?*")
    visitor.settle()
    assert "present=1" in visitor.page.url and visitor.page.locator("html.presenting").count() == 1
    press("PageUp")
    visitor.page.wait_for_function("slug => !location.pathname.endsWith(slug)", arg=NEXT)
    visitor.settle()
    press("Escape")
    visitor.page.wait_for_selector("html:not(.presenting)", state="attached")
    visitor.settle()
    assert "present" not in visitor.page.url and visitor.value(VARIANCE) > before


def test_a_page_is_turned_over_a_slow_link_while_a_control_is_chosen(visitor, address):
    """A question of the page that is left, which reached the server after the visitor had gone, took the whole page away."""
    with delayed(address, 0.3) as slow:
        visitor.page.goto(f"{slow}/explore{SMALL}&present=1")
        visitor.page.wait_for_selector(".js-plotly-plot .main-svg")
        visitor.settle()
        visitor.page.get_by_role("slider", name=VARIANCE).focus()  # asks for the answers over its range, but not at once
        visitor.page.keyboard.press("PageDown")
        visitor.page.wait_for_url(f"**/{NEXT}?*")
        visitor.settle()
        assert visitor.page.get_by_role("slider", name=VARIANCE).count() == 1


@pytest.mark.parametrize("size", [(390, 844), (844, 390)], ids=["upright", "lying"])
def test_slider_and_chart_are_seen_together_on_a_phone(phone, size):
    phone.open(SMALL)
    resized(phone, *size)
    phone.page.locator(".plot").scroll_into_view_if_needed()
    phone.page.locator(MAIN).evaluate("main => main.scrollBy(0, document.querySelector('.plot').getBoundingClientRect().top - 52)")
    phone.pause(300)
    told = phone.page.evaluate(TOGETHER, VARIANCE)
    left, right, top, bottom = told["slider"]
    assert told["seen"] > 0.95, told
    assert left >= 0 and right <= size[0] and top > 0 and bottom <= size[1]
    drawn = phone.drawn()
    thumb = phone.take(VARIANCE)
    thumb.pull(60, steps=4)
    thumb.let_go()
    assert phone.drawn() != drawn
    assert violations(phone, LET_BE) == []


def test_a_swipe_leads_to_the_next_control(phone):
    phone.open(SMALL)
    bar = phone.page.locator(CONTROLS).bounding_box()
    middle = phone.page.locator(".bar-middle")
    before = middle.inner_text()
    touch = phone.page.context.new_cdp_session(phone.page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    beside = bar["y"] + 10  # over the control's name, where no slider is
    send("touchStart", (330, beside))
    for step in range(1, 14):
        send("touchMove", (330 - 20 * step, beside))
        phone.pause(16)
    send("touchEnd")
    phone.page.wait_for_function("before => document.querySelector('.bar-middle').innerText !== before", arg=before)
    assert int(middle.inner_text().split()[0]) == int(before.split()[0]) + 1
    phone.page.locator(".bar-before").click()
    phone.page.wait_for_function("before => document.querySelector('.bar-middle').innerText === before", arg=before)
    assert phone.page.locator(SIDEBAR).bounding_box()["y"] > 600


def test_the_menu_on_a_phone_shows_all_pages_and_closes(phone):
    phone.open(SMALL)
    menu = phone.page.locator(MENU)
    assert menu.is_hidden()
    phone.page.get_by_role("button", name="☰ Menu").tap()
    assert menu.get_by_role("link").count() == len(PAGES)
    assert all(link.is_visible() for link in menu.get_by_role("link").all())
    menu.get_by_role("link", name=PAGES[1].title).tap()
    phone.page.wait_for_url(f"**/{PAGES[1].slug}*")
    phone.settle()
    assert menu.is_hidden()


def test_a_saved_picture_says_what_it_is(visitor):
    """The sentence above the chart, the experiment in words, and the address."""
    visitor.open(SMALL)
    headline = visitor.page.locator(f"{VERDICT} h2").inner_text()
    visitor.page.locator(".js-plotly-plot").hover()
    with visitor.page.expect_download() as download:
        visitor.page.locator(".js-plotly-plot .modebar-btn").first.click(modifiers=["Shift"])
    picture = download.value.path().read_text(encoding="utf-8")
    words = visitor.page.evaluate(WORDS, picture)
    told = "".join(words.split())
    assert "".join(headline.split()[-6:]) in told
    assert "".join(settings(Config(width=64, trials=2, depth=20, seed=3)).split())[:60] in told
    assert visitor.page.url in told
