"""The text of a comparison: readable, short, and never a reason to fail."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation.formatting import plain
from propagation.labs.compare import FIRST, GLOROT_2010, MOST_COLUMNS, Column, common
from propagation.labs.compare_text import NONE, read, written

MIXED = (Column("he", "relu", "gaussian"), Column("glorot", "tanh", "uniform"), Column("custom", "tanh", "orthogonal", 1.76))
STATED = (Column("std", "relu", "gaussian", weight_std=0.02), Column("std", "tanh", "uniform", weight_std=1.0))
TYPED = (Column("custom", "x*sigmoid(1.7*x)", "gaussian", 2.5), Column("he", "0.5*x", "truncated_gaussian"))


def test_the_text_is_readable():
    assert written(STATED) == "std.relu.gaussian.0.02~std.tanh.uniform.1"
    assert written(MIXED) == "he.relu.gaussian~glorot.tanh.uniform~custom.tanh.orthogonal.1.76"


@pytest.mark.parametrize("columns", [FIRST, GLOROT_2010, common("tanh"), MIXED, TYPED, STATED, MIXED[:1], ()])
def test_what_is_written_is_read(columns):
    assert read(written(columns)) == (columns, [])


def test_the_first_comparison_needs_no_text_and_none_is_said():
    assert written(FIRST) == "" and written(()) == NONE


def test_six_columns_make_a_short_address():
    longest = tuple(Column("custom", "leaky_relu", "truncated_gaussian", 1 / 3 + i) for i in range(MOST_COLUMNS))
    assert len(quote(written(longest))) < 500


def test_fifty_columns_are_six_and_a_sentence():
    columns, problems = read("~".join(f"custom.tanh.gaussian.{i}" for i in range(50)))
    assert [column.weight_variance for column in columns] == [0, 1, 2, 3, 4, 5]
    assert len(problems) == 1 and "50" in problems[0] and "first 6" in problems[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "it needs scheme"),
        ("he.relu", "it needs scheme"),
        ("xavier.relu.gaussian", "scheme is unknown"),
        ("he.nope.gaussian", "activation"),
        ("he.relu.cauchy", "it needs scheme"),
        ("he.relu.gaussian.2", "no other does"),
        ("custom.relu.gaussian", "ends with its"),
        ("custom.relu.gaussian.two", "not a number"),
        ("std.relu.gaussian", "a std column with its std"),
        ("std.relu.gaussian.small", "weight_std = 'small' is not a number"),
        ("std.relu.gaussian.-1", "weight_std = -1 is out of range"),
        ("std.relu.gaussian.101", "from 0 to 100"),
        ("custom.relu.gaussian.1e9", "out of range"),
        ("custom.relu.gaussian.nan", "out of range"),
        ("he.exp(exp(x)).gaussian", "activation"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_stands(text, words):
    columns, problems = read(f"{text}~he.relu.gaussian")
    assert columns == (Column("he", "relu", "gaussian"),)
    assert len(problems) == 1 and words in problems[0].replace("\\", "")


def test_a_column_twice_is_one():
    assert read("he.relu.gaussian~he.relu.gaussian") == ((Column("he", "relu", "gaussian"),), [])


def test_a_link_cannot_bring_markup():
    _, problems = read("`x`**a**<b>.$y$.gaussian~[k](http://a.b).(c).gaussian")
    for problem in problems:
        head, _, tail = problem.partition("` is no column: ")
        assert head.count("`") == 1
        assert not any(mark in tail.replace("\\" + mark, "") for mark in "*[<$`")
    assert plain("*a*") == "\\*a\\*"


@given(st.text(alphabet=st.sampled_from("~.he1xrelutangsciufomkpy()*-+∞ \x00\n"), max_size=80) | st.text(max_size=60))
def test_reading_never_raises(text):
    columns, problems = read(text)
    assert len(columns) <= MOST_COLUMNS and all(isinstance(problem, str) for problem in problems)
