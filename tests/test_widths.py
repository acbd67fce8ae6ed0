"""Layer sizes as a text: what is read, and the sentence that names the place of what is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation import Config, diagnose, predict, simulate
from propagation.config import SIZED
from propagation.inputs import pixels_mismatch
from propagation.widths import DEEPEST, WIDEST, read_sizes, written_sizes

MNIST = (784, 300, 100, 10)


@pytest.mark.parametrize(
    "text",
    ["784-300-100-10", "784,300,100,10", "784x300x100x10", "784 300 100 10", "[784, 300, 100, 10]", "(784, 300, 100, 10)",
     " 784 - 300,100   10 ", "784 × 300 × 100 × 10", "784–300–100–10", "784−300−100−10", "784->300->100->10", "784 -> 300 -> 100 -> 10",
     "784,300,100,10,", "[784, 300, 100, 10,]", "784-300-100-10-", "784 → 300 → 100 → 10", "784;300;100;10", "0784-300-100-10"],
)  # fmt: skip
def test_every_usual_way_to_list_sizes_is_read(text):
    assert read_sizes(text) == MNIST
    config = Config(layer_sizes=text)
    assert config.widths == MNIST and config.layer_sizes == "784-300-100-10"
    assert config == Config(layer_sizes="784-300-100-10") and hash(config) == hash(Config(layer_sizes="784-300-100-10"))


@given(st.lists(st.integers(1, WIDEST), min_size=2, max_size=30))
def test_what_is_written_is_read(sizes):
    assert read_sizes(written_sizes(sizes)) == tuple(sizes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5", "has one size, and at least two are needed: the input and one layer"),
        ("5-", "has one size, and at least two are needed"),
        ("5-3--", "has no size for layer 2"),
        ("784-300×3-10", "has '300×3' as the size of layer 1: write the size of every layer, as in 300-300-300"),
        ("784, 300 x 3, 10", "has 'x' as the size of layer 2: write the size of every layer"),
        ("784-300x", "has '300x' as the size of layer 1: write the size of every layer"),
        ("-5-3", "has no size for the input"),
        ("5--3", "has no size for layer 1"),
        ("5,3,,2", "has no size for layer 2"),
        ("5-a", "has 'a' as the size of layer 1: a whole number is needed"),
        ("wide-5", "has 'wide' as the size of the input: a whole number is needed"),
        ("wide", "has 'wide' as the size of the input: a whole number is needed"),
        ("5-3.5-2", "has '3.5' as the size of layer 1"),
        ("5-1e3", "has '1e3' as the size of layer 1"),
        ("5-1_0", "has '1_0' as the size of layer 1"),
        ("5-٣", "has '٣' as the size of layer 1"),
        ("5-0", "has '0' as the size of layer 1: a whole number from 1 to 1,000,000"),
        ("5-1000001", "from 1 to 1,000,000"),
        ("5-" + "9" * 4400, "from 1 to 1,000,000"),
        ("3-" * DEEPEST + "3-3", "has 2,002 sizes, and at most 2,001 are possible: the input and 2,000 layers"),
        ("<script>", "as the size of the input"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(text, words):
    with pytest.raises(ValueError, match=r"^layer_sizes = '") as error:
        Config(layer_sizes=text)
    assert words in str(error.value) and len(str(error.value)) < 200
    config, problems = Config.from_query({"layer_sizes": text, "depth": "7"})
    assert config == Config(depth=7) and len(problems) == 1


@pytest.mark.parametrize("value", [None, 5, (5, 3), b"5-3", 5.0, True])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(ValueError, match=r"^layer_sizes = .* is no text such as '784-300-100-10'"):
        Config(layer_sizes=value)


@given(st.text(max_size=40))
def test_any_other_text_has_a_sentence(text):
    try:
        sizes = Config(layer_sizes=text).layer_sizes
    except ValueError as error:
        assert str(error).startswith("layer_sizes = '")
    else:
        assert read_sizes(sizes) == read_sizes(text)


class TestTheRestFollows:
    """Depth, width and profile are what the sizes say."""

    def test_they_are_derived(self):
        config = Config(layer_sizes="784-300-100-10", depth=9, width=17, width_profile="funnel")
        assert (config.depth, config.width, config.width_profile) == (3, 784, "constant")
        assert Config(layer_sizes="1-1").width == 2, "which no layer of a profile is below"
        assert replace(config, depth=50) == config, "the sizes say it"
        assert replace(config, layer_sizes="") == Config(depth=3, width=784)

    @pytest.mark.parametrize("blank", ["", " ", "[]", "()"])
    def test_an_empty_text_leaves_them_as_they_are(self, blank):
        assert Config(layer_sizes=blank, depth=9) == Config(depth=9)

    def test_the_address_says_the_sizes_alone(self):
        config = Config(layer_sizes="20-30-10", depth=9)
        assert config.to_query() == {"layer_sizes": "20-30-10"}
        assert Config.from_query(config.to_query()) == (config, [])
        both, problems = Config.from_query({"layer_sizes": "20-30-10", "depth": "9", "width": "512"})
        assert both == config
        assert problems == [f"{name} is not used: layer_sizes says how many layers there are, and how wide." for name in SIZED[:2]]

    def test_the_deepest_fits_into_an_address(self):
        config = Config(layer_sizes=written_sizes([WIDEST] * (DEEPEST + 1)))
        assert config.depth == DEEPEST and Config.from_query(config.to_query()) == (config, [])

    def test_digits_keep_their_pixels(self):
        config = Config(layer_sizes="784-30-10", input_law="digits")
        assert config.widths == (64, 30, 10) and "64 pixels" in pixels_mismatch(config) and "784" in pixels_mismatch(config)
        assert not pixels_mismatch(Config(layer_sizes="64-30-10", input_law="digits"))
        assert not pixels_mismatch(Config(layer_sizes="784-30-10")) and not pixels_mismatch(Config(input_law="digits"))

    def test_level_means_one_width(self):
        assert Config().level and Config(layer_sizes="784-50-50").level
        assert not Config(layer_sizes="50-50-10").level and not Config(width_profile="funnel").level

    def test_no_larger(self):
        sizes = Config(layer_sizes="784-300-100-10")
        assert sizes.no_larger(width=200).widths == (200, 200, 100, 10) and sizes.no_larger(depth=2).widths == (784, 300, 100)
        assert sizes.no_larger() == sizes and Config().no_larger() == Config()
        assert Config(width_profile="funnel").no_larger(width=64, depth=9) == Config(width_profile="funnel", width=64, depth=9)


def test_a_constant_list_is_the_network_of_its_width():
    listed, plain = Config(layer_sizes="24-24-24-24", trials=3, seed=5), Config(width=24, depth=3, trials=3, seed=5)
    for name in ("z", "h", "delta", "weight_gradient"):
        one, other = simulate(listed).signal(name), simulate(plain).signal(name)
        np.testing.assert_array_equal(one.log10_second_moment, other.log10_second_moment)
        np.testing.assert_array_equal(predict(listed).signal(name).log10_second_moment, predict(plain).signal(name).log10_second_moment)


@pytest.mark.parametrize("law", ["gaussian", "uniform", "truncated_gaussian", "orthogonal"])
@pytest.mark.parametrize("sizes", ["1-1", "1-40-1-40", "784-300-100-10"])
def test_every_size_runs(law, sizes):
    for activation in ("linear", "relu", "tanh"):
        config = Config(layer_sizes=sizes, weight_law=law, activation=activation, scheme="glorot", trials=2)
        trace, prediction = simulate(config), predict(config)
        assert trace.z.log10_variance.shape == (2, config.depth) and diagnose(trace, prediction).headline
