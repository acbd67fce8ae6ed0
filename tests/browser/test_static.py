"""The static site in a real browser, below a path, with every request kept on this machine.

The runtime is not part of this repository: STATIC_PIECES names a folder with a copy, `stlite/` (the build folder of @stlite/browser) and
`pyodide/` (with numpy, Plotly and what Streamlit needs in its lock file). Without it the tests that need it are skipped; the words for what
can go wrong are tested anyway.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from propagation.static.site import build
from propagation.ui.pages.start import HEADLINE
from tests.browser.conftest import LIMIT, Visitor

PIECES = os.environ.get("STATIC_PIECES", "")
needs_the_runtime = pytest.mark.skipif(not PIECES, reason="STATIC_PIECES names no folder with a copy of stlite and Pyodide")
COURSE = "course/week-3"
WEIGHT_VARIANCE = "Weight variance σ_w²"
#: a chart or a picture of the app itself, not the one that stands until then
CHART = "#root .js-plotly-plot .main-svg, #root .net canvas"
#: whether the address says this weight variance and this depth
SAID = """([variance, depth]) => {
    const said = new URLSearchParams(location.search);
    return (said.get('weight_variance') ?? '1.5') === variance && (said.get('depth') ?? '50') === depth;
}"""
SMALL = "depth=10&width=64&trials=4"
NETWORKS = "() => document.querySelector('.js-plotly-plot')?.layout?.annotations?.map(note => note.text).find(text => text.startsWith('●'))"


class HostOfFiles(SimpleHTTPRequestHandler):
    """Serves files as GitHub Pages does: what is missing is answered with the site's 404.html."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".js": "text/javascript"}

    def log_message(self, *_) -> None:
        pass

    def send_error(self, code: int, *_, **__) -> None:
        content = Path(self.directory, COURSE, "404.html").read_bytes() if code == HTTPStatus.NOT_FOUND else b""
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def served(root: Path) -> Iterator[str]:
    """Within: the address of the site in this folder, served from below a path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(HostOfFiles, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/{COURSE}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("host")
    build(root / COURSE, (Path(PIECES),) if PIECES else ())
    return root


@pytest.fixture(scope="module")
def site(built) -> Iterator[str]:
    with served(built) as address:
        yield address


@pytest.fixture
def context(browser) -> Iterator[BrowserContext]:
    """A browser that reaches this machine only; what it asked of others is in `context.elsewhere`."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, service_workers="block")  # what one asks for is not routed
    context.set_default_timeout(LIMIT)
    context.elsewhere = []

    def keep_here(route) -> None:
        if route.request.url.startswith("http://127.0.0.1:"):
            route.continue_()
        else:
            context.elsewhere.append(route.request.url)
            route.abort()

    context.route(lambda url: url.startswith("http"), keep_here)
    yield context
    context.close()


def opened(context: BrowserContext, address: str) -> Visitor:
    """The app, once its first chart stands, or a failure if it says that it will not."""
    visitor = Visitor(context.new_page(), address.partition("?")[0].rstrip("/"))
    visitor.page.goto(address)
    visitor.page.locator(f"#start.failed, {CHART}").first.wait_for()
    visitor.page.wait_for_function("() => !document.querySelector('#start:not(.failed)')")
    assert visitor.page.locator("#start").count() == 0, visitor.page.inner_text("#start")
    visitor.settle()
    return visitor


@needs_the_runtime
def test_the_app_runs_below_a_path_without_a_server_and_asks_nobody_else(site, context):
    began = time.monotonic()
    visitor = opened(context, f"{site}?{SMALL}")
    page = visitor.page
    print(f"first chart after {time.monotonic() - began:.1f} s")
    assert page.get_by_role("heading", name="Does the signal survive?").count() == 1
    assert page.locator("#start").count() == 0, "the curtain is gone"
    assert "4 networks" in page.evaluate(NETWORKS), "the better figure has replaced the first one"
    page.get_by_role("slider", name=WEIGHT_VARIANCE).press("ArrowRight")
    page.wait_for_function("() => location.search.includes('weight_variance=1.51')")
    visitor.settle()
    assert visitor.console_errors == []
    page.reload()  # at …/explore, which no file is behind: the page for missing pages leads back here
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert page.get_by_role("slider", name=WEIGHT_VARIANCE).get_attribute("aria-valuetext") == "1.51"
    assert context.elsewhere == []


