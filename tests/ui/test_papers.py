"""The papers page as a visitor uses it, without a browser: each paper's verdict, figure, numbers and link; what it says when it fails."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from propagation.config import Config
from propagation.papers import PAPERS
from propagation.papers.paper import Finding
from propagation.papers.publications import Published
from propagation.rules import settled
from propagation.ui.pages import PAGES
from propagation.ui.pages import papers as page
from tests.patience import PATIENCE
from ui.shown import charts

PAGE = "from propagation.ui.widgets import controls\nfrom propagation.ui.pages import papers\npapers.render(controls.draw())"
#: charts of those that have not one alone
FIGURES = {"glorot": 2, "saxe": 2, "poole": 2, "schoenholz": 2, "pretorius": 2, "bachlechner": 2}


def opened(**query: str) -> AppTest:
    """The page, opened at an address."""
    app = AppTest.from_string(PAGE, default_timeout=PATIENCE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption))


@pytest.mark.slow
@pytest.mark.parametrize("name", PAPERS)
def test_every_paper_is_shown_with_its_verdict_figure_and_numbers(name):
    app = opened(paper=name)
    paper = PAPERS[name].publication
    assert not app.error and app.title[0].value.endswith("?")
    assert len(charts(app)) == FIGURES.get(name, 1)
    assert paper.url in words(app) and "Where we differ" in words(app)
    table = next(element.value for element in app.markdown if "| reported |" in element.value)
    assert table.count("\n") == 1 + len(paper.numbers)
    disagreeing = sum(not number.agrees for number in paper.numbers)
    assert table.count("✗") == disagreeing and table.count("✓") == len(paper.numbers) - disagreeing
    assert ("in part" in app.header[0].value) == (disagreeing > 0)
    assert len(app.get("page_link")) == 1


@pytest.mark.parametrize("name", PAPERS)
def test_a_link_leads_to_a_page_that_understands_it(name):
    link = PAPERS[name].link
    page_of_link = next(page for page in PAGES if page.slug == link.page)
    fields = {key: value for key, value in link.query.items() if key not in page_of_link.parameters}
    config, problems = Config.from_query(fields)
    assert problems == [] and config.to_query() == fields
    assert settled(config) == config, "a field that its scheme overrules would be lost on the way"


def test_glorots_three_figures_are_one_click_apart():
    app = opened()
    app.segmented_control(key="signal").set_value("delta").run()
    assert app.query_params["signal"] in ("delta", ["delta"]) and not app.error
    assert len(charts(app)) == 2


def test_another_draw_is_another_network():
    app = opened(paper="he")
    before = charts(app)[0]
    next(button for button in app.button if button.label == "Draw again").click().run()
    assert charts(app)[0] != before
    assert app.query_params["seed"] in ("1", ["1"])


def test_an_unknown_paper_shows_the_first():
    assert "Xavier Glorot" in words(opened(paper="<b>nobody</b>"))


def test_the_sidebar_changes_nothing_but_the_seed(monkeypatch):
    seen = []
    kumar = PAPERS["kumar"]
    spied = replace(kumar, measure=lambda config, progress: seen.append(config) or kumar.measure(config))
    monkeypatch.setitem(page.PAPERS, "kumar", spied)
    opened(paper="kumar", depth="7", seed="12345")
    assert seen == [replace(kumar.config, seed=12345)]


def test_a_failing_experiment_leaves_the_paper_and_the_link(monkeypatch):
    def fail(config, progress):
        raise RuntimeError("secret detail")

    monkeypatch.setitem(page.PAPERS, "he", replace(PAPERS["he"], measure=fail))
    app = opened(paper="he", seed="77")
    assert "could not be drawn" in app.error[0].value and "secret" not in app.error[0].value
    assert "Kaiming He" in words(app) and len(app.get("page_link")) == 1


def test_a_broken_data_file_is_a_sentence(monkeypatch):
    def broken():
        raise ValueError("one, number 1: no value")

    monkeypatch.setattr(page, "publications", broken)
    assert "could not be drawn" in opened().error[0].value


def test_the_difference_is_said_in_words():
    about = Published("n", "w", "eq. 1", 2.0, 0.1)
    assert page._difference(about, 2.0) == "the same"
    assert page._difference(about, 1.8) == "10 % less" and page._difference(about, 2.1) == "5 % more"
    assert page._difference(about, 16.0) == "8 times"
    assert page._difference(Published("n", "w", "eq. 1", 2.0, relation="below"), 1.0) == ""
    assert page._difference(Published("n", "w", "eq. 1", 0.0, 0.1), 0.05) == "", "nothing is a share of 0"


def test_the_verdict_counts():
    said = replace(PAPERS["luther"].publication, numbers=(Published("a", "w", "s", 1.0, 0.1), Published("b", "w", "s", 1.0, 0.1)))
    assert "both numbers agree" in page.verdict(said, Finding({"a": 1.0, "b": 1.05}, None))
    assert "1 of 2" in page.verdict(said, Finding({"a": 1.0, "b": 2.0}, None))
