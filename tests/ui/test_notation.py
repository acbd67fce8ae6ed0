"""Symbols are typeset on every page: no text that a visitor reads has a subscript spelt with an underscore."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from propagation.ui.pages import PAGES
from tests.ui.shown import messages, opened

#: a letter with a subscript, as it must not be read
SPELT = re.compile(r"(?<![\w\\])[A-Za-zα-ωΑ-Ω]_[a-z{]")
#: what Markdown shows in its own way: formulas and code
SHOWN = re.compile(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`", re.DOTALL)
#: parts of an element that nobody reads
UNREAD = {"id", "key", "form_id", "url", "bytes", "mixed_data", "json", "query_string", "page_script_hash", "url_pathname", "data"}
QUERIES = {
    "papers": [{"paper": name} for name in ("poole", "schoenholz", "pretorius", "kumar", "doshi")],
    "explore": [{}, {"weight_variance": "0.5"}, {"architecture": "transformer"}, {"activation": "erf", "bias_variance": "0.6"}],
    "gains": [{}, {"activation": "softplus"}, {"one_layer": "exp(x)"}],
    "phase": [{}, {"architecture": "residual", "normalization": "layer"}],
}


def read(message, name: str = "") -> Iterator[str]:
    """All texts of an element's protocol buffer, except those that nobody reads."""
    if isinstance(message, str):
        yield message
    elif hasattr(message, "ListFields"):
        for field, value in message.ListFields():
            if field.name not in UNREAD:
                parts = value if hasattr(value, "__iter__") and not isinstance(value, (str, bytes)) else [value]
                for part in parts:
                    yield from read(part)


def texts(app: AppTest) -> list[str]:
    """What the page says in words: everything that is drawn, and the words of its charts."""
    found: list[str] = []
    blocks = [app.main, app.sidebar]
    while blocks:
        block = blocks.pop()
        for child in getattr(block, "children", {}).values():
            blocks.append(child)
            proto = getattr(child, "proto", None)
            if proto is not None and getattr(child, "type", "") not in ("code", "bidi_component"):
                found += read(proto)
    assert [text for text in found if "\\$" in text] == []  # typeset twice
    found = [SHOWN.sub("", text) for text in found]
    for message in messages(app):
        found += strings(message["figure"])
    return found


def strings(part) -> list[str]:
    """All texts of a figure."""
    if isinstance(part, str):
        return [part]
    parts = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    return [text for one in parts for text in strings(one)]


OPENED = [(page.slug, query) for page in PAGES for query in QUERIES.get(page.slug, [{}])]


@pytest.mark.slow
@pytest.mark.parametrize(("slug", "query"), OPENED, ids=[f"{slug}-{'-'.join(query.values())}" for slug, query in OPENED])
def test_no_page_spells_a_subscript(slug, query, monkeypatch):
    monkeypatch.setattr("propagation.ui.pages.width.widths_of", lambda config: (16, 64))  # the wide ones take seconds
    app = opened(page=slug, **query)
    said = texts(app)
    assert len(said) > 10
    assert [message["alt"] for message in messages(app) if "$" in message["alt"]] == []
    assert [text for text in said if SPELT.search(text)] == []


def test_what_is_spelt_is_found():
    """Negative control."""
    app = AppTest.from_string("import streamlit as st\nst.markdown('$σ_w²$')\nst.slider('Weight variance σ_w²', help='`n_in`')").run()
    assert [text for text in texts(app) if SPELT.search(text)] == ["Weight variance σ_w²"]
    assert SPELT.search("a <b>ξ_c</b>") and not SPELT.search("ξ<sub>c</sub> of fan_in")
