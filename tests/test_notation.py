"""Symbols with a subscript: plain text, Markdown, and the words of a chart."""

from __future__ import annotations

import pytest

from propagation.formatting import plain
from propagation.notation import markdown, tagged, tags, unmarked, without_symbols


@pytest.mark.parametrize(
    ("text", "in_markdown", "in_tags"),
    [
        ("σ_w² = 2, 6 ξ_c", "$σ_w²$ = 2, 6 $ξ_c$", "σ<sub>w</sub>² = 2, 6 ξ<sub>c</sub>"),
        ("√(σ_w²/n) at σ_b.", "√($σ_w²$/n) at $σ_b$.", "√(σ<sub>w</sub>²/n) at σ<sub>b</sub>."),
        ("φ(W_g x) ⊙ W_u x", "φ($W_g$ x) ⊙ $W_u$ x", "φ(W<sub>g</sub> x) ⊙ W<sub>u</sub> x"),
        ("layer.W_q, W_query, fan_in, χ₁", "layer.W_q, W_query, fan_in, χ₁", "layer.W_q, W_query, fan_in, χ₁"),
    ],
)
def test_a_symbol_is_typeset_and_nothing_else_is_touched(text, in_markdown, in_tags):
    assert (markdown(text), tags(text)) == (in_markdown, in_tags)
    assert markdown(in_markdown) == in_markdown and tags(in_tags) == in_tags
    assert unmarked(in_markdown) == text


def test_formulas_and_code_stay_as_they_are():
    assert markdown(r"$\sigma_w^2 + σ_b²$ and `σ_w²`, σ_w²") == r"$\sigma_w^2 + σ_b²$ and `σ_w²`, $σ_w²$"


def test_a_text_that_is_no_markup_has_its_symbols():
    assert plain("tanh_x: *σ_w²* = 2") == r"tanh\_x\: \*$σ_w²$\* = 2"


def test_every_text_of_a_figure_is_typeset():
    numbers = [1.0, 2.0]
    figure = {"data": [{"x": numbers, "text": ["σ_w² 1", None, 2]}], "layout": {"xaxis": {"title": {"text": "ξ_c"}}}}
    typeset = tagged(figure)
    assert typeset["data"][0]["text"] == ["σ<sub>w</sub>² 1", None, 2] and typeset["layout"]["xaxis"]["title"]["text"] == "ξ<sub>c</sub>"
    assert typeset["data"][0]["x"] is numbers and figure["data"][0]["text"][0] == "σ_w² 1"


def test_a_name_without_its_symbol():
    assert without_symbols("Weight variance σ_w²") == "Weight variance" and without_symbols("Depth") == "Depth"
