"""A real server and a real browser, once for all browser tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

from propagation.ui.components.streamlit_page import IDLE
from tests.browser.answers import Answers
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
#: nothing here may call home, and a root user needs --no-sandbox
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

#: the same in milliseconds, as playwright counts
LIMIT = 1000 * PATIENCE


#: a chart that has been drawn: Plotly's, or the picture of the Start page
CHART = ".js-plotly-plot .main-svg, .net canvas"


class Server:
    """The app on a port of its own, to be started, ended and started again."""

    def __init__(self, script: str = "app.py") -> None:
        self._output, self._log = tempfile.mkstemp(suffix=".log")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._script = script
        self.address = f"http://127.0.0.1:{self._port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", self._script, "--server.headless=true", f"--server.port={self._port}"]
        command += ["--server.address=127.0.0.1", "--server.fileWatcherType=none"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self._output, stderr=subprocess.STDOUT)
        _wait_for(f"{self.address}/_stcore/health")

    def log(self) -> str:
        """All that it has said so far."""
        return Path(self._log).read_text(encoding="utf-8")

    def kill(self) -> None:
        """End it at once, as a power failure does."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it for good."""
        self.kill()
        os.close(self._output)
        os.remove(self._log)


@contextmanager
def running_server(script: str = "app.py") -> Iterator[Server]:
    """A freshly started app, or another script."""
    server = Server(script)
    try:
        server.start()
        yield server
    finally:
        server.close()


@contextmanager
def running_app(script: str = "app.py") -> Iterator[str]:
    """A freshly started app, or another script; its address."""
    with running_server(script) as server:
        yield server.address


@contextmanager
def launched_browser() -> Iterator[Browser]:
    """A headless Chromium: the one of BROWSER_FOR_TESTS, or playwright's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("BROWSER_FOR_TESTS") or None, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with running_app() as address:
        yield address


def _wait_for(url: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the app did not start within {PATIENCE:g} s")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched_browser() as browser:
        yield browser


class Thumb:
    """The thumb of a slider, held by the mouse."""

    def __init__(self, visitor: Visitor, slider: str) -> None:
        self._visitor = visitor
        # what a screen reader takes for the thumb is an invisible input inside it, except in Streamlit 1.62
        self._x, self._y, self._left, self.width = visitor.page.get_by_role("slider", name=slider).evaluate(
            """input => {
                const thumb = input.matches('input') ? input.parentElement.parentElement : input;
                const [rail, own] = [thumb.parentElement, thumb].map(element => element.getBoundingClientRect());
                return [own.x + own.width / 2, own.y + own.height / 2, rail.x, rail.width];
            }"""
        )
        self._visitor.page.mouse.move(self._x, self._y)
        self._visitor.page.mouse.down()

    @property
    def share(self) -> float:
        """Where it is on its way, from 0 to 1."""
        return (self._x - self._left) / self.width

    def pull(self, pixels: float, steps: int = 1) -> None:
        """Pull the thumb to the right."""
        self._x += pixels
        self._visitor.page.mouse.move(self._x, self._y, steps=steps)

    def let_go(self) -> None:
        """Let go, and wait for the app."""
        self._visitor.page.mouse.up()
        self._visitor.settle()


class Visitor:
    """A person at the app: one browser window with its own session."""

    def __init__(self, page: Page, address: str) -> None:
        page.context.set_default_timeout(LIMIT)
        self.page = page
        self.address = address
        self.answers = Answers(page)
        self.console_errors: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.console_errors.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        """Note an error, but not that Streamlit looks for its server below the path of a page first."""
        if message.type == "error" and not ("404" in message.text and "/_stcore/" in message.location["url"]):
            self.console_errors.append(message.text)

    def open(self, query: str = "?page=explore") -> None:
        """Open the app and wait for its chart, or what stands in its place."""
        self.page.goto(f"{self.address}/{query}")
        self.page.wait_for_selector(CHART)
        self.settle()

    def settle(self) -> None:
        """Wait until the app has answered the last move."""
        self.pause(400)  # sliders tell the server of a move after a while
        end = time.monotonic() + PATIENCE
        still = False
        while not still and time.monotonic() < end:
            while self.answers.owed and time.monotonic() < end:
                self.page.wait_for_timeout(20)
            self.page.wait_for_selector(IDLE)
            self.pause(300)  # charts are drawn after what brought them
            still = not self.answers.owed and self.page.locator(IDLE).count() == 1
        assert still, "the app did not answer"

    def pause(self, milliseconds: float) -> None:
        """Wait by the clock of the page: what it had meant to do until then is done, however busy the machine is."""
        try:
            self.page.evaluate("milliseconds => new Promise(done => setTimeout(done, milliseconds))", milliseconds)
        except Error:  # a link has led away from the page meanwhile
            self.page.wait_for_load_state()
            self.page.evaluate("milliseconds => new Promise(done => setTimeout(done, milliseconds))", milliseconds)

    def figure(self) -> dict:
        """Data and layout of the chart as the browser holds them."""
        return self.page.evaluate(
            """() => {
                const plot = document.querySelector('.js-plotly-plot');
                const numbers = values => Array.from(values || []);
                return {
                    traces: plot.data.map(t => ({name: t.name, y: numbers(t.y), yaxis: t.yaxis || 'y', mode: t.mode, type: t.type})),
                    rows: Object.keys(plot.layout).filter(key => key.startsWith('yaxis')).length,
                };
            }"""
        )

    def drawn(self) -> list:
        """Everything the chart shows, to compare two states of it."""
        return [trace["y"] for trace in self.figure()["traces"]]

    def press(self, slider: str, key: str, times: int = 1) -> None:
        """Move a slider with the keyboard."""
        thumb = self.page.get_by_role("slider", name=slider)
        thumb.focus()
        for _ in range(times):
            thumb.press(key)
        self.settle()

    def take(self, slider: str) -> Thumb:
        """Take a slider's thumb with the mouse."""
        return Thumb(self, slider)

    def click_chart(self, x: float, y: float, beside: tuple[int, int] = (0, 0)) -> None:
        """Click the first chart at these values, or some pixels beside them."""
        self.page.locator(".js-plotly-plot").first.scroll_into_view_if_needed()
        left, top = self.page.evaluate(
            """([x, y]) => {
                const plot = document.querySelector('.js-plotly-plot');
                const box = plot.getBoundingClientRect(), {xaxis, yaxis} = plot._fullLayout;
                return [box.left + xaxis._offset + xaxis.d2p(x), box.top + yaxis._offset + yaxis.d2p(y)];
            }""",
            [x, y],
        )
        left, top = left + beside[0], top + beside[1]
        self.page.mouse.move(left - 5, top - 5)
        self.page.mouse.move(left, top, steps=3)
        self.pause(200)
        self.page.mouse.click(left, top)
        self.settle()

    def choose(self, select: str, option: str) -> None:
        """Choose an option of a select box."""
        self.page.get_by_role("combobox", name=select).click()
        self.page.get_by_role("option", name=option, exact=True).click()
        self.settle()

    def value(self, slider: str) -> float:
        """What a slider says it stands at."""
        return float(self.page.get_by_role("slider", name=slider).get_attribute("aria-valuetext").replace(",", ""))


