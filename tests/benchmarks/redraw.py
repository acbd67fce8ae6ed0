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

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.browser.conftest import Visitor, launched_browser, running_app

BARE = Path(__file__).parent / "bare_app.py"
SLIDER = "Weight variance σ_w²"
PRESSES = 20
#: seconds that a slider is pulled, and between two moves of the hand
SECONDS, PAUSE = 5.0, 0.03
#: how long a hand rests before it lets go, in seconds
REST = 0.2
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
    print("milliseconds, medians       key press to     redraws a second,   last redraw after release,")
    print("                           first   whole          slider held      at once   after a rest")
    with running_app(str(BARE)) as bare, running_app() as app, launched_browser() as browser:
        for name, address, query in [("Streamlit alone", bare, ""), *((name, app, query) for name, query in CASES.items())]:
            visitor = Visitor(browser.new_context(viewport={"width": 1440, "height": 1000}).new_page(), address)
            visitor.open(query)
            visitor.page.evaluate(WATCH)
            first, whole = pressed(visitor)
            rate, at_once, rested = dragged(visitor), released(visitor, 0.0), released(visitor, REST)
            print(f"{name:26}{first:6.0f}{whole:8.0f}{rate:21.1f}{at_once:13.0f}{rested:15.0f}", flush=True)
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


def dragged(visitor: Visitor) -> float:
    """Redraws a second while the slider is pulled to and fro, median of three."""
    rates = []
    for _ in range(3):
        hand, step = visitor.take(SLIDER), 2.0
        visitor.page.evaluate("window.redraws.length = 0")
        began = time.monotonic()
        while time.monotonic() - began < SECONDS:
            step = -2.0 if hand.share > 0.8 else 2.0 if hand.share < 0.2 else step
            hand.pull(step)
            time.sleep(PAUSE)
        rates.append(visitor.page.evaluate("window.redraws.length") / (time.monotonic() - began))
        hand.let_go()
    return statistics.median(rates)


def released(visitor: Visitor, rest: float) -> float:
    """Milliseconds from letting go to the last redraw, after so many seconds of rest; median over values not seen before."""
    waits = []
    for goal in (0.75, 0.3, 0.65, 0.4, 0.55):
        hand = visitor.take(SLIDER)
        step = (goal + rest / 20 - hand.share) * hand.width / 20
        for _ in range(20):
            hand.pull(step)
            time.sleep(PAUSE)
        time.sleep(rest)
        hand.let_go()
        waits.append(max(0.0, visitor.page.evaluate("window.redraws.at(-1) - window.acted")))
    return statistics.median(waits)


if __name__ == "__main__":
    main()
