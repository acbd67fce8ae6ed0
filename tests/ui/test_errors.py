"""Whatever breaks, the rest of the page stands, a sentence says what to do, and nothing of the error gets to the visitor."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from propagation.labs.evidence import EVIDENCE
from propagation.labs.protocol import Lab
from propagation.papers import PAPERS
from propagation.ui import pages, results
from propagation.ui.pages import width
from propagation.ui.session import experiment
from propagation.ui.widgets import answer, controls, lesson_charts
from tests.patience import PATIENCE
from ui.shown import charts

APP = Path(__file__).parents[2] / "app.py"
PAGES = {page.slug: page for page in pages.PAGES}
#: pages that compute nothing before they are asked to
UNASKED = ("start", "lesson", "race")
#: pages whose pictures are none of charts
WITHOUT_CHARTS = ("start",)
SECRET = "a detail that is nobody's business"
SMALL = {"depth": "3", "width": "8", "inputs": "2", "trials": "2"}


def opened(page: str, seed: int) -> AppTest:
    """A page, as app.py opens it."""
    script = f"""
from propagation.ui.session import experiment
from propagation.ui.widgets import controls
from propagation.ui.pages import PAGES
from propagation.ui.widgets.panels import panel

experiment.sync_from_url()
config = experiment.sync_to_url()
[page] = [page for page in PAGES if page.slug == "{page}"]
if page.shows_controls:
    controls.draw_all()
with panel("The rest of this page"):
    page.render(config)
"""
    app = AppTest.from_string(script, default_timeout=PATIENCE)
    for name, value in (SMALL | {"seed": str(seed)}).items():
        app.query_params[name] = value
    return app.run()


def arrived() -> AppTest:
    """Explore, as a visitor finds it."""
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    app.query_params["page"] = "explore"
    return app.run()


def fail(*args, **kwargs):
    raise RuntimeError(SECRET)


def break_all(page: str, monkeypatch, *floors: str) -> None:
    """Let everything fail that a page has from these floors of the house."""
    for module in (importlib.import_module(f"propagation.ui.pages.{PAGES[page].module or page}"), answer, results, lesson_charts):
        for name in functions(module, *floors):
            monkeypatch.setattr(module, name, fail)
        if "labs" in floors:
            for name, lab in [(name, value) for name, value in vars(module).items() if isinstance(value, Lab)]:
                monkeypatch.setattr(module, name, replace(lab, name="a lab that fails", measure=fail))
            for chart, lab in EVIDENCE.items():
                monkeypatch.setitem(EVIDENCE, chart, replace(lab, name="a lab that fails", measure=fail))
    if "engine" in floors:
        monkeypatch.setattr("propagation.simulate", fail)
    broken = {part: fail for floor, part in (("labs", "measure"), ("charts", "draw")) if floor in floors}
    for name, paper in PAPERS.items():
        monkeypatch.setitem(PAPERS, name, replace(paper, **broken))


def only_sentences(app: AppTest) -> bool:
    """Whether errors are told in our own words, and their details are not."""
    return not app.exception and SECRET not in str(app.main) and all("could not be drawn. " in error.value for error in app.error)


def functions(module: ModuleType, *floors: str) -> list[str]:
    """The names in a module of functions that come from these floors of the house."""
    found = {name: value for name, value in vars(module).items() if inspect.isfunction(value)}
    return [name for name, value in found.items() if value.__module__.startswith(tuple(f"propagation.{floor}" for floor in floors))]


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page not in WITHOUT_CHARTS])
def test_charts_that_fail_leave_all_words_standing(page, monkeypatch, caplog):
    monkeypatch.setattr(width, "widths_of", lambda config: (16, 64))  # the wide ones take seconds
    whole = opened(page, seed=1) if not PAGES[page].own_networks else None
    break_all(page, monkeypatch, "charts")
    broken = opened(page, seed=2)
    assert broken.error and only_sentences(broken)
    assert SECRET in caplog.text
    assert broken.title[0].value.endswith("?")
    assert whole is None or (not whole.error and len(broken.expander) == len(whole.expander))


@pytest.mark.parametrize("page", PAGES)
def test_numbers_that_fail_leave_a_sentence_and_the_controls(page, monkeypatch, caplog):
    break_all(page, monkeypatch, "labs", "theory", "engine", "diagnosis", "reports")
    broken = opened(page, seed=3)
    assert only_sentences(broken)
    assert bool(broken.error) == (SECRET in caplog.text) == (page not in UNASKED)
    assert not any("Simulating" in header.value for header in broken.header)
    assert broken.title[0].value.endswith("?")
    assert PAGES[page].own_networks or broken.select_slider(key="weight_variance")


def test_controls_that_fail_leave_the_page(monkeypatch):
    monkeypatch.setattr(controls, "_network", fail)
    app = arrived()
    assert ["The controls could not be drawn. Reload the page" in error.value for error in app.error] == [True]
    assert only_sentences(app) and charts(app)


def test_an_experiment_that_cannot_be_had_says_how_to_get_another(monkeypatch):
    monkeypatch.setattr(experiment, "sync_to_url", fail)
    app = arrived()
    assert ["This experiment could not be drawn. Open the address without" in error.value for error in app.error] == [True]
    assert only_sentences(app) and not app.title


def test_a_page_that_fails_leaves_the_menu_and_the_controls(monkeypatch):
    monkeypatch.setattr("propagation.ui.pages.explore._title", fail)
    app = arrived()
    assert ["The rest of this page could not be drawn" in error.value for error in app.error] == [True]
    assert only_sentences(app)


def test_an_error_that_nobody_catches_is_seen():
    """Negative control."""
    app = AppTest.from_string(f"raise RuntimeError({SECRET!r})").run()
    assert not only_sentences(app)


def test_a_verdict_that_fails_leaves_the_chart_of_ones_own_network(monkeypatch):
    monkeypatch.setattr("propagation.ui.pages.network.diagnose", fail)
    broken = opened("network", seed=4)
    assert ["The verdict could not be drawn" in error.value for error in broken.error] == [True]
    assert only_sentences(broken) and charts(broken)
