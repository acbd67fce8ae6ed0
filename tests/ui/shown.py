"""What a page has drawn, as the browser gets it."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest


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
