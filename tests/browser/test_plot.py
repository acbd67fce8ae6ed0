"""A chart in the page: what a redraw leaves as it was, and what stands there without Plotly."""

from __future__ import annotations

import pytest

WEIGHT_VARIANCE = "Weight variance σ_w²"
IS_OPEN = "() => document.querySelector('.plot').children[1].innerHTML === ''"
#: where the chart stands and whether there is a headline, in every frame
LOOK = """() => {
    window.seen = new Set();
    const look = () => {
        const [chart, headline] = ['.js-plotly-plot', 'h2'].map(part => document.querySelector(part));
        window.seen.add(`${Math.round(chart?.getBoundingClientRect().top ?? -1)} ${Boolean(headline)}`);
        requestAnimationFrame(look);
    };
    look();
}"""
WINDOW = """() => document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range"""


def test_zoom_and_the_chart_itself_survive_a_redraw(visitor):
    visitor.open()
    box = visitor.page.locator(".js-plotly-plot").bounding_box()
    y = box["y"] + 160
    visitor.page.mouse.move(box["x"] + 200, y)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + 500, y, steps=5)
    visitor.page.mouse.up()
    visitor.page.wait_for_function(f"({WINDOW})()[0] > 2")
    zoomed = visitor.page.evaluate(WINDOW)
    visitor.page.evaluate("document.querySelector('.js-plotly-plot').mark = 'the same'")
    before = visitor.drawn()
    visitor.press(WEIGHT_VARIANCE, "ArrowRight", times=3)
    assert visitor.drawn() != before
    assert visitor.page.evaluate(WINDOW) == zoomed
    assert visitor.page.evaluate("document.querySelector('.js-plotly-plot').mark") == "the same"


def test_a_picture_stands_until_the_library_is_there(visitor):
    waiting = []
    visitor.page.route("**/plotly.min.js", lambda route: waiting.append(route))
    visitor.page.goto(f"{visitor.address}/?width=64&trials=6")
    visitor.page.wait_for_function("() => document.querySelector('.plot')?.children[1].innerHTML.includes('<path')")
    assert visitor.page.locator(".main-svg").count() == 0
    visitor.page.get_by_text("forward → pre-activation z").wait_for()
    waiting.pop().continue_()
    visitor.page.wait_for_selector(".js-plotly-plot .main-svg")
    visitor.page.wait_for_function(IS_OPEN)


def test_a_chart_without_its_library_says_so(visitor):
    visitor.page.route("**/plotly.min.js", lambda route: route.abort())
    visitor.page.goto(f"{visitor.address}/explore")
    visitor.page.get_by_text("This chart could not be drawn").wait_for()
    visitor.page.get_by_role("slider", name=WEIGHT_VARIANCE).wait_for()


@pytest.mark.parametrize("query", ["?width=128", "?depth=200&width=1024&trials=8"])  # answered at once, and after a while
def test_nothing_jumps_while_a_slider_moves(visitor, query):
    visitor.open(query)
    visitor.page.evaluate(LOOK)
    thumb = visitor.take(WEIGHT_VARIANCE)
    thumb.pull(0.2 * thumb.width, steps=8)
    thumb.pull(-0.3 * thumb.width, steps=20)
    thumb.let_go()
    visitor.press("Depth", "ArrowLeft")
    places = visitor.page.evaluate("[...window.seen]")
    assert len(places) == 1 and places[0].endswith("true"), places
