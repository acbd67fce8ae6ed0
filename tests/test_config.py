"""Config: bounds, names, widths, and the address: what is written reads back, and nothing that is read raises."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation import ACTIVATIONS, SCHEMES, Config
from propagation.config import BOUNDS, CHOICES, NUMBERS
from propagation.fields import LONGEST_TEXT
from propagation.initializers import kumar_scale
from propagation.widths import WIDTH_PROFILES, read_sizes

FIELDS = {field.name: field for field in fields(Config)}
WHOLE = [name for name, (low, _) in BOUNDS.items() if isinstance(low, int)]


def test_the_fields_of_the_contract_are_there():
    numbers = {
        *("depth", "width", "weight_variance", "bias_variance", "inputs", "input_variance", "trials", "seed"),
        *("weight_std", "input_mean", "first_weight_variance", "bias_mean", "branch_scale", "branch_layers", "expansion", "keep"),
        *("skip_scale", "tokens", "heads", "token_correlation", "query_key_variance", "value_variance", "positions", "taps"),
    }
    names = {"activation", "scheme", "weight_law", "width_profile", "input_law", "cost", "method"}
    names |= {"architecture", "normalization", "norm_position", "branch_rule", "block_order", "sublayers", "readout"}
    flags = {"gated", "shared_blocks", "causal"}
    assert set(BOUNDS) == numbers and set(CHOICES) == names and set(FIELDS) == numbers | names | flags | {"layer_sizes"}


def test_bounds_are_those_of_the_contract():
    assert BOUNDS["depth"] == (1, 2000)
    assert BOUNDS["width"] == (2, 1_000_000)
    assert BOUNDS["inputs"] == (1, 1024)
    assert BOUNDS["trials"] == (1, 64)
    assert BOUNDS["weight_variance"] == (0, 10_000_000)


#: numbers that say something of one architecture alone
NEEDS = {"tokens": {"architecture": "transformer"}, "positions": {"architecture": "convolution"}}


class TestValidation:
    """ValueError names the field, the value and what is allowed."""

    @pytest.mark.parametrize("name", BOUNDS)
    def test_bounds_are_allowed_and_what_lies_beyond_is_not(self, name):
        low, high = BOUNDS[name]
        for value in (low, high):
            assert getattr(Config(**{name: value}, **NEEDS.get(name, {})), name) == value
        step = 1 if name in WHOLE else 1e-9
        for value in (low - step, high * (1 + 1e-9) + step, low - high, 10 * high, 1e300, math.inf, -math.inf, math.nan):
            with pytest.raises(ValueError, match=f"^{name} = .* is out of range: .* from ") as error:
                Config(**{name: value})
            assert f"to {high:,.0f} is" in str(error.value)

    @pytest.mark.parametrize("name", BOUNDS)
    @pytest.mark.parametrize("value", ["5", "", None, True, False, [5], (5,), {}, 1j, object(), np.array([5, 6]), np.nan, 10**400])
    def test_what_is_not_a_number_is_refused(self, name, value):
        if value is None and NUMBERS[name].optional:
            assert getattr(Config(**{name: None}), name) is None
            return
        with pytest.raises(ValueError, match=f"^{name} = "):
            Config(**{name: value})

    @pytest.mark.parametrize("name", WHOLE)
    def test_halves_are_refused_and_whole_floats_become_integers(self, name):
        within = min(7, BOUNDS[name][1])
        with pytest.raises(ValueError, match="a whole number"):
            Config(**{name: within - 0.5})
        for whole in (float(within), np.int64(within)):
            assert isinstance(getattr(Config(**{name: whole}, **NEEDS.get(name, {})), name), int)

    def test_numbers_of_any_kind_become_floats(self):
        for value in (2, 2.0, np.float32(2), np.int8(2)):
            assert type(Config(weight_variance=value).weight_variance) is float
            assert Config(weight_variance=value) == Config(weight_variance=2.0)

    @pytest.mark.parametrize("name", CHOICES)
    @pytest.mark.parametrize("value", ["", "no such", None, 3, ["tanh"], b"tanh", "TANG", "<script>", "x" * 10_000])
    def test_unknown_names_are_refused_with_the_known_ones(self, name, value):
        with pytest.raises(ValueError, match=f"^{name} = .* is unknown; choose one of ") as error:
            Config(**{name: value})
        assert next(iter(CHOICES[name])) in str(error.value)
        assert len(str(error.value)) < 500

    @pytest.mark.parametrize("name", CHOICES)
    def test_every_name_is_accepted(self, name):
        for value in CHOICES[name]:
            assert getattr(Config(**{name: value}, **({"weight_law": "gaussian"} if name == "method" else {})), name) == value

    @pytest.mark.parametrize("law", ["uniform", "truncated_gaussian"])
    def test_laws_that_need_their_matrix_cannot_insist_on_none(self, law):
        with pytest.raises(ValueError, match="method = 'implicit' needs weight_law = 'gaussian' or 'orthogonal'"):
            Config(method="implicit", weight_law=law)

    def test_it_is_one_frozen_value(self):
        config = Config(seed=3)
        with pytest.raises(FrozenInstanceError):
            config.seed = 4
        assert config == Config(seed=3) and hash(config) == hash(Config(seed=3)) and config != Config()
        assert len({config, Config(seed=3), replace(config, seed=3)}) == 1

    def test_a_number_too_long_to_write_is_named_too(self):
        with pytest.raises(ValueError, match=r"^depth = .* is out of range"):
            Config(depth=10**5000)


class TestWidths:
    """n_0 … n_L of every profile."""

    @given(depth=st.integers(1, 200), width=st.integers(2, 1_000_000), profile=st.sampled_from(list(WIDTH_PROFILES)))
    def test_sizes_follow_the_profile(self, depth, width, profile):
        sizes = np.array(Config(depth=depth, width=width, width_profile=profile).widths)
        narrow = max(2, width // 8)
        assert len(sizes) == depth + 1
        assert sizes.min() >= min(narrow, width) and sizes.max() <= width
        ends = {"constant": (width, width), "funnel": (width, narrow), "widening": (narrow, width), "bottleneck": (width, width)}[profile]
        assert (sizes[0], sizes[-1]) == ends
        rising = np.diff(sizes)
        if profile == "bottleneck":
            half = depth // 2
            assert (rising[:half] <= 0).all() and (rising[depth - half :] >= 0).all()
            assert depth % 2 or sizes[depth // 2] == narrow
        else:
            assert (np.sign(narrow - width) * np.array({"constant": 0, "funnel": 1, "widening": -1}[profile]) * rising >= 0).all()

    def test_pieces_are_geometric(self):
        assert Config(depth=3, width=512, width_profile="funnel").widths == (512, 256, 128, 64)
        assert Config(depth=3, width=512, width_profile="widening").widths == (64, 128, 256, 512)
        assert Config(depth=6, width=512, width_profile="bottleneck").widths == (512, 256, 128, 64, 128, 256, 512)

    def test_digits_have_64_pixels(self):
        assert Config(depth=2, width=512, input_law="digits", width_profile="funnel").widths == (64, 181, 64)

    def test_widths_are_integers(self):
        assert all(type(size) is int for size in Config(width=np.int64(30), width_profile="funnel").widths)


def numbers_of(name: str):
    low, high = BOUNDS[name]
    return st.integers(low, high) if name in WHOLE else st.floats(low, high)


valid_values = st.fixed_dictionaries(
    {}, optional={name: numbers_of(name) for name in BOUNDS} | {name: st.sampled_from(list(CHOICES[name])) for name in CHOICES}
)


def is_allowed(values: dict) -> bool:
    """The refusals that come from two fields together."""
    activation = values.get("activation", "tanh")
    if 0 < abs(values.get("bias_mean", 0.0)) < 1e-6:
        return False
    kumar = values.get("scheme") == "kumar" and activation in {"leaky_relu", "selu"}
    if values.get("normalization") == "batch" and values.get("inputs", 16) < 4:
        return False
    architecture, two = values.get("architecture", "plain"), values.get("branch_layers", 2) == 2
    if architecture in ("residual", "transformer") and not (
        values.get("width_profile", "constant") == "constant"
        and "first_weight_variance" not in values
        and (values.get("block_order") != "post_activation" or two)
        and not (values.get("scheme") == "lsuv" and values.get("branch_rule") in ("fixup", "deepnorm", "t_fixup", "gpt2"))
    ):
        return False
    if architecture == "transformer" and not (
        two
        and values.get("block_order", "branch") == "branch"
        and values.get("normalization") != "batch"
        and values.get("scheme") != "lsuv"
        and values.get("width", 512) % values.get("heads", 1) == 0
        and (values.get("tokens", 1) == 1 or (values["tokens"] * values.get("inputs", 16) <= 1024 and values.get("input_law") != "digits"))
    ):
        return False
    if architecture != "transformer" and values.get("tokens", 1) > 1:
        return False
    positions = values.get("positions", 1)
    if positions > 1 and (
        architecture != "convolution" or positions * values.get("inputs", 16) > 1024 or values.get("input_law") == "digits"
    ):
        return False
    if architecture == "convolution" and values.get("taps", 3) % 2 == 0:
        return False
    return not kumar and (values.get("method") != "implicit" or values.get("weight_law", "gaussian") in {"gaussian", "orthogonal"})


class TestAddress:
    """Config ⇄ text: defaults stay out, what is written reads back exactly, what cannot be read keeps its default and is named."""

    def test_the_default_is_the_empty_address(self):
        assert Config().to_query() == {}
        assert Config.from_query({}) == (Config(), [])

    @given(valid_values.filter(is_allowed))
    def test_what_is_written_reads_back(self, values):
        config = Config(**values)
        query = config.to_query()
        assert all(isinstance(text, str) and text for text in query.values())
        assert set(query) == {name for name in values if getattr(config, name) != FIELDS[name].default}
        assert Config.from_query(query) == (config, [])
        assert Config.from_query({name: [text] for name, text in query.items()}) == (config, [])

    @pytest.mark.parametrize("seed", [2**32 - 1, 123456789])
    def test_seeds_keep_every_digit(self, seed):
        assert Config.from_query({"seed": str(seed)}) == (Config(seed=seed), [])

    @pytest.mark.parametrize("text", ["1e2", "100", "100.0", " 100 ", "+100"])
    def test_numbers_may_be_written_in_any_way(self, text):
        assert Config.from_query({"depth": text}) == (Config(depth=100), [])

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("depth", "nan"),
            ("depth", "1e9"),
            ("depth", "-1"),
            ("depth", "7.5"),
            ("depth", "seven"),
            ("depth", ""),
            ("depth", "²"),
            ("weight_variance", "inf"),
            ("weight_variance", "1,5"),
            ("weight_variance", "0x10"),
            ("seed", "4294967296"),
            ("activation", "<script>alert(1)</script>"),
            ("activation", "Tang"),
            ("scheme", "'; DROP TABLE"),
            ("input_law", "\x00"),
            ("width", "9" * 10_000),
            ("depth", ["5", "6"]),
            ("depth", []),
            ("depth", None),
            ("depth", b"5"),
            ("depth", {"a": 1}),
        ],
    )
    def test_what_cannot_be_read_keeps_its_default_and_is_named(self, name, text):
        config, problems = Config.from_query({name: text, "trials": "9"})
        assert config == Config(trials=9)
        assert len(problems) == 1 and name in problems[0] and str(FIELDS[name].default) in problems[0]
        assert len(problems[0]) < 500

    def test_unknown_names_are_ignored_and_named(self):
        config, problems = Config.from_query({"colour": "red", "x" * 10_000: "1", "depth": "7"})
        assert config == Config(depth=7)
        assert len(problems) == 2 and "colour" in problems[0] and all(len(problem) < 200 for problem in problems)

    def test_two_fields_that_contradict_each_other_give_up_the_culprit(self):
        config, problems = Config.from_query({"scheme": "kumar", "activation": "selu", "depth": "7"})
        assert config == Config(activation="selu", depth=7)
        assert len(problems) == 1 and "kumar" in problems[0] and "scheme stays at custom" in problems[0]

    @pytest.mark.parametrize("scheme", [{}, {"scheme": "he"}])
    def test_a_method_that_contradicts_the_law_gives_up_the_method_alone(self, scheme):
        config, problems = Config.from_query({"method": "implicit", "weight_law": "uniform"} | scheme)
        assert config == Config(weight_law="uniform", **scheme)
        assert len(problems) == 1 and "method stays at auto" in problems[0]

    def test_both_contradictions_at_once_are_survived(self):
        config, problems = Config.from_query({"method": "implicit", "weight_law": "uniform", "scheme": "kumar", "activation": "selu"})
        assert config == Config(weight_law="uniform", activation="selu")
        assert len(problems) == 2

    anything = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.just(10**5000),
        st.floats(),
        st.complex_numbers(),
        st.text(),
        st.binary(),
        st.text(min_size=LONGEST_TEXT, max_size=LONGEST_TEXT + 50),
        st.sampled_from(["nan", "-inf", "1e999", "1_0", "٣", "<b>", "%00", "tanh\n", "kumar", "implicit", "uniform", "selu", "9" * 4400]),
        st.lists(st.one_of(st.text(), st.integers(), st.none()), max_size=3),
        st.dictionaries(st.text(), st.integers(), max_size=2),
    )

    any_name = st.one_of(st.sampled_from(list(FIELDS)), st.text(), st.none(), st.integers(), st.binary())

    @pytest.mark.slow
    @given(st.dictionaries(any_name, anything, max_size=8))
    def test_it_never_raises(self, query):
        config, problems = Config.from_query(query)
        assert isinstance(config, Config)
        assert all(isinstance(problem, str) and len(problem) < 1000 for problem in problems)
        for name in FIELDS:
            if name not in query:
                assert getattr(config, name) == FIELDS[name].default

    @given(st.dictionaries(st.sampled_from(list(FIELDS)), st.text(max_size=12), max_size=6))
    def test_what_is_not_complained_about_is_what_was_written(self, query):
        config, problems = Config.from_query(query)
        for name, text in query.items():
            if not any(name in problem for problem in problems):
                value = getattr(config, name)
                if name == "layer_sizes":
                    assert read_sizes(value) == read_sizes(text)
                else:
                    assert value == (text if name in CHOICES else float(text))


def test_kumar_applies_where_the_contradiction_says():
    refused = set()
    for activation in ACTIVATIONS:
        try:
            kumar_scale(activation)
        except ValueError:
            refused.add(activation)
    assert refused == {"leaky_relu", "selu"}
    assert "kumar" in SCHEMES
