"""A page is declared once: every module is in the registry, and a page reads no parameter of the address that it does not declare."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from propagation.ui import pages
from propagation.ui.pages import KEPT_BY, PAGES, PRESENT, PageSpec
from propagation.ui.session import experiment
from tests.patience import PATIENCE

FOLDER = Path(pages.__file__).parent
SMALL = {"depth": "3", "width": "8", "inputs": "2", "trials": "1", "activation": "relu"}
#: what is in the midst of it, where a page opens before that
QUERIES = {"papers": {"paper": "glorot_2010"}}


def test_every_module_is_a_page_and_every_page_is_a_module():
    modules = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert modules == {page.module or page.slug for page in PAGES}
    assert len({page.slug for page in PAGES}) == len({page.title for page in PAGES}) == len(PAGES) == len(modules)


def test_sections_are_not_taken_apart():
    """The menu shows pages by section: their order here is then also that of the menu."""
    sections = [page.section for page in PAGES]
    assert sections == sorted(sections, key=sections.index) and len(set(sections)) > 1


def test_a_page_with_networks_of_its_own_needs_no_controls():
    assert not [page.slug for page in PAGES if page.own_networks and page.shows_controls]


def test_the_registry_needs_no_streamlit():
    code = "import sys; from propagation.ui.pages import PAGES; assert PAGES and 'streamlit' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parents[2]).returncode == 0


def undeclared(page: PageSpec, monkeypatch) -> set[str]:
    """The parameters that a page asks for in the address, and does not declare. Whether the app is presented is asked on all of them."""
    asked: set[str] = set()

    def page_parameter(name: str, default: str) -> str:
        asked.add(name)
        return read(name, default)

    read = experiment.page_parameter
    monkeypatch.setattr(experiment, "page_parameter", page_parameter)
    monkeypatch.setattr("propagation.ui.pages.width.widths_of", lambda config: (16, 64))  # the wide ones take seconds
    app = AppTest.from_file(str(FOLDER.parents[2] / "app.py"), default_timeout=PATIENCE)
    for name, value in (SMALL | QUERIES.get(page.slug, {}) | {"page": page.slug}).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    assert PRESENT in asked
    asked.remove(PRESENT)
    assert asked or not page.parameters
    return asked - {*page.parameters} - {name for name, keeper in KEPT_BY.items() if keeper != page.slug}  # which no address here has


@pytest.mark.parametrize("page", [pytest.param(page, marks=[pytest.mark.slow] * page.own_networks, id=page.slug) for page in PAGES])
def test_a_page_declares_what_it_reads_in_the_address(page, monkeypatch):
    assert not undeclared(page, monkeypatch)


def test_a_parameter_that_is_not_declared_is_seen(monkeypatch):
    """Negative control."""
    assert undeclared(PageSpec("phase", "", "", ""), monkeypatch) == {"plane"}
