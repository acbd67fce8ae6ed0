"""How long a visitor of the static site waits: for the picture made when it was built, and for the first chart; the first time, and again.

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
from tests.browser.conftest import PATIENCE, launched_browser
from tests.browser.test_static import HostOfFiles

PARTS = {"picture": "#start figure path", "chart": ".js-plotly-plot .main-svg"}


def visit(context: BrowserContext, address: str) -> dict[str, float]:
    """Seconds from the address to each part of the page."""
    page = context.new_page()
    page.goto(address, wait_until="commit")
    found = {}
    for part, selector in PARTS.items():
        page.wait_for_selector(selector, state="attached")
        found[part] = page.evaluate("performance.now()") / 1000
    page.wait_for_function("async () => (await navigator.serviceWorker.ready).active.state === 'activated'")
    page.wait_for_load_state("networkidle")
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
        visits: dict[str, list[dict[str, float]]] = {"first visit": [], "second visit": []}
        for _ in range(arguments.times):
            context = browser.new_context(viewport={"width": 1440, "height": 1000})
            context.set_default_timeout(PATIENCE)
            for which in visits:
                visits[which].append(visit(context, f"http://127.0.0.1:{server.server_port}/"))
            context.close()
        server.shutdown()
    for which, found in visits.items():
        seconds = ", ".join(f"{part} {statistics.median(each[part] for each in found):.1f} s" for part in PARTS)
        print(f"{which:14}{seconds} (medians of {arguments.times})")


if __name__ == "__main__":
    main()
