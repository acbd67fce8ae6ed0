"""How long a visitor waits: from a key press on a slider to the chart that answers it, in a real browser.

    BROWSER_FOR_TESTS=/usr/bin/chromium python tests/benchmarks/redraw.py
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.conftest import Visitor, launched_browser, running_app

PRESSES = 12
CASES = {
    "default": "",
    "He + ReLU": "?activation=relu&scheme=he&bias_variance=0",
    "uniform weights, 256 wide": "?weight_law=uniform&width=256&trials=4",
    "64 inputs": "?inputs=64",
}
#: milliseconds from the key press to the first redraw of the chart with other numbers
WAIT = """slider => new Promise(done => {
    const plot = document.querySelector('.js-plotly-plot');
    const before = JSON.stringify(plot.data.map(t => Array.from(t.y || [])));
    const input = [...document.querySelectorAll('input[type=range]')].find(e => e.getAttribute('aria-label') === slider);
    window.pressed = performance.now();
    const look = () => {
        const now = document.querySelector('.js-plotly-plot');
        if (now && JSON.stringify(now.data.map(t => Array.from(t.y || []))) !== before) done(performance.now() - window.pressed);
        else if (performance.now() - window.pressed > 20000) done(NaN);
        else requestAnimationFrame(look);
    };
    input.focus();
    look();
})"""


def main() -> None:
    print(f"{'milliseconds, key press to redraw':34}{'median':>8}{'worst':>8}")
    with running_app() as address, launched_browser() as browser:
        for name, query in CASES.items():
            visitor = Visitor(browser.new_context(viewport={"width": 1440, "height": 1000}).new_page(), address)
            visitor.open(query)
            waits = []
            for _ in range(PRESSES):
                visitor.page.get_by_role("slider", name="Weight variance σ_w²").focus()
                visitor.page.evaluate(f"window.wait = ({WAIT})('Weight variance σ_w²'); 0")
                visitor.page.keyboard.press("ArrowRight")
                waits.append(visitor.page.evaluate("window.wait"))
                visitor.settle()
            print(f"{name:34}{statistics.median(waits[2:]):8.0f}{max(waits[2:]):8.0f}", flush=True)


if __name__ == "__main__":
    main()
