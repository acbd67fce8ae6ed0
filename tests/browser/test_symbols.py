"""Symbols as a visitor sees them: typeset on every page and in every first picture, and read aloud without the signs of Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from propagation.ui import components
from propagation.ui.components.streamlit_page import LABEL
from propagation.ui.pages import PAGES

SPELT = re.compile(r"(?<![\w.])[A-Za-zα-ωΑ-Ω]_[a-z{].{0,30}")
#: the words of a page that are seen, without code and without the source of formulas
SEEN = """() => {
    const copy = document.body.cloneNode(true);
    copy.querySelectorAll('code, pre, script, style, annotation, textarea').forEach(part => part.remove());
    return copy.textContent;
}"""
WORDS = """text => {
    document.body.innerHTML = `<svg width="400" height="100" font-size="20"><text x="10" y="50">${words(text)}</text></svg>`;
    return [...document.querySelectorAll('tspan')].map(part => {
        const { fontSize, fill } = getComputedStyle(part), { top, bottom } = part.getBoundingClientRect();
        return { text: part.textContent, size: parseFloat(fontSize), fill, top, bottom };
    });
}"""
NAMES = "() => [...document.querySelectorAll('[aria-label]')].map(one => one.getAttribute('aria-label'))"


@pytest.mark.parametrize("slug", [page.slug for page in PAGES])
def test_no_subscript_is_spelt(visitor, slug):
    visitor.open(f"?page={slug}&width=64&trials=2&depth=20")
    seen = visitor.page.evaluate(SEEN)
    assert len(seen) > 200 and SPELT.findall(seen) == []


def test_a_slider_is_read_by_its_words(visitor):
    visitor.open()
    assert visitor.page.locator(f"{LABEL} .katex").count() >= 2
    for times in (0, 1):
        visitor.press("Weight variance σ_w²", "ArrowRight", times)
        names = visitor.page.evaluate(NAMES)
        assert "Weight variance σ_w²" in names and not [name for name in names if "$" in name]


def test_a_first_picture_has_the_tags_of_a_chart(visitor):
    visitor.page.goto("about:blank")
    visitor.page.add_script_tag(content=(Path(components.__file__).parent / "svg.js").read_text(encoding="utf-8"))
    base, index, back = visitor.page.evaluate(WORDS, "<b>σ</b><sub>w</sub>² x")
    assert (base["text"], index["text"], back["text"]) == ("σ", "w", "\u200b")
    assert index["size"] == pytest.approx(14) and index["bottom"] > base["bottom"] and index["top"] > base["top"]
    power = visitor.page.evaluate(WORDS, "<b>10</b><sup>−3</sup>")
    assert power[1]["size"] == pytest.approx(14) and power[1]["bottom"] < power[0]["bottom"]
    small = visitor.page.evaluate(WORDS, '<span style="color:#D55E00;font-size:13px">gone</span> on')[0]
    assert small["size"] == 13 and small["fill"] == "rgb(213, 94, 0)" and small["text"] == "gone"
    assert visitor.page.evaluate(WORDS, "a <i>word</i>") == []  # no tag of a chart
