"""Links: what goes into an address comes out of it, short, and nothing that is cut, foreign or a bomb is opened."""

from __future__ import annotations

import base64
import json
import math
import re
import zlib

import numpy as np
import pytest

from propagation.reports.link import decode, encode, taken
from propagation.reports.read import MOST_BYTES, ReportError, read
from tests.reports.samples import linear, moments, other, report, residual, text


def packed(words: str | bytes) -> str:
    data = words.encode() if isinstance(words, str) else words
    return base64.urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def hundred_modules(draws: int = 8) -> str:
    """Of a network with all that is measured, and as much scatter as a narrow one has."""
    rng = np.random.default_rng(0)
    calls = []
    for n in range(100):
        scattered = {
            name: moments(rng.normal(-0.1 * n, 0.1, draws), 0.1) for name in ("in", "out", "out_gradient", "weight_gradient", "bias")
        }
        fields = {"saturated": rng.random(), "zero": rng.random(), "gradient_below_float16": rng.random(), "out_shape": [8, 64, 512]}
        calls.append(linear(f"transformer.h.{n // 8}.part_{n % 8}", 512, 512, **scattered, **fields))
    return text(calls, draws=draws)


def test_a_report_comes_out_of_its_link():
    given = read(hundred_modules())
    found = decode(encode(given))
    assert [(m.name, m.type, m.kind, m.fan_in, m.out_shape) for m in found.modules] == [
        (m.name, m.type, m.kind, m.fan_in, m.out_shape) for m in given.modules
    ]
    for one, other_one in zip(found.modules, given.modules, strict=True):
        for quantity in ("out", "out_gradient", "weight_gradient"):
            assert np.allclose(
                one.moments[quantity].log10_second_moment, other_one.moments[quantity].log10_second_moment, rtol=0, atol=0.0051
            )
        assert one.weight_variance == pytest.approx(other_one.weight_variance, rel=2e-3)
        assert one.shares["saturated"] == pytest.approx(other_one.shares["saturated"], rel=0.06)
    assert encode(found) == encode(given)


def test_a_hundred_modules_are_under_8000_characters_of_an_address():
    link = encode(read(hundred_modules()))
    assert len(link) < 7900 and re.fullmatch(r"[A-Za-z0-9_-]+", link)


def test_all_that_is_said_is_kept():
    calls = [*residual(2), other("x", "ReLU", "activation", activation="relu", heads=2, causal=False, call=2, frozen=True)]
    calls += [{"name": "idle", "type": "Linear", "kind": "linear", "never_called": True}]
    calls[1]["same_weights_as"], calls[2]["tied_to"] = "a", "b"
    given = read(
        text(
            calls,
            history={"steps": [1, 2], "update_ratio": {"a": [0.001, 0.002]}},
            first_not_finite={"module": "x", "what": "infinite", "pass": "forward", "after": "w"},
            notes=["seen by <b>nobody</b>"],
        )
    )
    found = decode(encode(given))
    for field in ("model", "framework", "mode", "dtype", "loss", "batch", "inputs", "draws", "parameters", "notes", "history"):
        assert getattr(found, field) == getattr(given, field), field
    assert found.first_not_finite == given.first_not_finite
    for one, of in zip(found.modules, given.modules, strict=True):
        for field in ("call", "frozen", "never_called", "functional", "activation", "heads", "causal", "same_weights_as", "tied_to"):
            assert getattr(one, field) == getattr(of, field), field


def test_zero_and_not_finite_come_through():
    gone = {"mean": [None], "log10_variance": [None], "log10_second_moment": [None]}
    found = decode(encode(read(text([linear("a", 8, 8, out=moments(-math.inf), out_gradient=gone)]))))
    assert found.modules[0].size("out") == -math.inf and found.modules[0].size("out_gradient") == math.inf


def test_a_link_of_the_probe_is_read_as_it_is_pasted():
    given = text([linear("a", 8, 8)])
    code = packed(given)
    for pasted in (given, f"  {given}\n", f"https://example.org/network?depth=3&report={code}", code):
        assert taken(pasted) == read(given)


@pytest.mark.parametrize(
    "code",
    ["", "a", "abc$", "<script>", "é" * 50, "A" * 200, base64.urlsafe_b64encode(b"plain words").decode().rstrip("="), packed(b"\xff\xfe")],
)
def test_what_is_no_report_is_a_sentence(code):
    with pytest.raises(ReportError, match="The link holds no report"):
        decode(code)


def test_a_link_that_was_cut_is_told():
    code = packed(hundred_modules())
    for length in (len(code) // 2, len(code) - 4):
        with pytest.raises(ReportError, match="cut"):
            decode(code[:length])


def test_a_bomb_is_not_unpacked():
    with pytest.raises(ReportError, match="more than 1 MB"):
        decode(packed(b" " * 50 * MOST_BYTES))
    with pytest.raises(ReportError, match="cut, or has characters"):
        decode("A" * (3 * MOST_BYTES))


def test_a_link_with_a_newer_report_says_so():
    newer = json.dumps(report([linear("a", 8, 8)], version=9))
    with pytest.raises(ReportError, match="newer"):
        decode(packed(newer))


def test_a_pasted_link_without_a_report_says_so():
    with pytest.raises(ReportError, match=r"no “\?report=”"):
        taken("https://example.org/network?depth=3")
