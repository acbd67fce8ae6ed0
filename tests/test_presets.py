"""Presets: each does what its sentence promises, and is affordable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from propagation import predict, simulate
from propagation.config import Config
from propagation.diagnosis import diagnose
from propagation.engine.cost import work
from propagation.presets import PRESETS
from propagation.rules import settled

STORIES = {
    "glorot_2010": "vanishing",
    "sigmoid_vanishing": "vanishing",
    "he_relu": "healthy",
    "lecun_relu": "vanishing",
    "narrow_relu": "vanishing",
    "exploding": "exploding",
    "tanh_critical": "healthy",
    "orthogonal_linear": "healthy",
    "pytorch_default": "vanishing",
    "digits_selu": "exploding",
    "almost_infinite": "healthy",
    "residual_unscaled": "exploding",
    "residual_scaled": "healthy",
    "rezero": "healthy",
    "fixup": "healthy",
    "resnet_2015": "uneven",
    "batch_norm_relu": "exploding",
    "layer_norm_before": "healthy",
    "layer_norm_after": "exploding",
    "pre_norm": "healthy",
    "post_norm": "healthy",
    "nfnet": "healthy",
    "deepnorm": "healthy",
    "transformer_pre_norm": "healthy",
    "transformer_post_norm": "merged",
    "transformer_deepnorm": "healthy",
    "gpt2": "healthy",
    "llama": "uneven",
    "transformer_encoder": "uneven",
    "rank_collapse": "merged",
    "dropout_critical": "healthy",
}


def test_every_preset_has_a_story_to_be_tested():
    assert set(STORIES) == set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_shows_what_it_promises(name):
    assert diagnose(simulate(PRESETS[name].config)).kind == STORIES[name]


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_is_affordable_and_travels_in_a_link(preset):
    assert work(preset.config).seconds < 0.4
    assert Config.from_query(preset.config.to_query()) == (preset.config, [])
    assert preset.sentence.endswith(".") and len(preset.sentence) < 160


def test_presets_differ():
    assert len({settled(preset.config) for preset in PRESETS.values()}) == len({p.label for p in PRESETS.values()}) == len(PRESETS)


def test_what_is_said_of_post_norm_and_nfnet_in_numbers_is_so():
    trace = simulate(PRESETS["post_norm"].config)
    assert np.abs(trace.stream.log10_second_moment).max() < 1e-6
    assert np.ptp(predict(PRESETS["post_norm"].config).stream_gradient.log10_second_moment) < 1e-9
    assert 0.02 < trace.separation.mean() < 0.07, "a few percent"
    config = PRESETS["nfnet"].config
    theory = predict(config)
    grown = 10 ** (np.asarray(theory.stream.log10_second_moment) - theory.input_log10_second_moment)
    np.testing.assert_allclose(grown, 1 + 0.04 * np.arange(1, config.depth + 1), rtol=1e-3)


def test_a_deep_narrow_relu_network_sinks_below_its_mean():
    """The point of the preset: He preserves the mean, the median of single networks sinks."""
    last = simulate(PRESETS["narrow_relu"].config).z.log10_second_moment[:, -1]
    assert np.median(last) < np.log10(np.mean(10**last)) - 0.3


def sizes_of_stream(config):
    return 10 ** np.median(simulate(config).stream.log10_second_moment, axis=0)


def test_what_is_said_of_transformers_in_numbers_is_so():
    pre, deepnorm = (simulate(PRESETS[name].config) for name in ("transformer_pre_norm", "transformer_deepnorm"))
    assert 0.03 < pre.separation.mean() < 0.08 and deepnorm.separation.mean() > 0.98
    assert "3.8" in PRESETS["transformer_deepnorm"].sentence and pytest.approx(3.8, abs=0.05) == 200**0.25
    gpt2, llama = (sizes_of_stream(PRESETS[name].config) for name in ("gpt2", "llama"))
    assert gpt2[-1] == pytest.approx(0.09, abs=0.005) and gpt2[0] > 5 * 0.0008
    assert llama[0] / 0.0004 == pytest.approx(14_000, rel=0.05)


def test_copies_of_one_block_add_up_as_it_is_said():
    config = PRESETS["transformer_encoder"].config
    copies, independent = sizes_of_stream(config), sizes_of_stream(replace(config, shared_blocks=False))
    assert copies[-1] == pytest.approx(390, rel=0.05) and independent[-1] == pytest.approx(9, rel=0.05)


def test_attention_alone_cubes_what_tells_tokens_apart():
    left = predict(PRESETS["rank_collapse"].config).token_separation
    np.testing.assert_allclose(np.log(left[-1] / left[-2]) / np.log(left[-2] / left[-3]), 3, rtol=0.05)