class Profiles:
    """Browser profiles in which the app's scripts are compiled once: a page that has never seen them takes four seconds of processor time.

    Pages that one page has opened share its process, and so what is compiled there. Nothing else stays from one visit to the next.
    """

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser, self._address = browser, address
        self._openers: dict[str, Page] = {}

    @contextmanager
    def visit(self, kind: str, **options: Any) -> Iterator[Visitor]:
        """Within: a visitor with the profile of this kind, of whom cookies, storage and permissions are gone afterwards."""
        if kind not in self._openers:
            self._openers[kind] = self._browser.new_context(**options).new_page()
            self._openers[kind].context.set_default_timeout(LIMIT)
            self._openers[kind].goto(f"{self._address}/_stcore/health")  # of the same origin, with nothing on it
        opener = self._openers[kind]
        with opener.context.expect_page() as opened:
            opener.evaluate("() => void window.open('about:blank')")
        yield Visitor(opened.value, self._address)
        for page in opener.context.pages:
            if page is not opener:
                page.close()
        opener.evaluate("() => localStorage.clear()")
        opener.context.clear_cookies()
        opener.context.clear_permissions()


@pytest.fixture(scope="session")
def profiles(browser: Browser, address: str) -> Profiles:
    return Profiles(browser, address)


@pytest.fixture
def visitor(profiles: Profiles) -> Iterator[Visitor]:
    """A visitor at a desk."""
    with profiles.visit("desk", viewport={"width": 1440, "height": 1000}) as visitor:
        yield visitor


@pytest.fixture
def phone(profiles: Profiles) -> Iterator[Visitor]:
    """A visitor with a phone."""
    with profiles.visit("phone", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as visitor:
        yield visitor
