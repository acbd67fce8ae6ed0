"""The drawing of a block: every network can be drawn, its parts in the order of its ops, with words for those who cannot see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from xml.etree import ElementTree

import pytest
from architectures import NETWORKS, WITHOUT_LINE

from propagation import Config
from propagation.architecture import blocks
from propagation.charts.block_picture import LABELS, block_in_words, block_svg
from propagation.ops import OPS, Activate, Block, Linear, Normalize, Residual, Variance

SVG = "{http://www.w3.org/2000/svg}"
ALL = NETWORKS | WITHOUT_LINE
every_network = pytest.mark.parametrize("fields", ALL.values(), ids=ALL)


def block(fields: dict) -> Block:
    return blocks(Config(**({"depth": 4, "width": 8, "inputs": 8} | fields)))[0]


def drawn(ops: Block) -> ElementTree.Element:
    return ElementTree.fromstring(block_svg(ops))


def expected(ops) -> list[str]:
    """What the boxes hold, from left to right and from top to bottom."""
    texts = []
    for op in ops:
        if isinstance(op, Residual):
            texts += [*expected(op.branch), *(["α"] if op.branch_scale != 1 or op.learned else []), *(["+"] if op.skip_scale else [])]
        else:
            texts.append(LABELS[type(op)](op).text)
    return texts


def parts(svg: ElementTree.Element) -> list[str]:
    """Boxes and sums, in the order in which they are drawn."""
    return [
        "+" if group.get("class") == "sum" else _read(group.find(f"{SVG}text"))
        for group in svg.iter(f"{SVG}g")
        if group.get("class") in ("op", "sum")
    ]


def _read(text: ElementTree.Element) -> str:
    """A label as it is written in a line: W_o."""
    return (text.text or "") + "".join(f"_{below.text}" for below in text)


@every_network
def test_parts_are_drawn_in_the_order_of_the_ops(fields):
    ops = block(fields)
    svg = drawn(ops)
    assert parts(svg) == expected(ops)
    skips = [path for path in svg.iter(f"{SVG}path") if path.get("class") == "skip"]
    assert len(skips) == sum(isinstance(op, Residual) for op in ops)


@every_network
def test_it_fits_beside_the_controls_and_nothing_lies_outside(fields):
    svg = drawn(block(fields))
    width, height = float(svg.get("width")), float(svg.get("height"))
    assert width <= 320 and height <= 190
    for box in svg.iter(f"{SVG}rect"):
        x, y, w, h = (float(box.get(name)) for name in ("x", "y", "width", "height"))
        assert x >= 0 and x + w <= width and y >= 0 and y + h <= height


@every_network
def test_boxes_do_not_overlap(fields):
    boxes = [tuple(float(box.get(name)) for name in ("x", "y", "width", "height")) for box in drawn(block(fields)).iter(f"{SVG}rect")]
    for place, (x, y, w, h) in enumerate(boxes):
        for left, top, wide, high in boxes[place + 1 :]:
            assert x + w < left or left + wide < x or y + h < top or top + high < y


@every_network
def test_it_is_described_in_words(fields):
    ops = block(fields)
    assert drawn(ops).get("aria-label") == block_in_words(ops) and drawn(ops).get("role") == "img"


def test_words_name_what_is_where():
    residual = {"architecture": "residual", "normalization": "layer", "branch_rule": "deepnorm", "norm_position": "post"}
    assert block_in_words(block(residual)) == (
        "One layer. The signal goes over a skip, times s = 1.41, and through linear map W₁, activation φ, linear map W₂. "
        "Both are added, then layer norm."
    )
    assert block_in_words(block({"keep": 0.7})) == (
        "One layer. The signal goes through linear map W, then activation φ, then dropout that keeps 70 %."
    )
    assert "linear map W₂, times α = 0.5. Both are added." in block_in_words(block({"architecture": "residual", "branch_scale": 0.5}))


def test_scales_stand_at_their_places_and_only_where_there_are_some():
    texts = [text.text for text in drawn(block({"architecture": "residual", "branch_scale": 0.25})).iter(f"{SVG}text")]
    assert "0.25" in texts and "skip" in texts
    scaled = drawn(block({"architecture": "residual", "branch_rule": "deepnorm", "depth": 16})).iter(f"{SVG}text")
    assert "skip × s = 2" in [text.text for text in scaled]
    assert "α" not in parts(drawn(block({"architecture": "residual"})))
    assert "0" in [text.text for text in drawn(block({"architecture": "residual", "branch_rule": "zero"})).iter(f"{SVG}text")]


def test_without_a_skip_there_is_no_way_past():
    alone = block({"architecture": "transformer", "sublayers": "attention", "tokens": 4, "skip_scale": 0.0, "width": 8})
    assert "+" not in parts(drawn(alone)) and "There is no skip" in block_in_words(alone)


def test_two_sub_blocks_are_two_rows():
    one = Residual((Normalize("layer"), Linear(8, 8, Variance(1.0), 0.0)), 1.0)
    svg = drawn((one, replace(one, branch=(*one.branch, Activate("relu")))))
    heights = [float(box.get("y")) for box in svg.iter(f"{SVG}rect")]
    assert heights[0] == heights[1] < heights[2] == heights[4] and parts(svg) == ["LN", "W", "+", "LN", "W", "φ", "+"]


@dataclass(frozen=True)
class Fold:
    """An op that the drawing has not heard of."""


def test_every_kind_of_op_has_a_label_and_an_unknown_one_its_name():
    assert set(LABELS) >= set(OPS) - {Residual}
    assert parts(drawn((Linear(8, 8, Variance(1.0), 0.0, name="<"), Fold()))) == ["<", "fold"]
