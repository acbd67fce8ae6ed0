"""The chart of scatters as data: bars that add up, theory's edges, and one variance on whole decades."""

from __future__ import annotations

import math

import numpy as np
import pytest

from propagation.charts.theme import PALETTES
from propagation.charts.variance_decomposition import MOST_LAYERS, STACKED, decomposition_chart
from propagation.config import Config
from propagation.labs.variance_decomposition import RESOLUTION, measure
from propagation.theory.variance_decomposition import PARTS, WHOSE, Scatter, predict_scatters

CONFIG = Config(depth=8, width=32, inputs=4, trials=3, activation="relu", scheme="he")


def scatter(depth=10, inputs=0.5, decades=0.0) -> Scatter:
    """Every layer alike: a share `inputs` of the second moment between inputs, the rest between neurons."""
    parts = np.tile([[0.0], [0.0], [1 - inputs], [inputs]], depth)
    variances = np.tile([[inputs], [1.0], [1.0], [1.0]], depth)
    return Scatter(np.full(depth, decades), parts, variances, np.full(depth, 1 - inputs))


def drawn(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


def test_bars_add_up_in_every_layer():
    figure = decomposition_chart(measure(CONFIG)["h"], None, symbol="h")
    bars = [drawn(figure, part) for part in STACKED]
    assert figure.layout.barmode == "stack" and set(STACKED) == set(PARTS)
    np.testing.assert_allclose(np.sum([bar.y for bar in bars], axis=0), 1, atol=1e-5)
    assert all(list(bar.x) == list(range(1, 9)) for bar in bars)


@pytest.mark.parametrize("whose", WHOSE)
def test_dots_are_measured_and_lines_are_theory(whose):
    found, theory = measure(CONFIG)["z"], predict_scatters(CONFIG)["z"]
    figure = decomposition_chart(found, theory, whose=whose)
    np.testing.assert_allclose(drawn(figure, "variance").y, found.log10_variance(whose), atol=1e-4)
    np.testing.assert_allclose(drawn(figure, "variance theory").y, theory.log10_variance(whose), atol=1e-4)
    np.testing.assert_allclose(drawn(figure, "second moment").y, found.log10_second_moment, atol=1e-4)
    np.testing.assert_allclose(drawn(figure, "inputs theory").y, theory.parts[PARTS.index("inputs")], atol=1e-4)


def test_without_theory_there_are_no_lines_of_it():
    assert not [trace for trace in decomposition_chart(scatter(), None).data if "theory" in trace.name]


@pytest.mark.parametrize("inputs", [0.9, 0.3, 1e-5, 1e-10])
def test_the_lower_axis_has_whole_decades_and_holds_everything(inputs):
    figure = decomposition_chart(scatter(inputs=inputs, decades=-3.3), None)
    axis = figure.layout.yaxis2
    assert all(value == int(value) for value in axis.tickvals) and axis.range[1] - axis.range[0] >= 2
    for name in ("variance", "second moment"):
        assert axis.range[0] <= min(drawn(figure, name).y) and max(drawn(figure, name).y) <= axis.range[1]


def test_what_cannot_be_measured_is_named_and_not_drawn():
    figure = decomposition_chart(scatter(inputs=RESOLUTION / 10), scatter(inputs=1e-200))
    assert drawn(figure, "variance").y == (None,) * 10
    note = next(note for note in figure.layout.annotations if "▼" in note.text)
    assert "too small to measure from layer 1" in note.text
    assert figure.layout.yaxis2.range[0] > -14  # theory's 10⁻²⁰⁰ does not flatten everything else


def test_a_signal_that_is_lost_still_gives_a_figure():
    gone = Scatter(np.full(5, -math.inf), np.full((4, 5), np.nan), np.full((4, 5), np.nan), np.full(5, np.nan))
    assert any("no signal" in (note.text or "") for note in decomposition_chart(gone, gone).layout.annotations)


@pytest.mark.parametrize(("depth", "shown"), [(1, 1), (61, 61), (2000, MOST_LAYERS)])
def test_every_depth_is_drawn_from_first_to_last(depth, shown):
    dots = drawn(decomposition_chart(scatter(depth), scatter(depth)), "variance")
    assert len(dots.x) == shown and dots.x[-1] == depth


def test_titles_and_colours_follow():
    for appearance, colours in PALETTES.items():
        figure = decomposition_chart(scatter(), scatter(), symbol="h", whose="draws", appearance=appearance)
        assert drawn(figure, "inputs").marker.color == colours.forward
        assert drawn(figure, "variance").marker.color == colours.compare[4]
        text = " ".join(note.text for note in figure.layout.annotations)
        assert "E[h²]" in text and "Variance of h over weight draws" in text and "theory" in text


def test_zoom_survives_a_switch_but_not_another_depth():
    one, switched, deeper = (
        figure.layout.uirevision
        for figure in (
            decomposition_chart(scatter(), None),
            decomposition_chart(scatter(), None, whose="all"),
            decomposition_chart(scatter(11), None),
        )
    )
    assert one == switched != deeper
