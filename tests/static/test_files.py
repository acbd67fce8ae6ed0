"""What goes into the browser: everything the app opens, nothing it does not need, and the same bytes each time."""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from propagation.static import files
from propagation.static.files import ENTRY, ROOT, SETTINGS, app_files, archive, requirements
from tests.patience import PATIENCE

#: run in a fresh process: visits every page of the app and prints what files of the repository were opened on the way
VISIT = """
import importlib, json, sys
opened = set()
sys.addaudithook(lambda event, details: opened.add(str(details[0])) if event == "open" and details[1] in ("r", "rb", None) else None)
sys.dont_write_bytecode = True
from streamlit.testing.v1 import AppTest
for page in sys.argv[2].split():
    app = AppTest.from_file(sys.argv[1], default_timeout=float(sys.argv[3]))
    for name, value in {"page": page, "depth": "3", "width": "8", "inputs": "4", "trials": "2", "input_law": "digits"}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
from propagation.ui.pages import PAGES
for page in PAGES:  # of the other pages, at least the code
    importlib.import_module(f"propagation.ui.pages.{page.module or page.slug}")
opened |= {module.__file__ for module in list(sys.modules.values()) if getattr(module, "__file__", None)}  # some come from __pycache__
print(json.dumps(sorted(opened)))
"""
PAGES = ("start", "explore", "phase", "lesson", "myths", "papers", "trainability")


@pytest.fixture(scope="module")
def opened() -> set[str]:
    """Files of the repository that the app has opened, by their names in it."""
    command = [sys.executable, "-W", "ignore", "-c", VISIT, str(ROOT / ENTRY), " ".join(PAGES), str(PATIENCE)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    paths = [Path(ROOT, text) for text in json.loads(answer.stdout.splitlines()[-1])]
    packages = Path(sys.prefix).resolve()  # a virtual environment may well stand in the repository's folder
    own = [path.resolve() for path in paths if path.resolve().is_relative_to(ROOT) and not path.resolve().is_relative_to(packages)]
    names = {path.relative_to(ROOT).as_posix() for path in own}
    return {name for name in names if "__pycache__" not in name and (ROOT / name).is_file()}


@pytest.mark.slow
def test_every_file_the_app_opens_is_there(opened):
    assert not opened - set(app_files())


@pytest.mark.slow
@pytest.mark.parametrize("kind", [".py", ".js", ".css", ".md", ".toml", ".npz", ".json"])
def test_the_visit_has_opened_files_of_every_kind(opened, kind):
    """Without this the test above could pass because nothing was seen."""
    assert any(name.endswith(kind) for name in opened)


@pytest.mark.slow
def test_a_file_left_out_would_be_seen(opened):
    """Negative control."""
    without = {name for name in app_files() if not name.startswith("assets/lessons/")}
    assert opened - without


def test_nothing_is_there_that_a_browser_has_no_use_for():
    for name in app_files():
        assert "__pycache__" not in name and not name.startswith(("tests/", "propagation/static/", "assets/screenshots/"))
        assert name == SETTINGS or not any(part.startswith(".") for part in name.split("/"))


def test_a_tree_without_git_has_the_same_files(tmp_path):
    for name, path in app_files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(path.read_bytes())
    (tmp_path / "propagation" / "__pycache__").mkdir()
    (tmp_path / "propagation" / "__pycache__" / "config.pyc").write_bytes(b"")
    (tmp_path / "assets" / ".hidden").write_bytes(b"")
    assert list(app_files(tmp_path)) == list(app_files())


def test_the_archive_holds_the_files_and_is_the_same_each_time():
    files = app_files()
    packed = archive(files)
    assert packed == archive(files)
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        assert opened.namelist() == list(files)
        assert all(opened.read(name) == path.read_bytes() for name, path in files.items())


def test_streamlit_is_the_runtimes_own_and_the_rest_is_as_required():
    every = [line.strip() for line in (ROOT / "requirements.txt").read_text().splitlines() if line.strip()]
    assert requirements() == [line for line in every if not line.startswith("streamlit")]
    assert {line.split(">")[0] for line in requirements()} == {"numpy", "plotly"}


@pytest.mark.parametrize("same", [True, False])
def test_modules_are_compiled_for_the_browsers_python_and_no_other(same, monkeypatch):
    monkeypatch.setattr(files, "PYTHON", sys.version_info[:2] if same else (2, 7))
    packed = zipfile.ZipFile(io.BytesIO(archive({"propagation/qr.py": ROOT / "propagation" / "qr.py", ENTRY: ROOT / ENTRY})))
    compiled = [name for name in packed.namelist() if name.endswith(".pyc")]
    assert compiled == ([f"propagation/__pycache__/qr.{sys.implementation.cache_tag}.pyc"] if same else [])
    for name in compiled:
        assert packed.read(name)[:4] == importlib.util.MAGIC_NUMBER and packed.read(name)[4:8] == b"\1\0\0\0", "by hash, unchecked"
