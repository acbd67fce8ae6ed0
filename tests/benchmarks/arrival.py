"""How long a visitor waits for the page: from the address to the headline and to the chart, in a browser that has never seen it.

    BROWSER_FOR_TESTS=/usr/bin/chromium python tests/benchmarks/arrival.py

First visitor: the server has only just been started, and imports the app for this visit. The rival is a page of Streamlit's slider and
chart alone (`bare_app.py`).
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.browser.conftest import launched_browser, running_app

BARE = Path(__file__).parent / "bare_app.py"
STARTS, VISITS = 3, 4
SHOWN = {"headline": "h2", "chart": ".js-plotly-plot .main-svg"}
#: keeps the time of the first frame in which each part is there; asked from outside, it would be known half a second later
WATCH = """parts => {
    window.arrived = {};
    const look = now => {
        for (const [part, selector] of Object.entries(parts))
            if (!window.arrived[part] && document.querySelector(selector)) window.arrived[part] = now / 1000;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def main() -> None:
    print("seconds, medians            first visitor           later ones")
    print("                          headline   chart       headline   chart")
    for name, script, parts in [("Streamlit alone", str(BARE), ["chart"]), ("Explore", "app.py", list(SHOWN))]:
        first, later = [], []
        for _ in range(STARTS):
            with running_app(script) as address:
                first.append(arrival(address, parts))
                later += [arrival(address, parts) for _ in range(VISITS)]
        print(f"{name:18}{_line(first, parts)}      {_line(later, parts)}", flush=True)


def arrival(address: str, parts: list[str]) -> dict[str, float]:
    """Seconds until each of these parts of the page is there."""
    with launched_browser() as browser:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.add_init_script(f"({WATCH})({json.dumps(SHOWN)})")
        page.goto(address)
        page.wait_for_function("parts => parts.every(part => window.arrived[part])", arg=parts, timeout=60_000)
        return page.evaluate("window.arrived")


def _line(visits: list[dict[str, float]], parts: list[str]) -> str:
    return "".join(f"{statistics.median(visit[part] for visit in visits):10.2f}" if part in parts else f"{'':10}" for part in SHOWN)


if __name__ == "__main__":
    main()
