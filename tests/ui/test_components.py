"""Components: every file has its Python side, and what Streamlit calls the parts of its page stands in one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from propagation.ui import components
from propagation.ui.components import mount, streamlit_page

FOLDER = Path(components.__file__).parent
ROOT = FOLDER.parents[2]
#: the app's JavaScript and Python, and the browser tests; not the adapter of each, nor the style sheet that lays out Streamlit's own parts
SOURCES = [
    path
    for folder in (FOLDER.parent, ROOT / "tests" / "browser")
    for path in sorted(folder.rglob("*"))
    if path.suffix in (".py", ".js", ".css") and path.name not in ("streamlit_page.py", "screen.css")
]
NAMED = re.compile(r"data-test|dataset\.test|get_by_test_id|\.st[A-Z]|st-key-")


def test_every_file_has_a_python_side_that_mounts_it():
    files = {path.stem for path in FOLDER.iterdir() if path.suffix in (".js", ".css")}
    sides = {path.stem for path in FOLDER.glob("*.py") if "mount(" in path.read_text() and path.stem != "mount"}
    libraries = {library for needed in mount.LIBRARIES.values() for library in needed}
    assert len(files) > 5 and files - libraries == sides


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_of_streamlits_parts_stand_in_one_place(path):
    assert not NAMED.search(path.read_text())


def test_a_name_elsewhere_is_seen():
    """Negative control."""
    assert NAMED.search(streamlit_page.APP) and NAMED.search('page.get_by_test_id("stApp")') and NAMED.search(".stApp { margin: 0 }")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.js")), ids=lambda path: path.stem)
def test_a_script_is_told_every_name_it_uses(path):
    css, js = mount._sources(path.stem)
    assert js.startswith(streamlit_page.NAMES) and (css is not None) == path.with_suffix(".css").exists()
    assert all(f'"{name}":' in streamlit_page.NAMES for name in re.findall(r"STREAMLIT\.(\w+)", path.read_text()))
