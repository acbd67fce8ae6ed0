"""Architectures side by side: what each of them is, that nothing else differs, what an address says, and that no winner is named."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation import Config, diagnose, simulate
from propagation.config import DEFAULTS
from propagation.labs.compare import MOST_COLUMNS, MOST_DRAWS, summarize
from propagation.labs.compare_networks import FIRST, NETWORKS, NONE, read, told, written
from propagation.plain_fields import PlainFields

BASE = Config(depth=50, width=64, activation="relu", scheme="he", bias_variance=0, inputs=16, trials=8)
every_network = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)


@every_network
def test_networks_differ_in_their_blocks_alone(network):
    config = network.uses(replace(BASE, architecture="residual", normalization="rms", keep=0.5, expansion=4))
    for field in fields(PlainFields):
        assert getattr(config, field.name) == (MOST_DRAWS if field.name == "trials" else getattr(BASE, field.name))
    others = {field.name for field in fields(Config)} - {field.name for field in fields(PlainFields)}
    assert {name: getattr(config, name) for name in others} == {name: DEFAULTS[name] for name in others} | network.blocks


@every_network
def test_every_network_can_be_simulated_and_judged(network):
    trace = simulate(network.uses(replace(BASE, depth=6)))
    assert summarize(0, network.label, trace, diagnose(trace), np.nan).label == network.label


def test_labels_are_short_and_tell_them_apart():
    labels = {network.label for network in NETWORKS.values()}
    assert len(labels) == len(NETWORKS) and max(map(len, labels)) <= 16 and not any("," in label for label in labels)


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ValueError, match="needs layers of one width"):
        NETWORKS["residual"].uses(replace(BASE, width_profile="funnel"))
    with pytest.raises(ValueError, match="inputs"):
        NETWORKS["batch_norm"].uses(replace(BASE, inputs=2))


def test_the_text_is_readable_and_comes_back():
    some = (NETWORKS["plain"], NETWORKS["rezero"])
    assert written(some) == "plain~rezero" and read("rezero~plain") == (some, [])
    assert written(FIRST) == "" and read("") == (FIRST, [])
    assert written(()) == NONE and read(NONE) == ((), [])


def test_what_is_unknown_or_too_much_leaves_a_sentence():
    networks, problems = read("plain~nonsense~<b>")
    assert networks == (NETWORKS["plain"],) and len(problems) == 2 and "nonsense" in problems[0] and "<b>" not in problems[1]
    networks, problems = read("~".join(NETWORKS))
    assert len(networks) == MOST_COLUMNS and len(problems) == 1


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text):
    networks, problems = read(text)
    assert len(networks) <= MOST_COLUMNS and len(problems) <= MOST_COLUMNS and read(written(networks)) == (networks, [])


def told_of(*names: str, **fields):
    networks = [NETWORKS[name] for name in names]
    traces = [simulate(network.uses(replace(BASE, **fields))) for network in networks]
    return told([summarize(i, n.label, t, diagnose(t), np.nan) for i, (n, t) in enumerate(zip(networks, traces, strict=True))])


def test_nobody_wins_and_all_that_are_healthy_are_named():
    decision = told_of("batch_norm", "residual", "residual_sqrt", "rezero", width=256)
    assert decision.winner is None and decision.headline == "Healthy after 50 layers: residual 1/√L, ReZero."
    assert decision.reason == "Not healthy: batch norm (exploding), residual (exploding)."


def test_all_healthy_none_and_one_layer():
    assert "seen in training" in told_of("residual_sqrt", "fixup", width=256).reason
    decision = told_of("residual", "batch_norm", width=256)
    assert decision.headline == "None of these is healthy after 50 layers." and decision.reason.startswith("Residual (exploding)")
    assert told_of("plain", depth=1).headline == "One layer: nothing can drift yet."
