"""How long a visitor of the static site waits: for what stands at once, the app, and a slider's first change; on two visits.

    BROWSER_FOR_TESTS=/usr/bin/chromium python tests/benchmarks/static_site.py PIECES

PIECES is a folder with a copy of the runtime, see tests/browser/test_static.py. Everything comes from this machine, at once: what is
measured is what the visitor's processor does, and a network comes on top. What else keeps the machine busy is told by its load.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from playwright.sync_api import BrowserContext

from propagation.static.files import compiles
from propagation.static.site import build
from propagation.ui.components.streamlit_page import IDLE
from tests.browser.conftest import LIMIT, launched_browser
from tests.browser.test_static import HostOfFiles

#: addresses, and what to wait for there: what stands at once, and the same of the app itself
PAGES = {
    "Start": ("", {"picture": "#start .net canvas", "app": "#root .net canvas"}),
    "Explore": ("?page=explore", {"picture": "#start figure path", "app": "#root .js-plotly-plot .main-svg"}),
}
SLIDER = "Weight variance"
DRAWN = "JSON.stringify(document.querySelector('.js-plotly-plot').data.map(trace => [...(trace.y ?? [])].slice(-3)))"
#: milliseconds from now, when a key is about to be pressed, until the curves are others
CHANGED = f"""() => {{
    const before = {DRAWN};
    window.changed = new Promise(done => addEventListener('keydown', () => {{
        const began = performance.now();
        const look = () => {DRAWN} === before ? requestAnimationFrame(look) : done(performance.now() - began);
        look();
    }}, {{ once: true, capture: true }}));
}}"""


def visit(context: BrowserContext, address: str, parts: dict[str, str]) -> dict[str, float]:
    """Seconds from the address to each part of the page, and from a slider's first move to other curves, where it has both."""
    page = context.new_page()
    page.goto(address, wait_until="commit")
    found = {}
    for part, selector in parts.items():
        page.wait_for_selector(selector, state="attached")
        found[part] = page.evaluate("performance.now()") / 1000
    page.wait_for_function("async () => (await navigator.serviceWorker.ready).active.state === 'activated'")
    page.wait_for_load_state("networkidle")
    slider = page.locator("#root").get_by_role("slider", name=SLIDER)
    if slider.count():
        page.wait_for_selector(IDLE)
        page.wait_for_timeout(1000)  # the first picture becomes the better one
        slider.focus()
        page.evaluate(CHANGED)
        slider.press("ArrowRight")
        found["slider"] = page.evaluate("window.changed") / 1000
    page.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pieces", type=Path)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    print(
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; modules {'compiled' if compiles() else 'not compiled'} at build time"
    )
    with tempfile.TemporaryDirectory() as folder, launched_browser() as browser:
        build(Path(folder), (arguments.pieces,))
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(HostOfFiles, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        visits: dict[str, list[dict[str, float]]] = {}
        for _ in range(arguments.times):
            for name, (query, parts) in PAGES.items():
                context = browser.new_context(viewport={"width": 1440, "height": 1000})
                context.set_default_timeout(LIMIT)
                for which in ("first visit", "second visit"):
                    found = visit(context, f"http://127.0.0.1:{server.server_port}/{query}", parts)
                    visits.setdefault(f"{name}, {which}", []).append(found)
                context.close()
        server.shutdown()
    for which, found in visits.items():
        seconds = ", ".join(f"{part} {statistics.median(each[part] for each in found):.1f} s" for part in found[0])
        print(f"{which:23}{seconds} (medians of {arguments.times})")
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
