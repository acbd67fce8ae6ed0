"""The plane, the cobwebs and the charts of the gain lab, as data."""

from __future__ import annotations

import numpy as np
import pytest

from propagation.charts.cobweb import Cobweb, cobweb_spec, path
from propagation.charts.gains import MOVING, Curve, Here, gain_chart, gain_spec, shape_chart
from propagation.charts.plane import CriticalLine, here_spec, plane_chart, survival
from propagation.expressions import lookup
from propagation.theory.gains import gains
from propagation.theory.iterates import correlation_iterates, length_iterates
from propagation.theory.maps import depth_scales
from propagation.theory.phases import critical_line, phase_grid

WEIGHTS, BIASES = np.linspace(0, 5, 21), np.linspace(0, 0.5, 11)


@pytest.fixture(scope="module")
def grid():
    return phase_grid("tanh", WEIGHTS, BIASES)


def plane(grid, **kwargs):
    figure = plane_chart(grid, CriticalLine(critical_line("tanh", BIASES), BIASES), 1.5, 0.05, **kwargs)
    return {trace.name or trace.type: trace for trace in figure.data}, figure


def test_colour_is_the_logarithm_of_chi_and_the_line_lies_where_it_is_zero(grid):
    traces, _ = plane(grid)
    np.testing.assert_allclose(traces["heatmap"].z[4, 8], np.log10(grid.chi_1[4, 8]), rtol=1e-6)
    np.testing.assert_allclose(traces["critical line"].x[1:], critical_line("tanh", BIASES)[1:])
    assert (traces["here"].x, traces["here"].y) == ((1.5,), (0.05,))


def test_the_other_colour_is_the_depth_a_signal_survives(grid):
    traces, _ = plane(grid, shown="survival")
    np.testing.assert_allclose(traces["heatmap"].z[4, 4], np.log10(6 * grid.xi_c[4, 4]), rtol=1e-6)
    assert survival(grid)[4, 4] == pytest.approx(6 * depth_scales("tanh", WEIGHTS[4], BIASES[4]).xi_c)


def test_clicks_land_on_round_places_that_say_what_is_there(grid):
    traces, _ = plane(grid)
    targets = traces["targets"]
    assert set(targets.x) == set(WEIGHTS[::2]) and set(targets.y) == set(BIASES[::2])
    assert len(targets.x) == len(targets.y) == len(targets.text) == 11 * 6
    assert "the signal dies" in targets.text[0] and "layers" in targets.text[-1]


def test_places_say_what_becomes_of_the_signal_also_where_no_depth_limits_it():
    words = {}
    for activation in ("relu", "linear"):
        grid = phase_grid(activation, np.array([1.0, 1.5, 2.0, 2.5, 3.0]), np.array([0.0, 0.1, 0.2]))
        targets = next(
            trace for trace in plane_chart(grid, CriticalLine(np.full(3, 2.0), grid.bias_variances), 1, 0).data if trace.name == "targets"
        )
        words |= {(activation, x, y): text.split("<br>")[-1] for x, y, text in zip(targets.x, targets.y, targets.text, strict=True)}
    assert words["relu", 1.0, 0.0] == "the signal dies" and words["relu", 2.0, 0.0] == "no limit to the depth"
    assert words["relu", 1.0, 0.2] == "inputs are forgotten after ≈ 8.7 layers"
    assert words["relu", 2.0, 0.2] == words["relu", 3.0, 0.0] == words["linear", 2.0, 0.0] == "the signal grows without end"
    assert words["linear", 1.0, 0.0] == "every correlation is kept"


def test_a_click_does_not_fade_where_the_visitor_stands(grid):
    traces, _ = plane(grid)
    assert traces["here"].unselected.marker.opacity == 1


def test_both_phases_are_named_in_their_own_half(grid):
    _, figure = plane(grid)
    places = {note.text: note.x for note in figure.layout.annotations}
    assert places["<b>ordered</b>"] < 1.8 < places["<b>chaotic</b>"]


def test_a_cobweb_goes_up_to_the_map_and_across_to_the_diagonal():
    x, y = path(np.array([1.0, 0.5, 0.25]))
    assert list(zip(x, y, strict=True)) == [(1, 1), (1, 0.5), (0.5, 0.5), (0.5, 0.25), (0.25, 0.25)]


def test_iterates_arrive_at_the_fixed_points():
    scales = depth_scales("tanh", 2.5, 0.05)
    assert length_iterates(1.0, "tanh", 2.5, 0.05, 200)[-1] == pytest.approx(scales.q_star)
    assert correlation_iterates(0.9, scales.q_star, "tanh", 2.5, 0.05, 500)[-1] == pytest.approx(scales.c_star)


