"""The app as a browser runs it: no threads, smaller budgets, and a Streamlit of another edition."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from propagation.ui import browser

pytestmark = pytest.mark.slow

#: run in a fresh process that says it is a browser, and in which no thread and no process can be started
AS_A_BROWSER = """
import json, sys, threading
import numpy, plotly.graph_objects, streamlit
sys.platform = sys.argv[1]
if sys.platform == "emscripten":
    def refuse(*_):
        raise RuntimeError("can't start new thread")
    threading.Thread.start = refuse
from propagation import Config, simulate
from propagation.engine.cost import work
from propagation.labs.race import race
from propagation.labs.width import WIDTH, widths_of
from propagation import budget
config = Config(depth=5, width=512, inputs=64, trials=16)
trace = simulate(config)
print(json.dumps({
    "seconds": work(Config(trials=1)).seconds, "most": [budget.MOST_BYTES, budget.MOST_SECONDS], "default": budget.refusal(Config()),
    "widest": widths_of(WIDTH.uses(Config()))[-1], "size": float(trace.z.log10_second_moment[0, -1]),
}))
"""


def run_as(platform: str) -> dict:
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", AS_A_BROWSER, platform], cwd=root, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def editions() -> tuple[dict, dict]:
    return run_as("emscripten"), run_as("linux")


def test_a_browser_computes_the_same_without_threads(editions):
    here, server = editions
    assert here["size"] == server["size"]


def test_a_browser_expects_more_time_and_takes_on_less(editions):
    here, server = editions
    assert here["seconds"] > server["seconds"]
    assert all(least < most for least, most in zip(here["most"], server["most"], strict=True))
    assert here["widest"] < server["widest"]


def test_a_browser_takes_on_what_the_app_opens_with(editions):
    here, _ = editions
    assert here["default"] == ""


def test_what_components_ask_for_is_put_in_where_it_is_missing(monkeypatch):
    class Runtime:
        pass

    edition = SimpleNamespace(Runtime=Runtime, exists=lambda: True, get_instance=lambda: "the runtime")
    monkeypatch.setattr(browser, "runtime", edition)
    browser.complete_streamlit()
    assert not hasattr(Runtime, "instance"), "a server's Streamlit is left alone"
    monkeypatch.setattr(browser, "IN_BROWSER", True)
    browser.complete_streamlit()
    assert Runtime.exists() and Runtime.instance() == "the runtime"
