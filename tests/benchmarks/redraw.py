"""How long a visitor waits, in a real browser: from a key press on a slider to the chart that answers it, and while a slider is held.

    BROWSER_FOR_TESTS=/usr/bin/chromium python tests/benchmarks/redraw.py

First: a chart with the new value, of a few draws of the network. Whole: the last redraw of that press, with all draws. The first line is
the rival: a page of Streamlit's slider and chart alone, with curves by a formula (`bare_app.py`).
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.conftest import Visitor, launched_browser, running_app

BARE = Path(__file__).parent / "bare_app.py"
SLIDER = "Weight variance σ_w²"
PRESSES = 20
SECONDS = 5.0
CASES = {
    "default": "",
    "He + ReLU": "?activation=relu&scheme=he&bias_variance=0",
    "uniform weights, 256 wide": "?weight_law=uniform&width=256&trials=4",
    "64 inputs": "?inputs=64",
}
#: keeps the time of every redraw that shows other numbers, and of the last key press and release
WATCH = """() => {
    window.redraws = [];
    const drawn = () => document.querySelector('.js-plotly-plot')?.data;
    const numbers = data => data.filter(trace => trace.type === 'scatter').map(trace => String(trace.y.bdata ?? trace.y)).join();
    let seen = drawn(), before = numbers(seen);
    const look = () => {
        const data = drawn();
        if (data && data !== seen) {
            seen = data;
            const now = numbers(data);
            if (now !== before) window.redraws.push(performance.now());
            before = now;
        }
    };
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true});
    addEventListener('keydown', () => (window.acted = performance.now()), true);
    addEventListener('pointerup', () => (window.acted = performance.now()), true);
}"""


def main() -> None:
    print("milliseconds, medians      key press to first    to whole   redraws a second,    last redraw")
    print("                                                             slider held          after release")
    with running_app(str(BARE)) as bare, running_app() as app, launched_browser() as browser:
        for name, address, query in [("Streamlit alone", bare, ""), *((name, app, query) for name, query in CASES.items())]:
            visitor = Visitor(browser.new_context(viewport={"width": 1440, "height": 1000}).new_page(), address)
            visitor.open(query)
            visitor.page.evaluate(WATCH)
            first, whole = pressed(visitor)
            rate, last = dragged(visitor)
            print(f"{name:28}{first:18.0f}{whole:12.0f}{rate:20.1f}{last:17.0f}", flush=True)
            visitor.page.context.close()


def pressed(visitor: Visitor) -> tuple[float, float]:
    """Milliseconds from a key press to the first and to the last redraw it brings, medians."""
    waits = []
    visitor.page.get_by_role("slider", name=SLIDER).focus()
    for _ in range(PRESSES):
        visitor.page.evaluate("window.redraws.length = 0")
        visitor.page.keyboard.press("ArrowRight")
        visitor.settle()
        waits.append(visitor.page.evaluate("[window.redraws[0] - window.acted, window.redraws.at(-1) - window.acted]"))
    firsts, wholes = zip(*waits[2:], strict=True)
    return statistics.median(firsts), statistics.median(wholes)


def dragged(visitor: Visitor) -> tuple[float, float]:
    """Redraws a second while the slider is pulled to and fro, and milliseconds from letting go to the last redraw (median of three)."""
    rates, lasts = [], []
    for _ in range(3):
        x, y, left, width = visitor.page.get_by_role("slider", name=SLIDER).evaluate(
            """thumb => {
                const [rail, own] = [thumb.closest('[data-testid=stSlider]'), thumb].map(element => element.getBoundingClientRect());
                return [own.x + own.width / 2, own.y + own.height / 2, rail.x, rail.width];
            }"""
        )
        mouse, step = visitor.page.mouse, 2.0
        mouse.move(x, y)
        mouse.down()
        visitor.page.evaluate("window.redraws.length = 0")
        began = time.monotonic()
        while time.monotonic() - began < SECONDS:
            step = -step if not left + 0.2 * width < x + step < left + 0.8 * width else step
            x += step
            mouse.move(x, y)
            time.sleep(0.03)
        rates.append(visitor.page.evaluate("window.redraws.length") / (time.monotonic() - began))
        mouse.up()
        visitor.settle()
        lasts.append(visitor.page.evaluate("window.redraws.at(-1) - window.acted"))
    return statistics.median(rates), statistics.median(lasts)


if __name__ == "__main__":
    main()
