"""The papers page in a browser: all papers on a phone, and a link that opens what it names."""

from __future__ import annotations

from propagation.papers.publications import publications
from tests.browser.streamlit_page import ALERT, EXCEPTION, MAIN


def test_all_papers_on_a_phone(phone):
    phone.open("papers")
    first = next(iter(publications().values()))
    for paper in publications().values():
        if paper is not first:
            phone.choose("Paper", f"{paper.label} · {paper.title}")
        phone.page.get_by_role("link", name=paper.title).wait_for()
        phone.page.get_by_text("Where we differ").wait_for()
        phone.settle()
        assert phone.page.locator(MAIN).get_by_text("It holds").count() == 1
        assert phone.page.locator(".js-plotly-plot").count() >= 1
        assert phone.page.locator(f"{EXCEPTION}, {ALERT}").count() == 0
        assert phone.page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert "paper=cowsik" in phone.page.url


def test_a_link_opens_the_papers_network(visitor):
    visitor.open("papers?paper=he")
    visitor.page.get_by_text("Open in Compare").click()
    visitor.page.get_by_text("Which initialization wins?").wait_for()
    visitor.settle()
    assert "/compare" in visitor.page.url and "depth=30" in visitor.page.url and "glorot.relu.gaussian" in visitor.page.url
    names = {trace["name"] for trace in visitor.figure()["traces"]}
    assert any("He 2015" in name for name in names) and any("Glorot 2010" in name for name in names)
    visitor.page.go_back()
    visitor.page.get_by_text("What did the papers show").wait_for()
    visitor.settle()
    assert "paper=he" in visitor.page.url
