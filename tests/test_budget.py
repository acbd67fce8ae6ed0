"""The budget: what is too large is refused with a way out that works."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from propagation import budget
from propagation.budget import busy, fits, refusal
from propagation.config import Config


def test_ordinary_experiments_pass():
    assert refusal(Config()) == ""
    assert refusal(Config(width=1_000_000, depth=20, inputs=8, trials=1)) == ""


@pytest.mark.parametrize(
    "config",
    [
        Config(width=1_000_000, depth=2000),
        Config(width=1_000_000, depth=1, weight_law="uniform"),
        Config(width=100_000, depth=10, weight_law="uniform", trials=64),
        Config(width=4096, depth=2000, inputs=1024, trials=64),
    ],
)
def test_what_is_too_large_is_refused_with_what_to_lower(config):
    text = refusal(config)
    assert "the page stops at" in text
    for field, value in re.findall(r"(width|inputs|depth|trials) ([\d,]+)", text):
        assert fits(replace(config, **{field: int(value.replace(",", ""))}))


def test_a_dense_law_is_told_of_the_law_that_needs_no_weights():
    assert "weight law Gaussian" in refusal(Config(width=1_000_000, depth=1, weight_law="uniform", inputs=1, trials=1))


def test_the_page_says_so_when_many_wait(monkeypatch):
    assert busy() == ""
    monkeypatch.setattr(budget, "queue_length", lambda: 7)
    assert "7 simulations" in busy()
