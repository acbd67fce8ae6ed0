"""How long a visitor waits for the page: from the address to the headline and to the chart, in a browser that has never seen it.

    BROWSER_FOR_TESTS=/usr/bin/chromium python tests/benchmarks/arrival.py

First visitor: the server has only just been started, and imports the app for this visit. The rival is a page of Streamlit's slider and
chart alone (`bare_app.py`). Picture: the curves as plain SVG, which stand until Plotly is there. Slow links and processors are Chromium's
own imitation of them.
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
SHOWN = {"headline": "h2", "picture": ".plot path, .js-plotly-plot .main-svg", "chart": ".js-plotly-plot .main-svg"}
#: megabit a second, milliseconds of a round trip, and how many times slower the processor is
LINKS = {"this machine": None, "10 Mbit, slow phone": (10.0, 40, 4), "1.6 Mbit, slow phone": (1.6, 150, 4)}
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
    print("seconds, medians                first visitor                    later ones")
    print("                       headline   picture   chart      headline   picture   chart")
    for link in LINKS:
        print(link)
        for name, script, path, parts in [("Streamlit alone", str(BARE), "", ["chart"]), ("Explore", "app.py", "/explore", list(SHOWN))]:
            first, later = [], []
            for _ in range(STARTS):
                with running_app(script) as server:
                    address = f"{server}{path}"
                    first.append(arrival(address, parts, link))
                    later += [arrival(address, parts, link) for _ in range(VISITS if LINKS[link] is None else 1)]
            print(f"{name:21}{_line(first, parts)}   {_line(later, parts)}", flush=True)


def arrival(address: str, parts: list[str], link: str) -> dict[str, float]:
    """Seconds until each of these parts of the page is there."""
    with launched_browser() as browser:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        if LINKS[link] is not None:
            megabit, round_trip, slower = LINKS[link]
            session = page.context.new_cdp_session(page)
            rate = {"downloadThroughput": megabit * 125_000, "uploadThroughput": megabit * 125_000}
            session.send("Network.emulateNetworkConditions", {"offline": False, "latency": round_trip, **rate})
            session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.add_init_script(f"({WATCH})({json.dumps(SHOWN)})")
        page.goto(address, timeout=120_000)
        page.wait_for_function("parts => parts.every(part => window.arrived[part])", arg=parts, timeout=120_000)
        return page.evaluate("window.arrived")


def _line(visits: list[dict[str, float]], parts: list[str]) -> str:
    return "".join(f"{statistics.median(visit[part] for visit in visits):10.2f}" if part in parts else f"{'':10}" for part in SHOWN)


if __name__ == "__main__":
    main()
