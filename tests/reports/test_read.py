"""Reading a report: what is right is taken, and whatever is wrong is a sentence."""

from __future__ import annotations

import json
import math

import pytest

from propagation.reports.read import MOST_BYTES, ReportError, read
from tests.reports.samples import linear, module, moments, other, report, text

ONE = linear("fc", 8, 4)


def refused(words: str) -> str:
    with pytest.raises(ReportError) as refusal:
        read(words)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "no text yet"),
        ("  \n", "no text yet"),
        ("hello", "no JSON: line 1, column 1"),
        ('{"format": ', "no JSON"),
        ("[" * 200_000, "lists within lists"),
        ("[1, 2]", "a report is an object"),
        ("{}", "no report of `probe.py`"),
        ('{"format": "other", "version": 1}', "no report of `probe.py`"),
        ('{"format": "signal-propagation-report"}', "“version” that is no whole number"),
        ('{"format": "signal-propagation-report", "version": 2}', "version 2, made by a newer `probe.py`"),
        ('{"format": "signal-propagation-report", "version": 1}', "no list of modules"),
        (text([]), "nothing to show"),
        (text([module("idle", "Linear", "linear", never_called=True)]), "nothing to show"),
        (text([3]), "Module 1 is no object"),
        ("9" * 5000, "no JSON"),
        (" " * MOST_BYTES + "{}", "more than 1 MB"),
        ("é" * (MOST_BYTES // 2 + 1), "more than 1 MB"),
        (text([ONE] * 10_001), "MB"),
    ],
)
def test_what_is_no_report_is_a_sentence(words, said):
    assert said in refused(words)


def test_more_than_10000_modules_are_too_many():
    small = [{"name": str(n), "type": "A", "kind": "other"} for n in range(10_001)]
    assert "10,001 modules, and 10,000 are read" in refused(text(small))


def test_10000_modules_are_read():
    found = read(text([{"name": f"m{n}", "type": "A", "kind": "other"} for n in range(10_000)]))
    assert len(found.modules) == 10_000 and found.modules[-1].name == "m9999"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 7}, "“name” that is no text"),
        ({"name": "x" * 201}, "201 characters, and 200"),
        ({"fan_in": 1.5}, "“fan_in” that is no whole number"),
        ({"fan_in": -1}, "“fan_in” that is no whole number"),
        ({"fan_in": True}, "“fan_in” that is no whole number"),
        ({"fan_in": 10**30}, "“fan_in” that is no whole number"),
        ({"frozen": "yes"}, "neither true nor false"),
        ({"weight_shape": [2, "a"]}, "no list of whole numbers"),
        ({"out_shape": [2] * 17}, "is no shape"),
        ({"out_shape": [-2]}, "is no shape"),
        ({"saturated": 1.5}, "no number from 0 to 1"),
        ({"saturated": float("nan")}, "no number from 0 to 1"),
        ({"dead": "half"}, "no number from 0 to 1"),
        ({"out": [1, 2]}, "no object with moments"),
        ({"out": {"mean": [0]}}, "no log10_second_moment"),
        ({"out": {"log10_second_moment": 3}}, "no list of numbers"),
        ({"out": {"log10_second_moment": []}}, "no list of numbers"),
        ({"out": {"log10_second_moment": [0.0] * 5000}}, "no list of numbers"),
        ({"out": {"log10_second_moment": ["much"]}}, "'much', which is no number"),
        ({"out": {"log10_second_moment": [[1]]}}, "which is no number"),
        ({"out": {"log10_second_moment": [True]}}, "which is no number"),
        ({"out": {"log10_second_moment": [1e9]}}, "the logarithm of no size"),
    ],
)
def test_a_wrong_part_of_a_module_is_named(change, said):
    sentence = refused(text([other("first", "A", "other"), ONE | change]))
    assert said in sentence and "Module 2" in sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": []}, "“model” that is no text"),
        ({"draws": 0}, "“draws” that is no whole number from 1"),
        ({"batch": 3}, "no list of shapes"),
        ({"notes": [3]}, "no list of texts"),
        ({"notes": "all well"}, "no list of texts"),
        ({"first_not_finite": "here"}, "no object"),
        ({"first_not_finite": {"module": "a", "what": "odd", "pass": "forward"}}, "neither nan nor infinite"),
        ({"history": []}, "no object"),
        ({"history": {"steps": [1, 2], "update_ratio": {"a": [0.1]}}}, "no list of 2 numbers"),
        ({"history": {"steps": [1], "out": [1]}}, "no curves"),
    ],
)
def test_a_wrong_part_of_the_report_is_named(change, said):
    assert said in refused(text([ONE], **change))


