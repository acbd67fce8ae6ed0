"""What is written can be read: contrast by the formula of WCAG 2.2, of our palette and of the widgets' theme, in both appearances."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from propagation.charts.theme import PALETTES

THEME = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
#: level AA: text, and what is no text but has to be seen
TEXT, MARK = 4.5, 3.0

appearances = pytest.mark.parametrize("appearance", ["light", "dark"])


def channels(colour: str) -> list[float]:
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def luminance(colour: list[float]) -> float:
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: list[float], other: list[float]) -> float:
    """(L₁ + 0.05) / (L₂ + 0.05), L₁ the lighter."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def over(colour: str, ground: str, opacity: float) -> list[float]:
    """A translucent colour on its ground."""
    return [opacity * front + (1 - opacity) * back for front, back in zip(channels(colour), channels(ground), strict=True)]


def grounds(appearance: str) -> tuple[str, str]:
    """The page and the sidebar."""
    return THEME[appearance]["backgroundColor"], THEME[appearance]["sidebar"]["backgroundColor"]


def test_the_formula_is_that_of_wcag():
    assert contrast(channels("#000000"), channels("#FFFFFF")) == pytest.approx(21)
    assert contrast(channels("#777777"), channels("#FFFFFF")) == pytest.approx(4.48, abs=0.005)  # known to fail
    assert contrast(channels("#767676"), channels("#FFFFFF")) == pytest.approx(4.54, abs=0.005)  # known to pass


@appearances
@pytest.mark.parametrize("role", ["forward_text", "backward_text", "weight_gradient_text", "text", "muted"])
def test_words_in_a_chart_can_be_read(appearance, role):
    colours = PALETTES[appearance]
    for ground in (colours.background, colours.panel):
        assert contrast(channels(getattr(colours, role)), channels(ground)) >= TEXT


@appearances
def test_marks_in_a_chart_can_be_seen(appearance):
    colours = PALETTES[appearance]
    roles = (colours.forward, colours.backward, colours.weight_gradient, colours.warning, colours.smaller, colours.larger)
    assert min(contrast(channels(colour), channels(colours.background)) for colour in roles) >= MARK


@appearances
def test_words_beside_a_chart_can_be_read(appearance):
    """The text, the coloured words, links; captions, which Streamlit draws at 60 %; a chosen switch, on 10 % of its own colour."""
    theme = THEME[appearance]
    words = [name for name in theme if name.endswith("TextColor") or name in ("textColor", "primaryColor", "linkColor")]
    assert len(words) == 8
    for ground in grounds(appearance):
        for word in words:
            assert contrast(channels(theme[word]), channels(ground)) >= TEXT, word
        assert contrast(over(theme["textColor"], ground, 0.6), channels(ground)) >= TEXT
        assert contrast(channels(theme["primaryColor"]), over(theme["primaryColor"], ground, 0.1)) >= TEXT


@appearances
def test_charts_stand_on_the_ground_of_the_page(appearance):
    assert PALETTES[appearance].background == THEME[appearance]["backgroundColor"]
