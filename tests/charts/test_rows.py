"""Stacks of rows: places that share the height and the scale, and words for what has no place."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from propagation.charts.rows import Place, bottom_line, extremes, missing, shares, size_axes, span, stack, stack_layout
from propagation.charts.theme import PALETTES

COLOURS = PALETTES["light"]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_rows_share_the_height_from_the_top_each_below_its_title(count):
    domains = shares(count, 0.05, ceiling=0.9, gap=0.02)
    assert len(domains) == count and domains[0][1] == pytest.approx(0.85) and domains[-1][0] == 0
    heights = [top - bottom for bottom, top in domains]
    assert heights[:-1] == pytest.approx([0.9 / count - 0.07] * (count - 1)) and heights[-1] == pytest.approx(0.9 / count - 0.05)
    for above, below in pairwise(domains):
        assert above[0] - below[1] == pytest.approx(0.05 + 0.02), "room for the title of the row below"


def test_places_are_named_as_plotly_names_axes_and_have_equally_many_decades():
    places = stack(shares(3, 0.1), [(-7.3, 0.2), (0.0, 0.0), (-1.0, 1.0)])
    assert [place.yaxis for place in places] == ["y", "y2", "y3"] and places[0].top == 0.9
    assert {top - bottom for bottom, top in (place.window for place in places)} == {9}
    axes = size_axes(places, COLOURS)
    assert list(axes) == ["yaxis", "yaxis2", "yaxis3"]
    for place, axis in zip(places, axes.values(), strict=True):
        assert axis["domain"] == place.domain and axis["range"][0] < place.window[0] < place.window[1] < axis["range"][1]
        assert all(value == int(value) for value in axis["tickvals"])


def test_extremes_are_of_what_is_finite_and_zero_where_nothing_is():
    assert extremes([np.array([-np.inf, 1.0]), np.array([[np.nan, -3.0]]), np.empty(0)]) == (-3.0, 1.0)
    assert extremes([np.array([np.nan, np.inf])]) == (0.0, 0.0)


def test_what_has_no_place_is_named_at_the_lower_edge_of_its_row():
    word = missing(f"0 in {span(np.array([3, 4, 7]))}", np.array([3, 4, 7]), Place("y2", [0.0, 0.4], (-5, 1)), COLOURS, yshift=18)
    assert word["text"] == "▼ 0 in layers 3 – 7" and span(np.array([9])) == "layer 9"
    assert (word["x"], word["y"], word["yref"], word["yshift"]) == (pytest.approx(14 / 3), -5, "y2", 18)


def test_a_stack_has_one_hover_box_and_its_layer_axis_is_named_below():
    layout = stack_layout(COLOURS, 400, 8, 50, "depth 3", barmode="stack")
    assert layout["hovermode"] == "x unified" and layout["height"] == 400 and layout["barmode"] == "stack"
    assert layout["margin"]["t"] == 8 and layout["margin"]["b"] == 50 and layout["uirevision"] == "depth 3"
    assert [(note["text"], note["xanchor"]) for note in bottom_line("● measured", COLOURS)] == [("● measured", "left"), ("layer", "right")]
