"""Ridges and the single histogram as data: heights, scales, stems and Gaussians are those of the numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from propagation.charts.distributions import SHOWN, blended, layer_chart, ridges_chart
from propagation.charts.theme import PALETTES
from propagation.config import Config
from propagation.labs.distributions import BINS, CENTRES, EDGES, Distributions, Histogram, measure
from propagation.signals import PLAIN

RELU = measure(Config(depth=5, width=64, inputs=8, trials=2, activation="relu", scheme="he", bias_variance=0))


def gaussian(log10_rms=0.0, zeros=0.0) -> Histogram:
    density = (1 - zeros) * np.exp(-0.5 * CENTRES**2) / math.sqrt(2 * math.pi)
    return Histogram(log10_rms, density, 0.0, zeros, 0.0, 0.0)


def result(*histograms: Histogram) -> Distributions:
    layers = tuple(range(1, len(histograms) + 1))
    return Distributions(Config(depth=len(layers)), layers, dict.fromkeys(PLAIN, histograms), np.zeros(len(layers)))


def ridges(figure):
    return [trace for trace in figure.data if trace.fill == "toself"]


def half_width(ridge) -> float:
    """How far from 0 a ridge is half as high as at its top."""
    x, y = np.array(ridge.x), np.array(ridge.y)
    return float(np.abs(x[y > (y.min() + y.max()) / 2]).max())


@pytest.mark.parametrize("common", [True, False])
def test_all_ridges_are_equally_high_and_the_first_layer_is_on_top(common):
    drawn = ridges(ridges_chart(result(gaussian(0), gaussian(-1), gaussian(-2)), "z", common=common, chosen=1))
    assert [trace.name for trace in drawn] == ["layer 1", "layer 2", "layer 3"]
    assert np.ptp([max(trace.y) - min(trace.y) for trace in drawn]) < 1e-3
    assert [min(trace.y) for trace in drawn] == [2, 1, 0]


def test_on_one_scale_widths_are_sizes_and_on_their_own_all_are_alike():
    layers = result(gaussian(0.0), gaussian(-0.5), gaussian(0.3))
    widths = [half_width(trace) for trace in ridges(ridges_chart(layers, "delta", common=True, chosen=1))]
    assert widths[1] / widths[0] == pytest.approx(10**-0.5, rel=1e-3) and widths[2] / widths[0] == pytest.approx(10**0.3, rel=1e-3)
    assert widths[2] == pytest.approx(math.sqrt(2 * math.log(2)), abs=0.05)  # the largest is the unit
    own = [half_width(trace) for trace in ridges(ridges_chart(layers, "delta", common=False, chosen=1))]
    assert np.ptp(own) < 1e-6


@pytest.mark.parametrize("log10_rms", [-2000.0, -400.0, 400.0, 2000.0])
def test_sizes_outside_floating_point_are_drawn(log10_rms):
    figure = ridges_chart(result(gaussian(log10_rms), gaussian(0.0)), "delta", common=True, chosen=1)
    for trace in ridges(figure):
        assert np.isfinite(trace.x).all() and np.isfinite(trace.y).all()
    assert "10" in figure.layout.annotations[2].text


def test_the_stem_is_as_high_as_the_share_of_zeros():
    figure = ridges_chart(result(gaussian(zeros=0.5), gaussian()), "h", common=False, chosen=1)
    stems = [trace for trace in figure.data if trace.name == "zeros"]
    full = np.ptp(ridges(figure)[0].y)
    assert len(stems) == 1 and np.ptp(stems[0].y) == pytest.approx(full / 2, rel=1e-3)


@pytest.mark.parametrize("common", [True, False])
def test_the_gaussian_of_theory_lies_on_a_gaussian_that_agrees_with_it(common):
    layers = result(gaussian(-1.0), gaussian(0.0))
    figure = ridges_chart(layers, "z", common=common, chosen=1, theory=np.array([-1.0, 0.3]))
    right, wrong = [trace for trace in figure.data if trace.name == "theory"]
    first, second = ridges(figure)
    assert max(right.y) == pytest.approx(max(first.y), abs=1e-3)
    assert max(wrong.y) - min(second.y) == pytest.approx(np.ptp(second.y) * 10**-0.3, rel=1e-2)


def test_a_dead_layer_is_flat_and_says_so():
    dead = Histogram(-math.inf, np.zeros(BINS), 0.0, 1.0, 0.0, math.nan)
    lost = Histogram(math.nan, np.zeros(BINS), math.nan, math.nan, math.nan, math.nan)
    figure = ridges_chart(result(gaussian(), dead, lost), "z", common=True, chosen=1, theory=np.zeros(3))
    assert np.ptp(ridges(figure)[1].y) == 0
    texts = [note.text for note in figure.layout.annotations]
    assert "all 0" in texts and "no numbers" in texts


@pytest.mark.parametrize("signal", PLAIN)
@pytest.mark.parametrize("appearance", PALETTES)
def test_real_histograms_are_drawn_in_the_colour_of_their_role(signal, appearance):
    role = {"z": "forward", "h": "forward"}.get(signal, "backward" if signal == "delta" else signal)
    figure = ridges_chart(RELU, signal, common=True, chosen=3, appearance=appearance)
    assert {trace.line.color for trace in ridges(figure)} == {getattr(PALETTES[appearance], role)}
    strong = [trace.name for trace in ridges(figure) if trace.line.width == 2]
    assert strong == ["layer 3"]
    assert figure.layout.xaxis.range == (-SHOWN, SHOWN)


def test_one_layer_is_its_density_with_zeros_flagged():
    one = RELU.histograms["h"][2]
    figure = layer_chart(one, "h")
    bars = next(trace for trace in figure.data if trace.type == "bar")
    np.testing.assert_allclose(bars.y, one.density, atol=1e-4)
    step = EDGES[1] - EDGES[0]
    assert sum(bars.y) * step + one.zeros + one.beyond == pytest.approx(1, abs=0.01)
    assert "exactly 0" in figure.layout.annotations[0].text
    assert not layer_chart(gaussian(), "z").layout.annotations


@pytest.mark.parametrize(("log10_theory", "height"), [(0.0, 1.0), (0.3, 10**-0.3), (9.0, 0.0), (-9.0, 0.0)])
def test_theory_over_one_layer(log10_theory, height):
    figure = layer_chart(gaussian(), "z", log10_theory=log10_theory)
    curve = next(trace for trace in figure.data if trace.name == "theory")
    assert max(curve.y) == pytest.approx(height / math.sqrt(2 * math.pi), abs=1e-3)
    assert figure.layout.yaxis.range[1] > max(curve.y)


def test_hover_speaks_in_human_notation():
    text = ridges(ridges_chart(result(gaussian(-9.0, zeros=0.25)), "delta", common=True, chosen=1))[0].text
    assert "10⁻⁹" in text and "25 % exactly 0" in text and "e-" not in text


def test_blended_colours_are_between_their_ends():
    assert blended("#FFFFFF", "#000000", 0.5) == "#808080"
    assert (blended("#0072B2", "#FFFFFF", 1.0), blended("#0072B2", "#FFFFFF", 0.0)) == ("#0072B2", "#FFFFFF")
