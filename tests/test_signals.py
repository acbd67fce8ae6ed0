"""The records of signals, and that measurement and theory answer by the same names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from propagation import Config, predict, simulate
from propagation.charts.theme import PALETTES
from propagation.signals import BACKWARD, FORWARD, PLAIN, SIGNALS, STREAM

CONFIG = Config(depth=3, width=8, inputs=2, trials=2)
RESIDUAL = replace(CONFIG, architecture="residual")


def test_measurement_and_theory_have_the_same_signals_by_name():
    for answers in (simulate(CONFIG), predict(CONFIG)):
        assert tuple(answers.signals) == PLAIN
    for answers in (simulate(RESIDUAL), predict(RESIDUAL)):
        assert tuple(answers.signals) == tuple(SIGNALS) == PLAIN + STREAM and {*SIGNALS} == {*FORWARD, *BACKWARD}
        for name in SIGNALS:
            assert answers.signal(name) is answers.signals[name] is getattr(answers, name)
            assert answers.signal(name).log10_second_moment.shape[-1] == CONFIG.depth


@pytest.mark.parametrize("name", ["Z", "config", "signals", ""])
def test_an_unknown_signal_is_refused_by_name(name):
    for answers in (simulate(CONFIG), predict(CONFIG)):
        with pytest.raises(ValueError, match=f"signal = {name!r} is unknown; choose one of z, h, delta, weight_gradient"):
            answers.signal(name)


def test_words_and_directions_are_those_of_the_record():
    delta, gradient = SIGNALS["delta"], SIGNALS["weight_gradient"]
    assert delta.label == "gradient δ = ∂C/∂z" and delta.title == "backward ← gradient δ = ∂C/∂z"
    assert delta.mean_square_title == "backward ← E[δ²]" and gradient.mean_square_title == "weight gradient E[(∂C/∂W)²]"
    assert gradient.title == gradient.label == "weight gradient ∂C/∂W"
    assert FORWARD == ("z", "h", "stream") and BACKWARD == ("delta", "weight_gradient", "stream_gradient")


def test_every_signal_has_a_name_of_its_own_and_a_colour_in_both_appearances():
    for part in ("name", "label", "title", "symbol", "square", "meaning"):
        assert len({getattr(info, part) for info in SIGNALS.values()}) == len(SIGNALS)
    for name, info in SIGNALS.items():
        assert info.name == name
        for colours in PALETTES.values():
            assert getattr(colours, info.role).startswith("#") and getattr(colours, f"{info.role}_text").startswith("#")
