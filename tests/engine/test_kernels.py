"""One seed, one picture: rounding errors, such as those of another processor's matrix products, decide nothing."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from propagation import Config, simulate
from propagation.engine import frames, implicit

BENCHMARK = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "kernels.py"))
#: how far the median over networks and a single network may be off, in decades
MEDIAN, SINGLE = 0.01, 0.05
#: deep networks whose inputs merge one after the other
DEEP = ["ReLU 500 × 64", "GELU 256 × 100", "ReLU 300 × 64, orthogonal", "ReLU 300 × 64, residual"]


def test_other_kernels_show_the_same_picture():
    rivals = BENCHMARK["others"]()[-1:]
    if not rivals:
        pytest.skip("this BLAS has no other kernel that runs here")
    _, own = BENCHMARK["under"]("", DEEP[:2])
    for rival in rivals:
        _, other = BENCHMARK["under"](rival, DEEP[:2])
        for name in DEEP[:2]:
            median, single = BENCHMARK["differences"](own[name], other[name])
            assert 0 < single < SINGLE, rival
            assert median < MEDIAN, rival


def differences(name: str) -> tuple[float, float]:
    """What an error of 1e-7 in the inputs changes, a rounding in single precision, as in the benchmark."""
    config = Config(**BENCHMARK["EXPERIMENTS"][name])
    traces = [simulate(replace(config, input_variance=variance)) for variance in (1.0, 1 + 2e-7)]
    return BENCHMARK["differences"](*({signal: of.log10_second_moment for signal, of in trace.signals.items()} for trace in traces))


@pytest.mark.parametrize("name", DEEP)
def test_a_rounding_error_in_the_inputs_changes_nothing(name):
    median, single = differences(name)
    assert median < MEDIAN
    assert single < SINGLE


def test_without_nudges_it_would(monkeypatch):
    """Negative control."""
    monkeypatch.setattr(frames, "NUDGE", 1e-17)
    monkeypatch.setattr(implicit, "SINGLE_NUDGE", 1e-9)
    with np.errstate(all="ignore"):
        assert differences(DEEP[0])[1] > SINGLE