def test_everything_is_taken():
    found = read(
        text(
            [
                ONE | {"saturated": 0.25, "frozen": True, "same_weights_as": "earlier", "bias": moments(-2), "unknown": {"a": 1}},
                other("act", "ReLU", "activation", activation="relu", call=2),
                module("idle", "Linear", "linear", never_called=True),
            ],
            first_not_finite={"module": "act", "what": "nan", "pass": "backward"},
            history={"steps": [0, 5], "update_ratio": {"fc": [0.01, None]}, "out": {"fc": [-1, "zero"]}},
            draws=3,
            notes=["one"],
        )
    )
    fc, act, idle = found.modules
    assert (fc.fan_in, fc.fan_out, fc.weight_shape, fc.out_shape) == (8, 4, (4, 8), (4, 4))
    assert fc.frozen and fc.same_weights_as == "earlier" and fc.shares == {"saturated": 0.25}
    assert fc.weight_variance == pytest.approx(2.0) and fc.bias_variance == pytest.approx(0.01)
    assert math.isnan(act.weight_variance) and act.bias_variance == 0 and act.call == 2 and act.activation == "relu"
    assert found.called == (fc, act) and idle.never_called
    assert (found.first_not_finite.module, found.first_not_finite.during) == ("act", "backward")
    assert found.history.update_ratio["fc"][0] == 0.01 and math.isnan(found.history.update_ratio["fc"][1])
    assert found.history.out["fc"] == (-1.0, -math.inf)
    assert found.inputs == 4 and found.draws == 3 and found.notes == ("one",)


def test_an_unknown_kind_is_another():
    assert read(text([other("x", "X", "wormhole")])).modules[0].kind == "other"


def test_zero_and_what_is_not_finite_are_kept_apart():
    sizes = {"mean": [0], "log10_variance": [None], "log10_second_moment": [None]}
    zero, gone, old = read(
        text([ONE | {"out": moments(-math.inf)}, ONE | {"out": sizes}, ONE | {"out": sizes, "zero": 1}]),
    ).modules
    assert zero.size("out") == -math.inf and gone.size("out") == math.inf and old.size("out") == -math.inf
    bare = json.dumps(report([ONE | {"out": {"log10_second_moment": [float("nan")]}}]))
    assert "NaN" in bare and read(bare).modules[0].size("out") == math.inf


def test_draws_are_medians_and_bands():
    spread = read(text([ONE | {"out": moments([5.0, 1.0, 2.0, 3.0, 4.0])}])).modules[0].moments["out"].log10_second_moment
    assert spread == (3.0, 1.0, 5.0)
    several = read(text([ONE | {"out": moments(list(range(21)))}])).modules[0].moments["out"].log10_second_moment
    assert several == (10.0, 2.0, 18.0)
    summary = read(text([ONE | {"out": moments([3.0, 1.0, 5.0])}], summary=True)).modules[0].moments["out"].log10_second_moment
    assert summary == (3.0, 1.0, 5.0)
    assert "holds 2 numbers" in refused(text([ONE | {"out": moments([3.0, 1.0])}], summary=True))


def test_what_turns_a_text_around_is_not_kept():
    assert read(text([other("a\u202eb\x00", "A", "other")])).modules[0].name == "a\ufffdb\ufffd"
