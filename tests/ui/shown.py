"""The app opened without a browser, and what a page of it has drawn, as the browser gets it."""

from __future__ import annotations

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.patience import PATIENCE

APP = str(Path(__file__).parents[2] / "app.py")
SMALL = {"depth": "6", "width": "16", "inputs": "4", "trials": "2"}


def opened(**query: str | list[str]) -> AppTest:
    """The app, opened at an address; small unless it says otherwise, and with every control unfolded."""
    app = AppTest.from_file(APP, default_timeout=PATIENCE)
    app.session_state["more"] = True
    for name, value in (SMALL | query).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    return app


def opened_alone(script: str, **query: str) -> AppTest:
    """A page by itself, by the script that draws it, opened at an address."""
    app = AppTest.from_string(script, default_timeout=PATIENCE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    return app


def messages(app: AppTest) -> list[dict]:
    """What every chart of the page was told, in order; of a chart that was drawn twice what it was told last."""
    told: dict[str, dict] = {}
    for element in app.get("bidi_component"):
        if element.proto.component_name in ("plot", "better_plot"):
            message = json.loads(element.proto.bytes)
            told[message.get("key") or message["into"]] = message
    return list(told.values())


def charts(app: AppTest) -> list[dict]:
    """The figures of the page, in order."""
    return [message["figure"] for message in messages(app)]
