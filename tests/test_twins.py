"""The twins agree: means over many random networks against the theory of infinitely wide ones, for all that can be chosen.

In one network the mean square of a signal over the predicted one is a ratio of mean 1 + O(1/width): its law has light tails in a few layers
of a few hundred neurons, so that the mean over networks has an honest standard error (the logarithm's mean would be biased by it).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from architectures import NETWORKS, WITHOUT_LINE
from oracle import ERRORS

from propagation import ACTIVATIONS, SCHEMES, Config, predict, simulate
from propagation.architecture import blocks
from propagation.config import WIDTH_PROFILES
from propagation.initializers import WEIGHT_LAWS
from propagation.ops import OPS, ops_within
from propagation.theory.op import NoLaw

#: four layers are enough for every term of the recursions, and few enough for light tails
BASE = Config(depth=4, width=2048, inputs=4, trials=64, activation="tanh", weight_variance=1.8, bias_variance=0.1, seed=1)
#: each signal where it has been through all layers
ENDS = {"z": -1, "h": -1, "delta": 0, "weight_gradient": 0, "stream": -1, "stream_gradient": 0}
#: The mean ratio at finite width is 1 + c/n per layer. Measured at n = 64 and 128 over 2,560 networks, |c| is at most 1, and 3.2 for the
#: gradients of hard swish.
BIAS = 4.0
#: theory this far off in σ_w² must be seen
WRONG = 1.03


def ratios(config: Config, theory: Config) -> dict[str, np.ndarray]:
    """Measured over predicted second moment of each signal at the end of its journey, (trials,)."""
    trace, prediction = simulate(config), predict(theory)
    pairs = {name: (trace.signal(name), prediction.signal(name), ENDS[name]) for name in trace.signals if name in prediction.signals}
    pairs |= {name: (trace.weights[name], prediction.weights[name], 0) for name in trace.weights if name in prediction.weights}
    found = {}
    for name, (measured, expected, layer) in pairs.items():
        if np.isneginf(expected.log10_second_moment[layer]):  # as of the first weights of a branch whose last ones are 0
            assert np.isneginf(measured.log10_second_moment[:, layer]).all()
            continue
        found[name] = 10 ** (measured.log10_second_moment[:, layer] - expected.log10_second_moment[layer])
    return found


def excess(config: Config, theory: Config | None = None) -> dict[str, float]:
    """For each signal, how many standard errors its mean ratio is from 1 beyond what finite width may add to it."""
    allowed = BIAS * sum(1 / width for width in config.widths[1:])
    found = {}
    for name, ratio in ratios(config, theory or config).items():
        error = max(ratio.std(ddof=1) / math.sqrt(ratio.size), 1e-12)
        found[name] = max(0.0, abs(ratio.mean() - 1) - allowed) / error
    return found


def assert_twins_agree(config: Config) -> None:
    off = excess(config)
    assert max(off.values()) < ERRORS, {name: f"{errors:.1f} standard errors" for name, errors in off.items()}


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_architecture(network, activation):
    config = replace(BASE, activation=activation, **NETWORKS[network])
    assert_twins_agree(config if config.architecture == "plain" else replace(config, width=1024))


@pytest.mark.parametrize("fields", [{"block_order": "pre_activation"}, {"normalization": "batch"}])
def test_a_stream_of_inputs_that_are_not_gaussian_has_no_line_where_that_counts(fields):
    with pytest.raises(NoLaw, match="not Gaussian"):
        predict(replace(BASE, architecture="residual", input_law="uniform", **fields))


@pytest.mark.parametrize("network", WITHOUT_LINE)
def test_where_theory_has_no_line_it_says_so(network):
    with pytest.raises(NoLaw, match=r"^Theory has no line .*[.]$"):
        predict(replace(BASE, **WITHOUT_LINE[network]))


BIASED = [
    {"activation": "relu", "bias_mean": 0.5},
    {"activation": "gelu", "bias_mean": -0.3, "weight_law": "orthogonal"},
    {"activation": "tanh", "bias_mean": 0.4, "scheme": "lsuv"},
    {"activation": "x*sigmoid(1.7*x)", "bias_mean": 0.2, "input_law": "digits", "cost": "squared_error"},
    {"bias_mean": 0.5, "method": "dense", "layer_sizes": "30-512-700-512"},
]


@pytest.mark.parametrize("fields", BIASED, ids=lambda fields: "-".join(map(str, fields.values())))
def test_every_bias_mean(fields):
    assert_twins_agree(replace(BASE, **fields))


@pytest.mark.parametrize("fields", BIASED[:4], ids=lambda fields: fields["activation"])
def test_another_bias_mean_is_seen(fields):
    """Negative control."""
    config = replace(BASE, **fields)
    assert max(excess(config, replace(config, bias_mean=fields["bias_mean"] + 0.1)).values()) > ERRORS


@pytest.mark.parametrize(
    ("network", "unknown"),
    [
        ("dropout", {"keep": 1.0}),
        ("layer norm after φ", {"normalization": "none"}),
        ("residual", {"branch_scale": 1.05}),
        ("residual, one map", {"branch_layers": 2}),
        ("residual, pre-norm, expanded", {"branch_scale": 0.95}),
        ("residual, pre-activation", {"block_order": "branch"}),
        ("DeepNorm", {"branch_rule": "custom"}),
        ("batch norm", {"inputs": 8}),
        ("residual, batch norm", {"branch_scale": 1.1}),
    ],
)
def test_another_architecture_is_seen(network, unknown):
    """Negative control: theory does not know one part of the network."""
    config = replace(BASE, activation="relu", width=1024, **NETWORKS[network])
    assert max(excess(config, replace(config, **unknown)).values()) > ERRORS


def test_the_kinds_of_networks_have_every_op():
    seen = {type(op) for fields in NETWORKS.values() for op in ops_within(blocks(replace(BASE, **fields))[0])}
    assert seen == set(OPS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation):
    assert_twins_agree(replace(BASE, activation=activation))


@pytest.mark.parametrize("profile", WIDTH_PROFILES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_and_width_profile(scheme, profile):
    """fan_in ≠ fan_out in three of the profiles, which narrow to an eighth of the width."""
    width = BASE.width if profile == "constant" else 2 * BASE.width
    assert_twins_agree(replace(BASE, scheme=scheme, width_profile=profile, width=width, inputs=1))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("law", WEIGHT_LAWS)
def test_every_weight_law(law, activation):
    assert_twins_agree(replace(BASE, weight_law=law, activation=activation, width=256))


@pytest.mark.parametrize("cost", ["squared_error", "cross_entropy"])
def test_every_cost(cost):
    """Labels are chance at any width, so here many inputs make the mean steady."""
    assert_twins_agree(replace(BASE, cost=cost, inputs=32, width=512))


@pytest.mark.parametrize("law", ["uniform", "digits"])
def test_every_kind_of_input(law):
    assert_twins_agree(replace(BASE, input_law=law, activation="gelu"))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_wrong_weight_variance_is_seen(activation):
    """Negative control: 3 % off in σ_w²."""
    config = replace(BASE, activation=activation)
    assert max(excess(config, replace(config, weight_variance=WRONG * config.weight_variance)).values()) > ERRORS


@pytest.mark.parametrize("profile", ["funnel", "widening"])
def test_swapped_fans_are_seen(profile):
    """Negative control: fan out in place of fan in, in the scheme and in the shape of the network."""
    config = replace(BASE, scheme="he", activation="relu", width_profile=profile, inputs=1)
    assert max(excess(config, replace(config, scheme="he_fan_out")).values()) > ERRORS
    mirrored = {"funnel": "widening", "widening": "funnel"}[profile]
    assert max(excess(config, replace(config, width_profile=mirrored)).values()) > ERRORS


#: powers of 4, and a network's chance is one input's
RATE_WIDTHS = tuple(4**k for k in range(4, 9))
RATE = replace(BASE, inputs=1, depth=3)


def rate_errors_off(config: Config, wrong: float = 1.0) -> dict[str, float]:
    """How many standard errors the slope of ln RMS(ratio − 1) against ln width is from −1/2, for z and δ.

    The root mean square of T nearly Gaussian numbers has a standard error of 1/√(2T) in its logarithm.
    """
    x = np.log(RATE_WIDTHS)
    around = x - x.mean()
    scatter = {"z": [], "delta": []}
    for place, width in enumerate(RATE_WIDTHS):
        at = replace(config, width=width, seed=config.seed + place)
        found = ratios(at, replace(at, weight_variance=wrong * at.weight_variance))
        for name in scatter:
            scatter[name].append(0.5 * np.log(np.mean((found[name] - 1) ** 2)))
    error = 1 / math.sqrt(2 * config.trials * around @ around)
    return {name: abs(float(around @ y / (around @ around)) + 0.5) / error for name, y in scatter.items()}


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["linear", "relu", "gelu", "tanh", "sigmoid"])
def test_they_come_together_as_one_over_the_root_of_the_width(activation):
    off = rate_errors_off(replace(RATE, activation=activation))
    assert max(off.values()) < ERRORS, off


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_wrong_theory_is_not_approached(activation):
    """Negative control: 3 % off in σ_w²."""
    off = rate_errors_off(replace(RATE, activation=activation), wrong=WRONG)
    assert max(off.values()) > ERRORS, off
