"""What else moves when one control is moved."""

from __future__ import annotations

import pytest

from propagation.config import Config
from propagation.rules import drawn, marks, moved, overruled, settled, shown_bias_variance, shown_weight_variance


def after(config, field, value):
    return moved(config, field, value)[0]


@pytest.mark.parametrize(
    ("scheme", "activation", "expected"),
    [
        ("he", "relu", 2),
        ("lecun", "tanh", 1),
        ("glorot_standard", "tanh", 1 / 3),
        ("kumar", "sigmoid", 12.8),
        ("small_constant", "relu", 512e-4),
    ],
)
def test_a_scheme_moves_the_slider(scheme, activation, expected):
    assert shown_weight_variance(after(Config(activation=activation), "scheme", scheme)) == pytest.approx(expected)


def test_where_fans_differ_the_slider_shows_the_mean_over_layers():
    funnel = Config(width=800, width_profile="funnel", depth=4)
    assert shown_weight_variance(after(funnel, "scheme", "glorot")) > 1
    assert shown_weight_variance(after(funnel, "scheme", "he")) == 2


def test_the_slider_turns_a_scheme_into_custom():
    config = after(after(Config(), "scheme", "he"), "weight_variance", 1.7)
    assert (config.scheme, config.weight_variance) == ("custom", 1.7)


def test_a_stated_std_moves_the_slider_and_the_slider_takes_over():
    config = after(after(Config(width=400), "scheme", "std"), "weight_std", 0.1)
    assert (config.scheme, config.weight_std, config.weight_variance) == ("std", 0.1, 1.5)
    assert shown_weight_variance(config) == pytest.approx(4)
    custom = after(config, "scheme", "custom")
    assert custom == Config(width=400, weight_variance=shown_weight_variance(config))
    assert after(config, "weight_variance", 2.0) == Config(width=400, weight_variance=2.0)
    assert after(config, "scheme", "he") == Config(width=400, scheme="he"), "equal experiments are equal configs"


def test_the_number_of_one_scheme_has_a_control_where_that_stands():
    assert drawn(Config(scheme="std"), "weight_std") and not drawn(Config(), "weight_std")
    assert drawn(Config(), "weight_variance") and drawn(Config(scheme="std"), "weight_variance")


def test_own_layer_sizes_hold_depth_width_and_profile_until_they_go():
    config = after(Config(), "layer_sizes", "784-300-10")
    assert [overruled(config, field) for field in ("depth", "width", "width_profile", "seed")] == [True, True, True, False]
    shallow, note = moved(config, "depth", 9)  # by a click on a chart
    assert shallow == Config(depth=9, width=784) and "count again" in note
    assert not overruled(shallow, "depth")


def test_what_the_slider_cannot_reach_becomes_its_end():
    """Kumar's rule for a very flat function."""
    config = after(Config(activation="0.0001*x", scheme="kumar"), "bias_variance", 0.1)
    assert shown_weight_variance(config) == pytest.approx(1e8)
    assert after(config, "scheme", "custom").weight_variance == 1e7
    assert after(config, "weight_variance", 2.0).weight_variance == 2


def test_custom_keeps_what_the_sliders_show():
    library = after(Config(width=300), "scheme", "pytorch")
    custom = after(library, "scheme", "custom")
    assert custom.weight_variance == pytest.approx(1 / 3)
    assert custom.bias_variance == shown_bias_variance(library) == pytest.approx(1 / 900)


@pytest.mark.parametrize(("scheme", "law"), [("pytorch", "uniform"), ("keras", "uniform"), ("flax", "truncated_gaussian")])
def test_a_library_default_brings_its_law(scheme, law):
    config, _ = moved(Config(method="implicit"), "scheme", scheme)
    assert (config.weight_law, config.method) == (law, "auto")


def test_other_schemes_leave_the_law_alone():
    assert after(Config(weight_law="orthogonal"), "scheme", "glorot").weight_law == "orthogonal"


def test_lsuv_leaves_the_slider_where_the_last_scheme_put_it():
    assert shown_weight_variance(after(after(Config(), "scheme", "he"), "scheme", "lsuv")) == 2


@pytest.mark.parametrize(("first", "then"), [(("scheme", "kumar"), ("activation", "selu")), (("activation", "selu"), ("scheme", "kumar"))])
def test_kumar_without_one_slope_at_zero_falls_back_to_custom(first, then):
    before = after(after(Config(activation="sigmoid"), "weight_variance", 3.0), *first)
    config, note = moved(before, *then)
    assert (config.scheme, config.activation) == ("custom", "selu")
    assert config.weight_variance == shown_weight_variance(before)
    assert "Kumar" in note and "SELU" in note


def test_kumar_goes_on_where_it_applies():
    config, note = moved(Config(scheme="kumar", activation="tanh"), "activation", "sigmoid")
    assert config.scheme == "kumar" and not note


def test_a_law_without_shortcut_ends_the_implicit_method():
    config, note = moved(Config(method="implicit"), "weight_law", "uniform")
    assert config.method == "auto" and note


def test_what_a_scheme_overrules_is_not_part_of_the_experiment():
    assert settled(Config(scheme="he", weight_variance=3)) == settled(Config(scheme="he", weight_variance=1))
    assert settled(Config(scheme="pytorch", bias_variance=3)) == settled(Config(scheme="pytorch"))
    assert settled(Config(weight_variance=3)) != settled(Config(weight_variance=1))


def test_equal_layers_show_their_exact_variance():
    assert shown_bias_variance(Config(bias_variance=0.05, depth=50)) == 0.05  # a mean of 50 of them is not


def test_marks_leave_out_what_does_not_apply():
    names = ("lecun", "he", "kumar")
    assert marks(Config(activation="relu"), names) == {"lecun": 1, "he": 2, "kumar": 2}
    assert set(marks(Config(activation="selu"), names)) == {"lecun", "he"}


def test_a_mean_of_the_biases_that_does_not_go_with_the_activation_is_not_taken():
    config, note = moved(Config(bias_mean=0.1), "bias_mean", 1e-9)
    assert config == Config(bias_mean=0.1) and note.startswith("bias_mean = 1e-09") and note.endswith("It stays at 0.1.")
    long = "+".join(["tanh(x)"] * 24)
    config, note = moved(Config(bias_mean=0.123456), "activation", long)
    assert config == Config(activation=long) and note.endswith("The mean of the biases is 0 again.")
    assert moved(Config(), "bias_mean", 0.1) == (Config(bias_mean=0.1), "")
