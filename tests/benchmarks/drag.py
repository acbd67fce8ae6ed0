"""The chart under the hand, in a real browser: how often it changes while a slider is held, and how soon, on this machine and over a link.

    BROWSER_FOR_TESTS=/usr/bin/chromium python tests/benchmarks/drag.py

What is on the page is looked at in every frame, whatever has drawn it. The rival is a page of Streamlit's slider and chart alone, with
curves by a formula (`bare_app.py`); it answers on release only.
"""

from __future__ import annotations

import itertools
import math
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from delay import delayed
from playwright.sync_api import Browser

from tests.browser.conftest import Visitor, launched_browser, running_app
from tests.browser.streamlit_page import MAIN

BARE = Path(__file__).parent / "bare_app.py"
SLIDER = "Weight variance σ_w²"
PRESSES = 12
#: seconds that a slider is pulled, and between two moves of the hand
SECONDS, PAUSE = 5.0, 0.01
#: how long a hand is near a slider before it takes it, in seconds
NEAR = 3.0
ROUND_TRIPS = (0.0, 0.1)
CASES = {
    "default": "?page=explore",
    "He + ReLU": "?activation=relu&scheme=he&bias_variance=0",
    "uniform weights, 256 wide": "?weight_law=uniform&width=256&trials=4",
    "64 inputs": "?inputs=64",
}
#: keeps the time of every frame in which the chart has changed, and of the last key press, move and release of the hand
WATCH = """() => {
    window.changes = [];
    let changed = false;
    const drawing = { subtree: true, childList: true, attributeFilter: ['d', 'transform'] };
    new MutationObserver(() => (changed = true)).observe(document.querySelector('.plot') ?? document.querySelector('MAIN'), drawing);
    const look = () => {
        if (changed) window.changes.push(performance.now());
        changed = false;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    for (const event of ['keydown', 'pointermove', 'pointerup'])
        addEventListener(event, () => (window[event] = performance.now()), true);
}""".replace("MAIN", MAIN)


def main() -> None:
    print("                            while the slider is held          first change, ms        key press    release to")
    print("                          changes/s  gaps p50   p95, ms   table there    not yet     to chart      answer, ms")
    with running_app(str(BARE)) as bare, running_app() as app, launched_browser() as browser:
        for round_trip in ROUND_TRIPS:
            print(f"round trip {1000 * round_trip:.0f} ms")
            with delayed(bare, round_trip) as slow_bare, delayed(app, round_trip) as slow_app:
                for name, address, query in [("Streamlit alone", slow_bare, ""), *((name, slow_app, CASES[name]) for name in CASES)]:
                    print(f"{name:26}{measured(browser, address, query)}", flush=True)


def measured(browser: Browser, address: str, query: str) -> str:
    """One line of the table."""
    visitor = Visitor(browser.new_context(viewport={"width": 1440, "height": 1000}).new_page(), address)
    visitor.open(query)
    visitor.page.evaluate(WATCH)
    not_yet, there = (first_change(visitor, near) for near in (0.0, NEAR))
    rate, gaps = dragged(visitor)
    middle, late = (statistics.quantiles(gaps, n=20)[place] for place in (9, 18)) if len(gaps) > 1 else (math.inf, math.inf)
    line = f"{rate:9.1f}{middle:10.0f}{late:10.0f}{there:14.0f}{not_yet:11.0f}{pressed(visitor):13.0f}{released(visitor):16.0f}"
    visitor.page.context.close()
    return line


def first_change(visitor: Visitor, near: float) -> float:
    """Milliseconds from the first move of a slider that is held to the first change, after so many seconds near it; infinite for none."""
    box = visitor.page.get_by_role("slider", name=SLIDER).locator("xpath=ancestor::*[@data-testid='stSlider']").bounding_box()
    if near:
        visitor.page.mouse.move(box["x"] + 5, box["y"] + 5)
        time.sleep(near)
    hand = visitor.take(SLIDER)
    visitor.page.evaluate("window.changes.length = 0")
    hand.pull(12, steps=2)
    moved = visitor.page.evaluate("window.pointermove")
    visitor.page.wait_for_timeout(1500)
    change = visitor.page.evaluate("window.changes[0] ?? Infinity") - moved
    hand.let_go()
    return max(0.0, change)


def pressed(visitor: Visitor) -> float:
    """Milliseconds from a key press to the first change it brings, median."""
    waits = []
    visitor.page.get_by_role("slider", name=SLIDER).focus()
    for _ in range(PRESSES):
        visitor.page.evaluate("window.changes.length = 0")
        visitor.page.keyboard.press("ArrowRight")
        visitor.settle()
        waits.append(visitor.page.evaluate("window.changes[0] - window.keydown"))
    return statistics.median(waits[1:])


def dragged(visitor: Visitor) -> tuple[float, list[float]]:
    """Changes a second while the slider is pulled to and fro, and the milliseconds between them."""
    hand, step = visitor.take(SLIDER), 2.0
    visitor.page.evaluate("window.changes.length = 0")
    began = time.monotonic()
    while time.monotonic() - began < SECONDS:
        step = -2.0 if hand.share > 0.8 else 2.0 if hand.share < 0.2 else step
        hand.pull(step)
        time.sleep(PAUSE)
    changes = visitor.page.evaluate("window.changes")
    rate = len(changes) / (time.monotonic() - began)
    hand.let_go()
    return rate, [after - before for before, after in itertools.pairwise(changes)]


def released(visitor: Visitor) -> float:
    """Milliseconds from letting go to the last change, which is the whole answer; median over values not seen before."""
    waits = []
    for goal in (0.75, 0.3, 0.65, 0.4, 0.55):
        hand = visitor.take(SLIDER)
        hand.pull((goal - hand.share) * hand.width, steps=10)
        hand.let_go()
        visitor.page.wait_for_timeout(1500)  # the curves from before are gone then
        waits.append(visitor.page.evaluate("(window.changes.filter(time => time < window.pointerup + 900).at(-1) ?? Infinity) - pointerup"))
    return statistics.median(waits)


if __name__ == "__main__":
    main()