@needs_the_runtime
def test_back_and_forward_lead_to_what_the_address_says(site, context):
    visitor = opened(context, f"{site}?page=explore&{SMALL}")
    page = visitor.page

    def stands(question: str, variance: str, depth: str) -> None:
        """Wait for address, page and controls that say the same; and so they stay."""
        for _ in range(2):
            page.wait_for_function(SAID, arg=[variance, depth])
            page.get_by_role("heading", name=question).wait_for()
            for name, value in ((WEIGHT_VARIANCE, variance), ("Depth", depth)):
                page.get_by_role("slider", name=name).and_(page.locator(f"[aria-valuetext^='{value}']")).wait_for()
            visitor.settle()

    explore, phase = "Does the signal survive?", "Order or chaos?"
    stands(explore, "1.5", "10")
    assert page.evaluate("history.length") == 2, "the empty page and this one: what led here is no step back"
    page.get_by_role("slider", name=WEIGHT_VARIANCE).press("ArrowRight")
    stands(explore, "1.51", "10")
    page.get_by_role("slider", name="Depth").press("ArrowRight")
    stands(explore, "1.51", "12")
    page.go_back()
    stands(explore, "1.51", "10")
    page.go_back()
    stands(explore, "1.5", "10")
    page.go_forward()
    stands(explore, "1.51", "10")
    page.get_by_text("Experiment", exact=True).first.click()
    page.get_by_role("link", name="Order and chaos").first.click()
    stands(phase, "1.51", "10")
    page.go_back()
    stands(explore, "1.51", "10")
    page.go_forward()
    stands(phase, "1.51", "10")
    assert visitor.console_errors == []


@needs_the_runtime
def test_the_first_page_goes_on_where_its_picture_was_left(site, context):
    page = context.new_page()
    page.goto(site)
    slider = page.locator("#start").get_by_role("slider")
    slider.press("End")
    words = slider.get_attribute("aria-valuetext")
    page.locator("#root .net canvas").first.wait_for()
    assert page.locator("#root").get_by_role("slider").get_attribute("aria-valuetext") == words
    page.wait_for_function("() => [...document.querySelectorAll('a')].some(one => /weight_variance=3(&|$)/.test(one.href))")


@needs_the_runtime
def test_a_page_is_reached_by_name_and_its_link_says_so(site, context):
    visitor = opened(context, f"{site}?page=phase&{SMALL}")
    page = visitor.page
    question = page.get_by_role("heading", name="Order or chaos?")
    assert question.count() == 1
    page.get_by_role("button", name="Share").click()
    page.get_by_role("dialog").wait_for()
    visitor.settle()
    assert page.get_by_label("The link", exact=True).inner_text().startswith(f"{site}?page=phase&depth=10")
    page.reload()
    question.wait_for()
    assert "depth=10" in page.url and context.elsewhere == []


@needs_the_runtime
def test_a_second_visit_needs_no_network(built, browser):
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    with served(built) as address:
        opened(context, f"{address}?{SMALL}").page.close()
        first = opened(context, address)  # by now the worker has had all of it
        first.page.close()
    again = opened(context, f"{address}explore?{SMALL}")  # no file is behind this path
    assert again.value("Depth") == 10
    context.close()


def test_what_the_address_opens_stands_at_once_and_nothing_else(site, context):
    context.route(lambda url: "stlite" in url, lambda route: route.abort())
    page = context.new_page()
    page.goto(site)
    networks, chart = page.locator("#start section"), page.locator("#start figure")
    networks.locator("canvas").first.wait_for()
    assert networks.get_by_role("heading").inner_text() == HEADLINE and chart.is_hidden()
    words = networks.locator(".forward")
    assert "fades to nothing" in words.nth(1).inner_text()
    networks.get_by_role("slider").press("End")
    assert "turns into noise" in words.nth(1).inner_text() and "arrives" in words.nth(0).inner_text()
    page.goto(f"{site}?page=explore")
    chart.locator("path").first.wait_for(state="attached")
    assert "pre-activation z" in chart.inner_text() and networks.is_hidden()
    for query in (SMALL, f"page=explore&{SMALL}", "page=phase"):
        page.goto(f"{site}?{query}")
        page.get_by_text("could not be fetched").wait_for()
        assert chart.is_hidden() and networks.is_hidden(), "it would be another network's, or another page's"


def test_without_the_runtime_the_page_says_what_is_missing_and_loses_nothing(site, context):
    context.route(lambda url: "stlite" in url, lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{site}?{SMALL}")
    page.get_by_text("could not be fetched").wait_for()
    assert "the address holds your experiment" in page.inner_text("#start")
    assert page.get_by_role("button", name="Try again").is_visible()
    assert page.url.endswith(SMALL)


def test_a_browser_without_webassembly_is_told_so(site, context):
    page = context.new_page()
    page.add_init_script("delete window.WebAssembly")
    page.goto(site)
    page.get_by_text("it has no WebAssembly").wait_for()


def test_a_browser_without_javascript_is_told_so(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site, wait_until="domcontentloaded")
    words = page.locator("noscript")
    assert words.is_visible() and "JavaScript switched off" in words.text_content()
    context.close()


def test_an_address_with_no_file_behind_it_leads_to_the_page_of_that_name(site, context):
    context.route(lambda url: "stlite" in url, lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{site}phase?depth=20&activation=x%2B1", wait_until="commit")  # the page leads on before it is complete
    page.wait_for_url(f"{site}?**")
    assert "page=phase" in page.url and "depth=20" in page.url and "activation=x%2B1" in page.url
    page.goto(f"{site}no/such/Page9")
    assert page.get_by_text("There is nothing at this address").is_visible()
