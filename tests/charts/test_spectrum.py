"""The chart of a spectrum as data: ranges, marks, histogram, and what lies below the window."""

from __future__ import annotations

import numpy as np
import pytest

from propagation.charts.spectrum import MOST_DECADES, spectrum_chart, window_of
from propagation.charts.theme import PALETTES
from propagation.config import Config
from propagation.labs.spectrum import Spectrum
from propagation.theory.spectrum import SpectrumPrediction

LAYERS = np.array([1, 2, 4])


def spectrum(values, law="gaussian") -> Spectrum:
    """Values of three depths, each sorted from the largest down."""
    ordered = tuple(np.sort(np.asarray(v, dtype=float))[::-1] for v in values)
    return Spectrum(Config(depth=4, width=8, weight_law=law, inputs=1), LAYERS, ordered, 0.2 * np.arange(1, 5))


SHORT = spectrum([[0.1, 0.0, -0.1], [0.2, 0.0, -0.4], [0.4, -0.2, -1.3]])
LONG = spectrum([[0.5, 0, -3], [0.6, -2, -8], [0.8, -9, -np.inf]], law="orthogonal")


def drawn(figure, name):
    return next(t for t in figure.data if t.name == name)


def test_one_window_for_both_laws_ends_some_decades_below_the_largest():
    assert window_of([SHORT]) == (-2, 1)
    bottom, top = window_of([SHORT, LONG])
    assert top == 1 and bottom == np.floor(0.8 - MOST_DECADES)
    nothing = spectrum([[-np.inf]] * 3)
    assert window_of([nothing]) == (-2, 1)


def test_marks_are_the_largest_the_root_mean_square_and_the_smallest():
    figure = spectrum_chart(SHORT, None, 2, (-2, 1))
    assert list(drawn(figure, "largest").y) == [0.1, 0.2, 0.4]
    assert list(drawn(figure, "root mean square").y) == [0.1, 0.2, 0.4]
    assert list(drawn(figure, "smallest").y) == [-0.1, -0.4, -1.3]
    assert list(drawn(figure, "largest").x) == [1, 2, 4]
    assert drawn(spectrum_chart(LONG, None, 0, (-6, 1)), "smallest").y[-1] is None


def test_the_band_goes_from_the_smallest_to_the_largest_and_ends_at_the_edge():
    band = next(t for t in spectrum_chart(LONG, None, 0, (-6, 1)).data if t.fill == "toself")
    assert max(band.y) == 0.8 and min(band.y) == -6


def test_theory_is_two_lines():
    prediction = SpectrumPrediction("gaussian", np.full(4, 0.6), np.full(4, 0.5), np.ones(4))
    figure = spectrum_chart(SHORT, prediction, 0, (-2, 1))
    assert set(drawn(figure, "largest theory").y) == {0.5} and set(drawn(figure, "root mean square theory").y) == {0.3}
    assert drawn(figure, "largest theory").line.dash != drawn(figure, "root mean square theory").line.dash
    assert not [t for t in spectrum_chart(SHORT, None, 0, (-2, 1)).data if t.name and "theory" in t.name]


@pytest.mark.parametrize("width", [0.001, 0.3, 2.0])
def test_the_histogram_counts_everything(width):
    values = -3 + width * np.random.default_rng(0).standard_normal(500)
    figure = spectrum_chart(spectrum([values] * 3), None, 1, (-14, 4))
    bars = drawn(figure, "histogram")
    assert sum(bars.x) * bars.width == pytest.approx(1)
    assert all("▼" not in note.text for note in figure.layout.annotations)
    assert "layer 2" in [note.text for note in figure.layout.annotations] and figure.layout.shapes[0].x0 == 2


def test_what_lies_below_the_window_is_named():
    figure = spectrum_chart(LONG, None, 2, (-6, 1))
    bars = drawn(figure, "histogram")
    assert sum(bars.x) * bars.width == pytest.approx(1 / 3)
    assert any("▼ 67 % below" in note.text for note in figure.layout.annotations)


def test_a_density_is_drawn_to_the_scale_of_the_bars():
    density = np.array([-3.0, -1.0, 0.0, 0.5]), np.array([0.1, 0.2, 0.5, 0.3])
    figure = spectrum_chart(SHORT, None, 2, (-2, 1), density=density)
    line = drawn(figure, "density theory")
    assert list(line.y) == [-1, 0, 0.5] and list(line.x) == [0.2, 0.5, 0.3]
    assert (line.xaxis, line.yaxis) == (drawn(figure, "histogram").xaxis, drawn(figure, "histogram").yaxis)


def test_a_dead_network_still_gives_a_figure():
    dead = spectrum([[-np.inf] * 3] * 3)
    figure = spectrum_chart(dead, None, 0, window_of([dead]))
    assert drawn(figure, "largest").y == (None,) * 3 and any("100 % below" in note.text for note in figure.layout.annotations)


def test_laws_have_their_colours_in_both_appearances():
    for appearance, colours in PALETTES.items():
        gaussian, orthogonal = (spectrum_chart(s, None, 0, (-6, 1), appearance=appearance) for s in (SHORT, LONG))
        assert drawn(gaussian, "largest").marker.color == colours.forward
        assert drawn(orthogonal, "largest").marker.color == colours.weight_gradient


def test_values_that_differ_by_rounding_stand_in_one_bar():
    """An orthogonal product has every singular value at 1, where bars meet."""
    values = 1e-15 * np.random.default_rng(0).standard_normal(256)
    bars = drawn(spectrum_chart(spectrum([values] * 3, law="orthogonal"), None, 1, (-2, 1)), "histogram")
    assert np.count_nonzero(bars.x) == 1
    far = drawn(spectrum_chart(spectrum([np.append(values, 0.5)] * 3), None, 1, (-2, 1)), "histogram")
    assert np.count_nonzero(far.x) == 2
