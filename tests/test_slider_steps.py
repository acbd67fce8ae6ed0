"""Where sliders can stand, and what lies one step further."""

from __future__ import annotations

import pytest

from propagation.config import Config
from propagation.slider_steps import neighbours, scale, slider_end, sliders


@pytest.mark.parametrize(
    ("field", "config", "values"),
    [
        ("weight_variance", Config(weight_variance=1.5), [1.49, 1.51]),
        ("weight_variance", Config(weight_variance=0.0), [0.01]),
        ("weight_variance", Config(weight_variance=0.29), [0.28, 0.3]),  # not 0.27999999999999997
        ("weight_variance", Config(activation="relu", scheme="he", weight_variance=1.5), [1.99, 2.01]),  # where the slider stands
        ("bias_variance", Config(bias_variance=0.05), [0.04, 0.06]),
        ("trials", Config(trials=1), [2]),
        ("depth", Config(depth=50), [45, 60]),
        ("depth", Config(depth=52), [50, 60]),  # from a link, between the steps
        ("width", Config(width=1_000_000), [524_288]),
        ("seed", Config(), []),
        ("nonsense", Config(), []),
    ],
)
def test_one_step_from_where_a_slider_stands(field, config, values):
    assert neighbours(field, config) == values


def test_a_value_between_the_steps_becomes_one():
    assert 52 in scale("depth", 52) and 52 not in scale("depth", 50)
    assert sliders(Config(depth=52))["Depth"]["steps"] == scale("depth", 52)


def test_a_variance_has_a_place_on_its_slider():
    assert [slider_end("weight_variance", value) for value in (0, 5, 5.01, 100)] == [5, 5, 10, 100]
    assert slider_end("trials", 3) == 64
