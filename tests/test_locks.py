"""What a teacher's link may ask: read from an address, kept through every move."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation import rules
from propagation.config import BOUNDS, CHOICES, Config
from propagation.locks import CONTROLS, PARAMETERS, Terms, labels
from propagation.presets import PRESETS
from propagation.questions import Question

FIELDS = [field.name for field in fields(Config)]


def locked(*names: str) -> Terms:
    return Terms(frozenset(names))


def moves() -> st.SearchStrategy:
    """What a hand can do: any control to any value it allows."""
    names = {field: st.sampled_from(sorted(choices)) for field, choices in CHOICES.items()}
    numbers = {
        field: st.integers(low, high) if isinstance(low, int) else st.floats(low, high)
        for field, (low, high) in BOUNDS.items()
        if field != "input_variance"
    }
    fields = [st.tuples(st.just(field), values) for field, values in (names | numbers).items()]
    return st.one_of(*fields, st.tuples(st.just("preset"), st.sampled_from(sorted(PRESETS))))


def after(config: Config, terms: Terms, control: str, value) -> Config:
    """As the page does it: by the rules, then by the terms."""
    try:
        wanted = rules.settled(PRESETS[value].config) if control == "preset" else rules.moved(config, control, value)[0]
    except ValueError:  # the page offers no such value, as with a law that has no implicit method
        return config
    return terms.kept(config, wanted)[0]


def test_every_field_can_be_locked():
    assert {*CONTROLS} == {*FIELDS, "preset"}


@given(st.lists(moves(), max_size=4), st.sets(st.sampled_from(sorted(CONTROLS))), st.lists(moves(), max_size=4))
def test_what_is_locked_stays_whatever_is_moved(before, names, then):
    config = Config()
    for move in before:
        config = after(config, Terms(), *move)
    terms, start = locked(*names), config
    for move in then:
        config = after(config, terms, *move)
    assert all(getattr(config, name) == getattr(start, name) for name in names if name != "preset")
    assert config == rules.settled(config)
    if "weight_variance" in names:
        assert config.scheme == start.scheme
    if "bias_variance" in names and start.scheme == "custom":
        assert rules.shown_bias_variance(config) == start.bias_variance


def test_without_the_lock_it_moves():
    """Negative control of the property above."""
    assert after(Config(), Terms(), "preset", "he_relu").activation == "relu"
    assert after(Config(), locked("activation"), "preset", "he_relu").activation == "tanh"


def test_a_preset_brings_all_that_is_not_locked():
    config, changed = locked("depth", "seed").kept(Config(depth=7), PRESETS["exploding"].config)
    assert config == replace(rules.settled(PRESETS["exploding"].config), depth=7)
    assert changed == ("depth",)  # the seed is the preset's too


def test_a_locked_variance_holds_its_scheme():
    config = Config(weight_variance=1.3)
    assert after(config, locked("weight_variance"), "scheme", "he") == config
    assert locked("weight_variance").fixed(config) == {"weight_variance", "scheme"}
    assert after(config, locked("weight_variance"), "depth", 9) == replace(config, depth=9)


def test_a_locked_scheme_holds_its_variance_and_custom_leaves_it_free():
    he = rules.settled(Config(scheme="he"))
    assert after(he, locked("scheme"), "weight_variance", 3.0) == he
    assert "weight_variance" in locked("scheme").fixed(he)
    assert after(Config(), locked("scheme"), "weight_variance", 3.0).weight_variance == 3
    assert locked("scheme").fixed(Config()) == {"scheme"}


@pytest.mark.parametrize("name", ["weight_std", "weight_variance"])
def test_a_stated_std_is_held_with_its_scheme(name):
    config = Config(scheme="std", weight_std=0.05)
    assert Terms(frozenset({name})).fixed(config) == {"scheme", "weight_std", "weight_variance"}
    assert Terms(frozenset({"scheme"})).fixed(config) == {"scheme", "weight_variance"}, "the std itself can still be moved"
    assert Terms(frozenset({name})).kept(config, rules.moved(config, "scheme", "he")[0])[0] == config


def test_a_locked_bias_refuses_a_scheme_with_biases_of_its_own():
    assert after(Config(), locked("bias_variance"), "scheme", "pytorch").scheme == "custom"
    assert after(Config(), locked("bias_variance"), "scheme", "he").scheme == "he"


def test_a_locked_law_stays_under_a_library_default():
    config = after(Config(), locked("weight_law"), "scheme", "pytorch")
    assert (config.scheme, config.weight_law) == ("pytorch", "gaussian")


def test_a_locked_scheme_refuses_the_activation_it_cannot_serve():
    kumar = rules.settled(Config(scheme="kumar", activation="tanh"))
    assert after(kumar, locked("scheme"), "activation", "selu") == kumar
    assert after(kumar, locked("scheme"), "activation", "sigmoid").activation == "sigmoid"


@given(
    st.sets(st.sampled_from(sorted(CONTROLS))),
    st.sets(st.sampled_from(sorted(CONTROLS))),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, Question("Why?"), Question("What <b>grows</b>?", ("the signal & all", "δ = 1"))]),
    st.sampled_from(["", "bio-101"]),
)
def test_terms_survive_the_address(names, hidden, asks, own_seed, question, room):
    terms = Terms(frozenset(names - hidden), frozenset(hidden), asks or question is not None, own_seed, question, room)
    query = terms.to_query()
    assert {*query} <= {*PARAMETERS}
    assert Terms.from_query({name: [text] for name, text in query.items()}) == (terms, [])
    assert bool(terms) == bool(query)


def test_a_question_makes_the_answer_wait_and_a_room_without_a_name_is_none():
    terms, problems = Terms.from_query({"question": ["What is next?"], "room": ["Bio 1"]})
    assert terms == Terms(asks=True, question=Question("What is next?")) and len(problems) == 1 and "'Bio 1'" in problems[0]
    assert Terms.from_query({"room": ["a", "bio-101"]}) == (Terms(room="bio-101"), [])
    assert Terms.from_query({"options": ["a|b"]})[0] == Terms() and Terms.from_query({"options": ["a|b"]})[1]


@given(st.dictionaries(st.sampled_from(PARAMETERS), st.lists(st.text(max_size=300), max_size=3)))
def test_any_text_is_read_and_complaints_stay_short(parameters):
    terms, problems = Terms.from_query(parameters)
    assert terms.locked | terms.hidden <= {*CONTROLS}
    assert len(problems) <= 10 and all(len(problem) < 200 for problem in problems)


def test_what_cannot_be_locked_is_named_and_the_rest_is():
    terms, problems = Terms.from_query({"lock": ["depth,warp_factor,wid"], "hide": ["seed"], "ask": ["perhaps"]})
    assert terms == Terms(frozenset({"depth"}), frozenset({"seed"}))
    assert [problem.split()[0] for problem in problems] == ["'warp_factor'", "'wid'", "ask"]


def test_many_unknown_names_are_counted():
    _, problems = Terms.from_query({"lock": [",".join(f"x{n}" for n in range(30))]})
    assert len(problems) == 4 and "27" in problems[-1]


def test_repeated_and_contradictory_terms():
    assert Terms.from_query({"lock": ["depth", "width"]})[0] == locked("depth", "width")
    assert Terms.from_query({"lock": ["depth"], "hide": ["depth"]}) == (Terms(hidden=frozenset({"depth"})), [])
    terms, problems = Terms.from_query({"ask": ["1", "0"]})
    assert not terms.asks and "ask" in problems[0]


def test_controls_are_named_as_the_sidebar_does():
    assert labels({"depth"}) == "Depth"
    assert labels({"width", "depth"}) == "Depth and Width"
    assert labels({"seed", "width", "depth"}) == "Depth, Width and Seed"
