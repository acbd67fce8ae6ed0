"""The width chart as data: marks where they were measured, whole decades, nothing drawn that has no place."""

from __future__ import annotations

import math

import numpy as np
import pytest

from propagation.charts.theme import PALETTES
from propagation.charts.width import width_chart
from propagation.labs.width import WIDTHS, Deviation, WidthResult

SIZES = [2.0 * width**-0.5 for width in WIDTHS]


def results(sizes=SIZES, theory: float | None = None, delta: float | None = None) -> list[WidthResult]:
    """Results with known deviations; `delta` replaces those of the gradient."""
    return [
        WidthResult(width, 64, Deviation(size, size / 10, theory and theory * size), Deviation(size if delta is None else delta, 0.0, None))
        for width, size in zip(WIDTHS, sizes, strict=False)
    ]


def drawn(figure, name):
    return next((t for t in figure.data if t.name == name), None)


def words(figure) -> str:
    return " ".join(note.text for note in figure.layout.annotations)


def test_marks_stand_where_they_were_measured():
    marks = drawn(width_chart(results(), 512), "z")
    np.testing.assert_allclose(marks.x, np.log10(WIDTHS))
    np.testing.assert_allclose(marks.y, np.log10(SIZES))
    assert "64 networks" in marks.text[0] and "width 16" in marks.text[0]


def test_the_fitted_line_has_the_slope_it_names():
    figure = width_chart(results(), 512)
    line = drawn(figure, "z fitted")
    assert (line.y[-1] - line.y[0]) / (line.x[-1] - line.x[0]) == pytest.approx(-0.5)
    assert "slope −0.50 ± 0.0" in words(figure)


def test_theory_is_drawn_where_it_is_known():
    assert drawn(width_chart(results(), 512), "z theory") is None
    figure = width_chart(results(theory=1.2), 512)
    np.testing.assert_allclose(drawn(figure, "z theory").y, np.log10(1.2 * np.array(SIZES)))
    assert drawn(figure, "delta theory") is None and "theory" in words(figure)
    assert "theory" in drawn(figure, "z").text[0]


@pytest.mark.parametrize("known", range(len(WIDTHS) + 1))
def test_it_can_be_drawn_as_it_grows(known):
    figure = width_chart(results()[:known], 512)
    bottom, top = figure.layout.yaxis.range
    assert all(bottom <= y <= top for t in figure.data for y in t.y)
    assert top - bottom >= 2
    if known > 1:  # the axis has room for what is to come
        assert figure.layout.yaxis.range == width_chart(results(), 512).layout.yaxis.range


def test_both_axes_have_ticks_at_whole_decades():
    layout = width_chart(results(), 512).layout
    assert list(layout.xaxis.ticktext) == ["10", "10²", "10³", "10⁴", "10⁵", "10⁶"]
    assert all(value == int(value) for value in layout.yaxis.tickvals)
    assert {"10 %", "1 %"} <= set(layout.yaxis.ticktext)


@pytest.mark.parametrize("width", [2, 16, 4096, 1_000_000])
def test_the_visitors_width_is_marked(width):
    figure = width_chart(results(), width)
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == pytest.approx(math.log10(width))
    assert f"your width {width:,}" in words(figure)
    low, high = figure.layout.xaxis.range
    assert low <= math.log10(width) <= high


@pytest.mark.parametrize(("delta", "word"), [(0.0, "nothing is left to chance"), (math.nan, "gradient")])
def test_what_has_no_place_is_left_out(delta, word):
    figure = width_chart(results(delta=delta), 512)
    assert len(drawn(figure, "delta").x) == 0 and drawn(figure, "delta fitted") is None
    assert word in words(figure)


def test_two_signals_differ_in_more_than_colour():
    figure = width_chart(results(), 512)
    assert drawn(figure, "z").marker.symbol != drawn(figure, "delta").marker.symbol


def test_colours_follow_the_appearance():
    for appearance, colours in PALETTES.items():
        figure = width_chart(results(), 512, appearance=appearance)
        assert drawn(figure, "z").marker.color == colours.forward
        assert figure.layout.font.color == colours.text
