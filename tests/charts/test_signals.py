"""The signal chart as data: what is drawn is what was measured, to one scale, and what cannot be drawn is named."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from charts.traces import moments, prediction, trace
from propagation import Config, predict, simulate
from propagation.charts.signal_rows import Over
from propagation.charts.signals import HEIGHT, MOST_LAYERS, signals_chart, signals_spec
from propagation.charts.theme import PALETTES
from propagation.labs import variance_decomposition
from propagation.theory.variance_decomposition import predict_scatters

ROWS = {"z": "y", "delta": "y2", "weight_gradient": "y3"}


def drawn(figure, name):
    return next(t for t in figure.data if t.name == name)


def size_axes(figure):
    return [figure.layout.yaxis, figure.layout.yaxis2, figure.layout.yaxis3]


def decades_per_pixel(axis):
    return (axis.range[1] - axis.range[0]) / (axis.domain[1] - axis.domain[0])


@pytest.mark.parametrize("name", ROWS)
def test_dots_are_the_median_over_trials(name):
    measured = simulate(Config(depth=6, width=16, trials=5, inputs=4))
    dots = drawn(signals_chart(measured), name)
    assert dots.yaxis == ROWS[name]
    np.testing.assert_allclose(dots.y, np.median(measured.signal(name).log10_second_moment, axis=0), atol=1e-4)
    assert list(dots.x) == [1, 2, 3, 4, 5, 6]


def test_first_row_shows_h_on_request():
    measured = trace(slopes={"z": -0.1, "h": -0.3})
    assert drawn(signals_chart(measured, forward="h"), "h").y[-1] == pytest.approx(-2.7)


def test_band_encloses_the_middle_of_the_trials():
    figure = signals_chart(trace(trials=11, scatter=1.0))
    band = next(t for t in figure.data if t.fill == "toself" and t.yaxis == "y")
    assert max(band.y) == pytest.approx(0.8) and min(band.y) == pytest.approx(-0.8)


def test_one_trial_has_no_band():
    assert not [t for t in signals_chart(trace(trials=1)).data if t.type == "scatter" and t.fill == "toself"]


def test_theory_is_a_line_where_there_is_a_prediction():
    assert not [t for t in signals_chart(trace()).data if t.name and "theory" in t.name]
    line = drawn(signals_chart(trace(), prediction(level=-1.0)), "z theory")
    assert line.mode == "lines" and set(line.y) == {-1.0}


@pytest.mark.parametrize("slope", [0.0, 0.001, -0.02, -0.7, 3.0])
def test_rows_share_one_scale_of_at_least_two_decades(slope):
    axes = size_axes(signals_chart(trace(slopes={"delta": slope})))
    scales = [decades_per_pixel(axis) for axis in axes]
    assert scales == pytest.approx([scales[0]] * 3)
    assert all(axis.range[1] - axis.range[0] >= 2 for axis in axes)


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.04, -12.0])
def test_everything_measured_is_inside_its_axis(slope):
    measured = trace(slopes={"z": slope, "delta": -slope, "weight_gradient": slope}, scatter=0.5)
    figure = signals_chart(measured, prediction(level=1.0))
    for t in figure.data:
        if t.type == "scatter":
            axis = figure.layout["yaxis" + t.yaxis[1:]]
            assert axis.range[0] <= min(t.y) and max(t.y) <= axis.range[1]


@pytest.mark.parametrize("slope", [0.0, -0.4, -3.0, 150.0])
def test_ticks_stand_at_whole_decades_only(slope):
    for axis in size_axes(signals_chart(trace(slopes={"delta": slope}))):
        assert 2 <= len(axis.tickvals) <= 6
        assert all(value == int(value) for value in axis.tickvals)
        assert "10⁻⁰" not in axis.ticktext and "10⁰" not in axis.ticktext


def test_a_signal_that_is_zero_is_named_at_the_edge():
    gone = trace().z.log10_second_moment.copy()
    gone[:, 6:] = -np.inf
    figure = signals_chart(trace(z=moments(gone)))
    assert drawn(figure, "z").y[6:] == (None,) * 4
    note = next(a for a in figure.layout.annotations if "▼" in a.text)
    assert "layers 7 – 10" in note.text and note.yref == "y"


def test_a_signal_that_is_nowhere_still_gives_a_figure():
    nothing = np.full((5, 10), -np.inf)
    figure = signals_chart(trace(z=moments(nothing), delta=moments(nothing), weight_gradient=moments(nothing)))
    assert len([a for a in figure.layout.annotations if "▼" in a.text]) == 3


def test_deep_networks_are_thinned_from_first_to_last_layer():
    dots = drawn(signals_chart(trace(depth=2000)), "z")
    assert len(dots.x) == MOST_LAYERS and dots.x[0] == 1 and dots.x[-1] == 2000


def test_depth_one_is_drawn():
    assert len(drawn(signals_chart(trace(depth=1)), "delta").y) == 1


def test_hover_speaks_in_human_notation():
    texts = drawn(signals_chart(trace(slopes={"delta": -1.0})), "delta").text
    assert "10⁻⁹" in texts[0] and "e-" not in texts[0]


def test_without_hover_the_same_curves_have_no_words():
    with_words, without = (signals_spec(trace(), hover=hover)["data"] for hover in (True, False))
    dots, silent = (next(one for one in data if one["name"] == "z") for data in (with_words, without))
    assert dots["text"] and "text" not in silent and silent["hoverinfo"] == "skip"
    assert [one.get("y") for one in with_words] == [one.get("y") for one in without]


def test_colours_follow_the_appearance():
    for appearance, colours in PALETTES.items():
        figure = signals_chart(trace(), appearance=appearance)
        assert drawn(figure, "z").marker.color == colours.forward
        assert figure.layout.font.color == colours.text


def test_zoom_survives_until_the_depth_changes():
    first, same, deeper = (signals_chart(t).layout.uirevision for t in (trace(), trace(slopes={"z": 1}), trace(depth=11)))
    assert first == same != deeper
    assert signals_chart(trace()).layout.height == HEIGHT


def test_titles_say_direction_and_signal():
    texts = " ".join(a.text for a in signals_chart(trace(), prediction()).layout.annotations)
    assert all(word in texts for word in ("forward →", "backward ←", "weight gradient", "layer", "median of 5", "theory"))


def test_rows_do_not_overlap():
    layout = signals_chart(trace()).layout
    domains = [layout.yaxis4.domain, *(axis.domain for axis in size_axes(signals_chart(trace())))]
    assert all(upper[0] > lower[1] for upper, lower in itertools.pairwise(domains))


def test_the_spread_of_nets_of_one_width_is_drawn_where_theory_has_a_law():
    figure = signals_chart(trace(), prediction())
    assert not [t for t in figure.data if t.name and ("typical" in t.name or "%" in t.name)]
    deep = Config(activation="relu", scheme="he", bias_variance=0, depth=30, width=64, inputs=2, trials=5)
    theory = predict(deep)
    figure = signals_chart(simulate(deep), theory)
    for name in ("z", "delta"):
        band = theory.signal(name).band
        reach = 1.2816 * np.sqrt(band.log10_variance)
        np.testing.assert_allclose(drawn(figure, f"{name} theory, typical").y, band.log10_mean, atol=1e-4)
        np.testing.assert_allclose(drawn(figure, f"{name} theory, 10 %").y, band.log10_mean - reach, atol=1e-4)
        np.testing.assert_allclose(drawn(figure, f"{name} theory, 90 %").y, band.log10_mean + reach, atol=1e-4)
        axis = figure.layout["yaxis" + ROWS[name][1:]]
        assert axis.range[0] <= min(band.log10_mean - reach) and max(band.log10_mean + reach) <= axis.range[1]
    assert "typically" in drawn(figure, "z").text[-1]
    assert any("typical" in note.text for note in figure.layout.annotations)


def test_a_spread_around_zero_is_not_drawn():
    nothing = Config(activation="linear", weight_variance=0, bias_variance=0, depth=4, width=8, inputs=2, trials=3)
    figure = signals_chart(simulate(nothing), predict(nothing))
    assert drawn(figure, "z theory, typical").y == (None,) * 4


def test_the_first_row_can_show_a_variance_over_one_thing_alone():
    config = Config(depth=8, width=32, activation="relu", scheme="he", bias_variance=0, inputs=4, trials=3)
    measured, predicted = variance_decomposition.measure(config)["z"], predict_scatters(config)["z"]
    figure = signals_chart(simulate(config), predict(config), over=Over("inputs", measured, predicted))
    rows = {trace.name: trace for trace in figure.data}
    np.testing.assert_allclose(rows["z"].y, measured.log10_variance("inputs"), atol=1e-4)
    np.testing.assert_allclose(rows["z theory"].y, predicted.log10_variance("inputs"), atol=1e-4)
    assert any("variance of z over inputs" in note.text for note in figure.layout.annotations)
    assert "input" not in rows and "delta" in rows


def test_a_variance_too_small_to_measure_is_not_drawn_as_a_number():
    config = Config(depth=30, width=16, weight_variance=0.1, bias_variance=0.5, inputs=4, trials=2)
    figure = signals_chart(simulate(config), over=Over("inputs", variance_decomposition.measure(config)["z"], None))
    dots = next(trace for trace in figure.data if trace.name == "z")
    assert dots.y[0] is not None and dots.y[-1] is None
    assert any("too small to measure" in note.text for note in figure.layout.annotations)


def test_every_row_says_what_its_symbol_is_and_on_request_what_to_watch_for():
    notes = signals_spec(trace(), prediction(), guide=True)["layout"]["annotations"]
    titles = [note["hovertext"] for note in notes if "hovertext" in note]
    assert [text.split(":")[0] for text in titles] == ["z", "δ", "∂C/∂W"]
    beside = [note for note in notes if note.get("name") == "beside"]
    assert ["signal" in beside[0]["text"], "gradient" in beside[1]["text"], len(beside)] == [True, True, 3]
    assert not [note for note in signals_chart(trace(), prediction()).layout.annotations if note.name == "beside"]
