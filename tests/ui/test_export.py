"""The take-away panel and the camera of every chart, without a browser."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from propagation.config import Config
from propagation.export.code import FRAMEWORKS, snippet
from propagation.ui.widgets import export
from tests.patience import PATIENCE
from ui.shown import messages

PANEL = str(Path(__file__).parents[1] / "browser" / "export_app.py")
SMALL = Config(depth=4, width=16, inputs=4, trials=2)


def opened(unfolded: bool, **query: str) -> AppTest:
    app = AppTest.from_file(PANEL, default_timeout=PATIENCE)
    for name, value in (SMALL.to_query() | query).items():
        app.query_params[name] = value
    app.session_state["takeaway"] = unfolded
    app.run()
    assert not app.exception and not app.error
    return app


def test_folded_it_makes_nothing(monkeypatch):
    for name in ("table", "snippet", "diagnose"):
        monkeypatch.setattr(export, name, lambda *_: 1 / 0)
    app = opened(False)
    assert not app.get("download_button") and not app.code


def test_unfolded_it_offers_files_and_code():
    app = opened(True)
    assert [button.proto.label for button in app.get("download_button")] == ["CSV", "JSON", "HTML"]
    assert [code.value for code in app.code] == [snippet(SMALL, name).rstrip("\n") for name in FRAMEWORKS]
    assert [tab.label for tab in app.tabs] == [framework.label for framework in FRAMEWORKS.values()]


def test_a_formula_is_exported_as_it_was_typed():
    app = opened(True, activation="x*sigmoid(1.7*x)")
    assert all("z * sigmoid(1.7 * z)" in code.value for code in app.code)


def test_files_are_made_when_they_are_asked_for(monkeypatch):
    made = []
    monkeypatch.setattr(export, "table", lambda *_: made.append("table"))
    opened(True)
    assert made == []


def test_every_chart_has_a_camera_and_a_ground():
    message = messages(opened(False))[0]
    settings = message["config"]
    assert settings["displayModeBar"] == "hover" and settings["toImageButtonOptions"]["filename"].startswith("signal-propagation")
    assert message["figure"]["layout"]["paper_bgcolor"] == "#FFFFFF"
