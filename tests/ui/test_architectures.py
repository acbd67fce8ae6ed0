"""Every page opens with every kind of network: with an answer, or a sentence why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from architectures import NETWORKS, WITHOUT_LINE
from streamlit.testing.v1 import AppTest

from propagation import Config
from propagation.ui.pages import PAGES
from tests.patience import PATIENCE

APP = Path(__file__).parents[2] / "app.py"
SMALL = {"depth": 4, "width": 16, "inputs": 6, "trials": 2, "activation": "relu"}
SEEN = [page.slug for page in PAGES if not page.own_networks]
#: one of each kind that a page may trip over
KINDS = {
    name: (NETWORKS | WITHOUT_LINE)[name]
    for name in (
        "dropout",
        "layer norm after φ",
        "residual, pre-norm, expanded",
        "residual, one map",
        "Fixup",
        "a stream of its own width",
        "batch norm",
        "batch norm after φ",
        "post-activation",
        "residual, gated",
        "transformer",
        "convolution",
        "transformer, causal",
        "transformer, copies of one block",
        "attention alone",
    )
}


def opened(page: str, fields: dict) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    for name, text in (Config(**(SMALL | fields)).to_query() | {"page": page}).items():
        app.query_params[name] = text
    return app.run()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page", SEEN)
def test_every_page_opens_with_every_kind_of_network(page, kind, monkeypatch, caplog):
    monkeypatch.setattr("propagation.labs.width.WIDTHS", (16, 64))
    app = opened(page, KINDS[kind])
    assert not app.exception and not app.error
    assert not [record for record in caplog.records if record.exc_info], "an exception went to the log"


@pytest.mark.parametrize("page", ["angles", "spectrum", "width"])
def test_what_says_nothing_of_a_batch_norm_is_not_drawn(page):
    assert "Batch norm makes an output depend on all inputs" in opened(page, {"normalization": "batch"}).info[0].value


@pytest.mark.parametrize("page", ["gains", "trainability"])
def test_pages_about_plain_networks_say_so(page):
    captions = [caption.value for caption in opened(page, {"architecture": "residual"}).caption]
    assert any("skips, norms, dropout, gates and attention are left out" in caption for caption in captions)
    captions = [caption.value for caption in opened(page, {}).caption]
    assert not any("skips, norms, dropout, gates and attention are left out" in caption for caption in captions)


def test_where_theory_has_no_line_the_page_says_why():
    captions = [caption.value for caption in opened("explore", {"normalization": "batch", "norm_position": "post"}).caption]
    assert any("Theory has no line for batch norm" in caption for caption in captions)