def test_a_cobweb_marks_the_fixed_point_if_there_is_one():
    x = np.linspace(0, 1, 5)
    names = [
        [trace["name"] for trace in cobweb_spec(Cobweb(x, x / 2, np.array([1.0, 0.5]), point, (0.0, 1.0), "before", "after", "q*"))["data"]]
        for point in (0.0, None, 2.0)
    ]
    assert names == [["diagonal", "map", "iterates", "fixed point"], ["diagonal", "map", "iterates"], ["diagonal", "map", "iterates"]]


def test_where_there_is_no_map_the_cobweb_says_so():
    x = np.linspace(0, 1, 5)
    spec = cobweb_spec(Cobweb(x, np.full(5, np.nan), np.full(3, np.nan), None, (0.0, 1.0), "before", "after", "c*", "nothing is left"))
    assert [note["text"] for note in spec["layout"]["annotations"]] == ["nothing is left"]
    assert spec["data"][1]["y"] == [None] * 5


def test_the_cross_alone_lies_where_that_of_the_plane_does(grid):
    traces, figure = plane(grid)
    spec = here_spec((5.0, 0.5), 1.5, 0.05)
    (here,) = spec["data"]
    assert (here["x"], here["y"]) == ([1.5], [0.05]) == ([*traces["here"].x], [*traces["here"].y])
    assert here["marker"]["size"] == traces["here"].marker.size
    for axis in ("xaxis", "yaxis"):
        assert tuple(spec["layout"][axis]["range"]) == figure.layout[axis].range
    assert spec["layout"]["margin"] == figure.layout.margin.to_plotly_json()


def test_iterates_of_many_places_are_those_of_each():
    weights, biases = np.array([0.0, 1.5, 2.5]), np.array([0.1, 0.05, 0.2])
    q_stars = np.array([depth_scales("tanh", *at).q_star for at in zip(weights, biases, strict=True)])
    sizes = length_iterates(weights + biases, "tanh", weights, biases, 20)
    correlations = correlation_iterates(0.0, q_stars, "tanh", weights, biases, 20)
    for place, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        assert sizes[:, place] == pytest.approx(length_iterates(weight + bias, "tanh", weight, bias, 20), rel=1e-12)
        assert correlations[:, place] == pytest.approx(correlation_iterates(0.0, q_stars[place], "tanh", weight, bias, 20), rel=1e-12)


def test_the_shape_shows_the_activation_with_a_gap_at_its_kink():
    traces = {trace.name: trace for trace in shape_chart(lookup("relu")).data}
    np.testing.assert_array_equal(traces["φ(z)"].y, np.maximum(traces["φ(z)"].x, 0))
    assert np.isnan(traces["φ′(z)"].y).sum() == 1


def curve_of(end: float = 4.0) -> Curve:
    grid = phase_grid("tanh", np.linspace(0.05, end, 80), np.array([0.05]))
    return Curve(grid.weight_variances, grid.chi_1[0], gains("tanh", 0.05))


def test_rules_stand_on_the_curve_with_their_numbers():
    line, *marks, _ = gain_chart(curve_of(), Here(1.5, 0.9)).data
    texts = [text for mark in marks for text in mark.text]
    assert "·".join(sorted("·".join(texts).split("·"))) == "1·2·3·4·5·6"
    assert any(text.startswith("1·2") for text in texts)  # tanh has mean 0: both rules say the same
    for mark in marks:
        for x, y in zip(mark.x, mark.y, strict=True):
            assert np.interp(x, line.x, line.y) == pytest.approx(y, abs=2e-3)


@pytest.mark.parametrize(
    ("here", "cross", "said"),
    [
        (Here(1.5, 0.9), (1.5, np.log10(0.9)), "1.5: × 0.9"),
        (Here(500.0, 9.0), (4.0, np.log10(3)), "500 →: × 9"),
        (Here(0.0, 0.0), (0.0, -1.0), "0: × 0"),
    ],
)
def test_the_visitor_has_a_cross_that_never_leaves_the_chart(here, cross, said):
    figure = gain_chart(curve_of(), here)
    mark = figure.data[-1]
    assert mark.name == "here" and (mark.x[0], mark.y[0]) == pytest.approx(cross, abs=1e-4)
    assert figure.layout.annotations[0].text.endswith(said) and figure.layout.annotations[0].x == mark.x[0]


def test_what_moves_lies_over_the_chart_as_it_is_drawn():
    figure = gain_chart(curve_of(), Here(1.5, 0.9))
    moving = gain_spec(figure.layout.to_plotly_json(), curve_of(), Here(1.5, 0.9))
    assert [trace["name"] for trace in moving["data"]] == [trace.name for trace in figure.data] and moving["layout"][
        "paper_bgcolor"
    ] == "none"
    assert {trace["name"] for trace in moving["data"]} <= {*MOVING}
    assert moving["layout"]["xaxis"]["range"] == list(figure.layout.xaxis.range)
