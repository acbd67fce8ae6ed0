"""Marks: what has no place is left out, deep networks are thinned, dots shrink where they are many."""

from __future__ import annotations

import numpy as np
import pytest

from propagation.charts.marks import GLYPHS, SYMBOLS, band, dot_size, dots, line, note, numbers, thinned, title, vertical
from propagation.charts.theme import PALETTES


def test_what_is_no_number_is_left_out():
    assert numbers(np.array([1.23456, np.nan, -np.inf, np.inf, 0.0])) == [1.2346, None, None, None, 0.0]
    drawn = line("theory", [1, 2], np.array([-np.inf, 2.0]), {"width": 1}, yaxis="y2")
    assert drawn["y"] == [None, 2.0] and (drawn["mode"], drawn["yaxis"], drawn["hoverinfo"]) == ("lines", "y2", "skip")


@pytest.mark.parametrize(("depth", "most", "count"), [(1, 400, 1), (7, 400, 7), (400, 400, 400), (2000, 400, 400), (201, 200, 200)])
def test_deep_networks_are_thinned_evenly_and_both_ends_stay(depth, most, count):
    layers = thinned(depth, most)
    assert len(layers) == count and (layers[0], layers[-1]) == (1, depth)
    steps = np.diff(layers)
    assert not len(steps) or steps.max() - steps.min() <= 1


def test_dots_shrink_where_they_are_many():
    assert [dot_size(count) for count in (1, 60, 61, 150, 151)] == [7, 7, 5, 5, 3.5]
    assert [dot_size(count, 30, 60) for count in (30, 31, 61)] == [7, 5, 3.5]


def test_dots_speak_only_if_they_have_something_to_say():
    values = np.array([1.0, np.nan])
    assert dots("z", [1, 2], values, {"size": 7}, ["a", "b"])["text"] == ["a", "b"]
    silent = dots("z", [1, 2], values, {"size": 7})
    assert silent["hoverinfo"] == "skip" and "text" not in silent and silent["y"] == [1.0, None]


def test_a_band_goes_there_and_back_where_both_edges_can_be_drawn():
    drawn = band(np.array([1, 2, 3]), np.array([0.0, -np.inf, 2.0]), np.array([1.0, 1.0, 3.0]), "#0072B2", xaxis="x")
    assert drawn["x"] == [1, 3, 3, 1] and drawn["y"] == [1.0, 3.0, 2.0, 0.0]
    assert drawn["fillcolor"] == "rgba(0,114,178,0.22)" and drawn["xaxis"] == "x"


def test_words_and_lines_stand_where_they_are_put():
    assert note("word", "#000000", 13, 2, -3, xref="x")["font"] == {"color": "#000000", "size": 13}
    above = title("row", 0.9, "#000000")
    assert (above["x"], above["y"], above["yanchor"], above["yref"]) == (0, 0.9, "bottom", "paper")
    shape = vertical(4, "#000000", "dash", y1=0.8)
    assert (shape["x0"], shape["x1"], shape["y0"], shape["y1"], shape["line"]["dash"]) == (4, 4, 0, 0.8, "dash")


def test_each_place_of_a_comparison_has_a_shape_of_its_own():
    assert len(set(SYMBOLS)) == len(set(GLYPHS)) == len(PALETTES["light"].compare)
