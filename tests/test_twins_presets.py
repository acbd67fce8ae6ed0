"""The twins come together: for every preset, simulation goes to theory's line as one over the root of the width.

The distance is ln(measured mean square/predicted one) of each signal where it has been through all layers; its root mean square over
networks falls like n^(−1/2), by half each time the width is four times as large. A theory that is off by anything is a distance that
stays. Networks have at most 16 layers here, which have every term of theory's recursions, and few inputs, which scatter more.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from oracle import ERRORS

from propagation.config import Config
from propagation.engine.network import simulate
from propagation.presets import PRESETS
from propagation.theory.op import NoLaw
from propagation.theory.prediction import predict

WIDTHS = (64, 256, 1024)
DEEPEST, INPUTS, TRIALS = 16, 8, 16
#: each signal where it has been through all layers
ENDS = {"z": -1, "h": -1, "delta": 0, "weight_gradient": 0, "stream": -1, "stream_gradient": 0}
#: distances times √n stay below this
MOST = 16.0
#: distances below this are rounding: of a stream that a norm holds at 1, or that nothing changes
NOTHING = 1e-5
#: what theory is told in place of the truth, and how much that is of the truth
WRONG = 1.15
#: the presets of which theory has no line, with the app's own reason
WITHOUT = {"resnet_2015": "not Gaussian", "transformer_encoder": "copies of one another"}


def small(name: str) -> Config:
    """The preset with as many layers, inputs and networks as this has time for."""
    config = PRESETS[name].config
    config = replace(config.no_larger(depth=DEEPEST), trials=TRIALS, inputs=min(config.inputs, INPUTS), seed=1)
    return replace(config, tokens=min(config.tokens, 8)) if config.tokens > 1 else config


def of_width(config: Config, width: int) -> Config:
    """The same in another width; attention has as many heads as a head has rows, as nearly as goes, since theory has many of both.

    Where weights have a stated std it is that of the same σ_w².
    """
    if config.architecture != "transformer":
        return config.of_width(width)
    std = config.weight_std * math.sqrt(config.width / width)
    return replace(config, width=width, weight_std=std, heads=2 ** round(math.log2(width) / 2))


def distances(config: Config, width: int, wrong: float = 1.0) -> dict[str, float]:
    """The root mean square over networks of ln(measured/predicted) of each signal that theory has a line for."""
    measured = simulate(of_width(config, width))
    expected = predict(of_width(off(config, wrong), width))
    found = {}
    for name in expected.signals:
        ends = measured.signal(name).log10_second_moment[:, ENDS[name]], expected.signal(name).log10_second_moment[ENDS[name]]
        if np.isneginf(ends[1]):
            assert np.isneginf(ends[0]).all()
            continue
        found[name] = float(np.sqrt(np.mean((ends[0] - ends[1]) ** 2))) * math.log(10)
    return found


def off(config: Config, wrong: float) -> Config:
    """The experiment with other weights."""
    if wrong == 1:
        return config
    if config.scheme == "std":
        return replace(config, weight_std=config.weight_std * math.sqrt(wrong))
    scale = {"he": 2.0, "lecun": 1.0, "glorot": 1.0}.get(config.scheme, config.weight_variance)
    return replace(config, scheme="custom", weight_variance=scale * wrong)


def rates(config: Config, wrong: float = 1.0) -> tuple[dict[str, float], float]:
    """The slope of ln distance against ln width of each signal, and its standard error.

    The root mean square of T nearly Gaussian numbers has a standard error of 1/√(2T) in its logarithm.
    """
    seen = [distances(config, width, wrong) for width in WIDTHS]
    around = np.log(WIDTHS) - np.mean(np.log(WIDTHS))
    slopes = {}
    for name in seen[0]:
        found = [one[name] for one in seen]
        if max(found) < NOTHING:
            continue
        if wrong == 1:
            assert max(np.sqrt(WIDTHS) * found) < MOST, (name, found)
        slopes[name] = float(around @ np.log(found) / (around @ around))
    return slopes, 1 / math.sqrt(2 * TRIALS * around @ around)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PRESETS if name not in WITHOUT])
def test_every_preset_goes_to_its_line(name):
    slopes, error = rates(small(name))
    assert slopes
    off_by = {signal: (slope + 0.5) / error for signal, slope in slopes.items()}
    assert max(map(abs, off_by.values())) < ERRORS, off_by


@pytest.mark.slow
@pytest.mark.parametrize("name", ["he_relu", "tanh_critical", "residual_scaled", "pre_norm", "nfnet", "transformer_pre_norm", "gpt2"])
def test_a_wrong_line_is_not_approached(name):
    """Negative control: σ_w² 15 % off."""
    slopes, error = rates(small(name), WRONG)
    assert max(slope + 0.5 for slope in slopes.values()) / error > ERRORS, slopes


@pytest.mark.parametrize("name", PRESETS)
def test_where_a_preset_has_no_line_it_is_known_why(name):
    if name not in WITHOUT:
        assert predict(small(name)).signals
        return
    with pytest.raises(NoLaw, match=WITHOUT[name]):
        predict(small(name))
