"""Every benchmark can be started: nothing else runs them, so a name that moves would be found out only by who wants a figure."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"
#: what benchmarks use, not ones themselves
PAGES = {"bare_app.py", "delay.py", "websocket_visitor.py"}


@pytest.mark.parametrize("path", sorted(path for path in BENCHMARKS.glob("*.py") if path.name not in PAGES), ids=lambda path: path.stem)
def test_a_benchmark_finds_what_it_imports(path: Path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(path.parent), *sys.path])
    assert callable(runpy.run_path(str(path))["main"])
