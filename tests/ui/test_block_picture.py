"""The drawing of a block beside the controls: where there is something to draw, and as the network is."""

from __future__ import annotations

import json

from propagation.architecture import blocks
from propagation.charts.block_picture import block_svg
from propagation.config import Config
from ui.shown import SMALL, opened


def drawings(app) -> list[str]:
    sent = [json.loads(one.proto.json) for one in app.get("bidi_component") if one.proto.component_name == "block_picture"]
    return [data["svg"] for data in sent]


def test_a_plain_network_has_none_and_a_block_is_drawn_as_it_is():
    app = opened()
    assert drawings(app) == []
    app.selectbox(key="architecture").set_value("residual").run()
    config, _ = Config.from_query(SMALL | {"architecture": "residual"})
    assert drawings(app) == [block_svg(blocks(config)[0])]
    app.selectbox(key="normalization").set_value("layer").run()
    assert ">LN</text>" in drawings(app)[0]


def test_plain_layers_with_a_norm_are_drawn_and_what_is_hidden_is_not():
    assert len(drawings(opened(normalization="rms"))) == 1
    assert drawings(opened(normalization="rms", hide="architecture")) == []
