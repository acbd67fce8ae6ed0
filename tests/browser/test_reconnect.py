"""A server that ends in the middle of a visit and is started again: the page stands where it was, because the address is the state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Server, Visitor, running_server
from tests.browser.streamlit_page import IS_CONNECTED

WEIGHT_VARIANCE = "Weight variance σ_w²"

#: of all charts
NUMBERS = """() => JSON.stringify([...document.querySelectorAll('.js-plotly-plot')].map(
    plot => plot.data.map(({ x, y }) => [x, y].map(values => Array.from(values || [])))))"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def guest(browser: Browser, server: Server) -> Iterator[Visitor]:
    """A visitor of the server that ends."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    yield Visitor(context.new_page(), server.address)
    context.close()


def stands(visitor: Visitor) -> tuple:
    """All that has to agree: the address, the sliders, the numbers in the chart."""
    return visitor.page.url, visitor.value(WEIGHT_VARIANCE), visitor.value("Depth"), visitor.page.evaluate(NUMBERS)


@pytest.mark.parametrize("path", ["", "phase"])
def test_the_page_reconnects_and_stands_where_it_was(guest, server, path):
    guest.open(f"{path}?depth=30&seed=3&width=64")
    guest.press(WEIGHT_VARIANCE, "ArrowRight", times=7)
    before = stands(guest)
    assert before[1:3] == (1.57, 30) and "weight_variance=1.57" in before[0]
    server.kill()
    guest.page.wait_for_function(f"!({IS_CONNECTED})")
    assert guest.page.locator(".js-plotly-plot").first.is_visible()  # while nobody answers, the last answer stays
    server.start()
    guest.page.wait_for_function(IS_CONNECTED)
    guest.pause(1500)
    guest.settle()
    assert stands(guest) == before
    assert guest.page.get_by_role("alert").count() == 0
    guest.press(WEIGHT_VARIANCE, "ArrowRight")  # and the first move is not lost
    assert guest.value(WEIGHT_VARIANCE) == 1.58
    assert "weight_variance=1.58" in guest.page.url and guest.page.evaluate(NUMBERS) != before[-1]
