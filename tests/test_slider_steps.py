"""Where sliders can stand."""

from __future__ import annotations

import pytest

from propagation.config import Config
from propagation.rules import shown_weight_variance
from propagation.slider_steps import STEPPED, labels, place_on, positions, scale, slider_end, step_text


@pytest.mark.parametrize(
    ("field", "config", "values"),
    [
        ("weight_variance", Config(weight_variance=1.5), [1.49, 1.5, 1.51]),
        ("weight_variance", Config(weight_variance=0.0022), [0.002, 0.0022, 0.0024]),  # SIREN with sin(30x)
        ("weight_variance", Config(weight_variance=512.0), [500.0, 512.0, 1000.0]),  # N(0, 1) weights at width 512
        ("weight_variance", Config(activation="relu", scheme="he", weight_variance=1.5), [1.99, 2.0, 2.01]),  # where the slider stands
        ("bias_variance", Config(bias_variance=0.29), [0.28, 0.29, 0.3]),  # not 0.27999999999999997
        ("depth", Config(depth=52), [50, 52, 60]),  # from a link, between the steps
        ("width", Config(width=1_000_000), [524_288, 1_000_000]),
    ],
)
def test_a_slider_stands_among_its_positions(field, config, values):
    found = [*positions(field, config).values()]
    here = found.index(values[1])
    assert found[here - 1 : here + 2] == values and found == sorted(found)


def test_steps_are_numbered_and_a_range_says_its_value():
    assert [*positions("depth", Config())] == list(range(len(STEPPED["depth"].steps)))
    assert all(place == value for place, value in positions("bias_variance", Config()).items())


def test_how_many_networks_are_drawn_is_no_matter_of_a_sweep():
    assert labels()["Depth"] == "depth" and "trials" not in labels().values()


def test_a_value_between_the_steps_becomes_one():
    assert 52 in scale("depth", 52) and 52 not in scale("depth", 50)
    glorot = Config(scheme="glorot", width_profile="funnel")
    assert shown_weight_variance(glorot) in positions("weight_variance", glorot).values()


@pytest.mark.parametrize("field", STEPPED)
def test_no_two_steps_read_the_same(field):
    """A browser tells the positions of a slider over steps apart by their texts."""
    for value in (*STEPPED[field].steps, *((1 / 3, 1.234, 1.504, 5e-8, 512.0, 3e9) if field == "weight_variance" else (52, 777))):
        steps = scale(field, value)
        assert value in steps and steps == sorted(steps) and len({step_text(step) for step in steps}) == len(steps)


def test_the_weight_variance_has_fine_steps_where_networks_are_and_ends_far_out():
    steps = scale("weight_variance", 1.5)
    assert steps[0] == 0 and steps[-1] == 1e7 and 0.0022 in steps
    assert [round(low + 0.01, 2) for low in steps if 0.01 <= low < 4.99] == [high for high in steps if 0.02 <= high < 5]
    assert place_on(steps, 5) - place_on(steps, 0.01) > 0.75, "most of the slider is for the useful middle"


def test_a_mark_stands_where_the_thumb_would():
    steps = [0.0, 1.0, 2.0, 4.0, 8.0]
    assert [place_on(steps, value) for value in steps] == [0, 0.25, 0.5, 0.75, 1]
    assert place_on(steps, 3.0) == 0.625 and place_on(steps, 0.5) == 0.125 and place_on(steps, 6.0) == 0.875


def test_a_variance_has_a_place_on_its_slider():
    assert [slider_end("bias_variance", value) for value in (0, 5, 5.01, 100)] == [5, 5, 10, 100]
    assert slider_end("trials", 3) == 64
