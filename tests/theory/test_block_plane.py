"""The plane of networks of blocks: against what `predict` says of deep ones, against closed forms, and where there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from propagation import Config, simulate
from propagation.inputs import draw_inputs
from propagation.theory.block_plane import block_places, block_plane, law_of
from propagation.theory.depth_law import depth_law
from propagation.theory.op import NoLaw, State
from propagation.theory.prediction import predict
from propagation.theory.token_law import token_law
from propagation.theory.trajectory import trajectory

LN_10 = math.log(10)
BASE = Config(depth=30, width=64, inputs=1, activation="gelu", architecture="residual", weight_variance=1.0)
PLAIN = replace(BASE, architecture="plain")
TOKENS = replace(BASE, architecture="transformer", tokens=8, heads=8, normalization="layer", norm_position="post", readout="pooled")
#: places of the plane, σ_w² and σ_b²
PLACES = [(0.5, 0.0), (1.0, 0.05), (2.0, 0.3), (4.0, 0.02)]
NETWORKS = {
    "residual": BASE,
    "tanh": replace(BASE, activation="tanh"),
    "skip × 0.9, branch × 0.5": replace(BASE, skip_scale=0.9, branch_scale=0.5),
    "pre-activation": replace(BASE, block_order="pre_activation"),
    "pre-activation, one map": replace(BASE, block_order="pre_activation", branch_layers=1),
    "one map, with a mean": replace(BASE, activation="relu", branch_layers=1),
    "dropout": replace(BASE, keep=0.8),
    "α = 1/√L": replace(BASE, branch_rule="sqrt"),
    "DeepNorm": replace(BASE, branch_rule="deepnorm", normalization="layer", norm_position="post"),
    "pre-norm, 1/L": replace(BASE, branch_rule="inverse", normalization="rms"),
    "post-norm": replace(BASE, normalization="layer", norm_position="post"),
    "post-norm, gated": replace(BASE, normalization="rms", norm_position="post", gated=True),
    "plain, norm before φ": replace(PLAIN, normalization="layer"),
    "plain, norm after φ": replace(PLAIN, normalization="layer", norm_position="post"),
    "plain, dropout": replace(PLAIN, keep=0.8),
    "another width": replace(BASE, layer_sizes="", input_law="digits", inputs=4),
}


def at(config: Config, weight: float, bias: float) -> tuple[str, float, float]:
    """The law of a place, with its powers, or its factors."""
    found = block_plane(config, np.array([weight]), np.array([bias]))
    gradients, apart = float(found.gradients[0]), float(found.apart[0])
    if config.architecture != "transformer" or found.law != "power":
        apart = 10**apart
    return found.law, gradients if found.law == "power" else 10**gradients, apart


def own(config: Config, weight: float, bias: float) -> Config:
    return replace(config, weight_variance=weight, bias_variance=bias)


def sized(config: Config) -> Config:
    """The network for inputs of the size that the batch of `predict` has."""
    x = draw_inputs(config)
    return replace(config, input_variance=float(np.mean(x**2)), input_mean=0.0)


def gradients_of(config: Config) -> np.ndarray:
    """ln of what every block but the first multiplies E[(∂C/∂x)²] by, or E[δ²] where there is no stream."""
    return -np.diff(LN_10 * np.asarray(predict(config).backward.log10_second_moment))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "another width"])
def test_gradients_are_those_of_the_lines_of_a_deep_network(name, place):
    """To 1e-8. In a plain network a factor lies between two δ, half a layer further on, which shows while sizes still change."""
    config = NETWORKS[name]
    law, found, _ = at(sized(config), *place)
    steps = gradients_of(own(config, *place))
    wanted = {"whole": steps.sum(), "mean": steps.mean(), "settled": steps[-1]}[law]
    assert math.log(found) == pytest.approx(wanted, abs=0.05 if name == "plain, dropout" else 1e-8)
    other = at(sized(config), place[0] * 1.3, place[1] + 0.1)[1]
    assert abs(math.log(other) - wanted) > 1e-3 or config.activation == "relu", "negative control: another place"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NETWORKS)
def test_two_inputs_are_as_far_apart_as_pairs_of_the_kernel_are(name, place):
    """1 − c of a pair that begins with c = 0, carried as a kernel by `trajectory`, at the end of the network: to 1e-7 of itself."""
    config = replace(own(sized(NETWORKS[name]), *place), input_law="gaussian")
    if name == "another width":
        config = replace(config, width=64)
    sizes = np.log(np.full(2, config.input_second_moment))
    pair = State(sizes, np.full(2, 0.5), (np.array([0]), np.array([1])), np.ones(1))
    end = [step for step in trajectory(config, pair)[-1] if not step.outside][-1].after.around_zero()
    assert end.eps is not None
    found = at(config, *place)[2]
    assert found == pytest.approx(float(end.eps[0]), rel=1e-7, abs=1e-13)
    assert 0 <= found <= 1 + 1e-9


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "fields", [{}, {"normalization": "rms"}, {"activation": "tanh"}, {"keep": 0.8}, {"gated": True}, {"branch_scale": 0.3}]
)
def test_behind_a_norm_it_is_the_power_that_the_last_blocks_of_a_prediction_have(fields, place):
    config = replace(BASE, **{"normalization": "layer"} | fields)
    law, found, _ = at(config, *place)
    wanted = depth_law(own(config, *place))
    assert law == "power" and found == pytest.approx(wanted.exponent, rel=1e-7)


def test_a_branch_of_one_map_adds_its_mean_which_layer_norm_takes_away():
    """x + φ(W N(x)): with layer norm ζ = σ_w² E[φ′²]/Var φ, π/(π − 1) for ReLU; with RMS norm the mean makes the stream grow like l²."""
    one = replace(BASE, activation="relu", branch_layers=1, normalization="layer")
    assert at(one, 1.0, 0.0)[:2] == ("power", pytest.approx(math.pi / (math.pi - 1)))
    assert at(replace(one, normalization="rms"), 1.0, 0.0)[:2] == ("power", 0.0)
    expected = np.asarray(predict(replace(own(one, 1.0, 0.0), depth=120)).backward.log10_second_moment)
    assert math.log2(10) * (expected[59] - expected[119]) == pytest.approx(math.pi / (math.pi - 1), abs=0.08)


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_closed_forms_of_relu(alpha):
    """A block of two maps multiplies both sizes by 1 + α² σ_w⁴/2; with α = 1/√L all of them by (1 + σ_w⁴/(2L))^L."""
    law, found, _ = at(replace(BASE, activation="relu", branch_scale=alpha), 1.7, 0.0)
    assert (law, found) == ("mean", pytest.approx(1 + alpha**2 * 1.7**2 / 2, rel=1e-12))
    law, whole, _ = at(replace(BASE, activation="relu", branch_rule="sqrt"), 1.7, 0.0)
    assert (law, whole) == ("whole", pytest.approx((1 + 1.7**2 / 60) ** 29, rel=1e-12))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "fields", [{}, {"activation": "tanh"}, {"branch_scale": 0.5}, {"value_variance": 0.3}, {"branch_rule": "deepnorm"}]
)
def test_tokens_behind_a_norm_go_by_their_two_exponents(fields, place):
    """Against blocks walked with tokens at 1 − c = 1e-24, and against the lines of a deep network where they merge fast enough."""
    config = replace(TOKENS, **fields)
    law, gradients, apart = at(config, *place)
    of = token_law(own(config, *place))
    assert law == "settled" and math.log(apart) == pytest.approx(of.angles, abs=1e-7)
    assert of.angles < 0 and math.log(gradients) == pytest.approx(of.gradients, abs=1e-6)
    if of.angles < -0.5:
        lines = predict(own(config, *place))
        assert np.diff(np.log(lines.token_separation))[-1] == pytest.approx(math.log(apart), abs=1e-3)
        assert gradients_of(own(config, *place))[-1] == pytest.approx(math.log(gradients), abs=1e-3)
        assert abs(np.diff(np.log(lines.token_separation))[0] - math.log(apart)) > 1e-2, "negative control: the first block"


def test_where_tokens_stay_apart_no_factor_of_gradients_is_known():
    _, gradients, apart = at(replace(TOKENS, value_variance=0.0, activation="tanh"), 1.0, 0.0)
    assert apart > 1 and math.isnan(gradients)


@pytest.mark.slow
def test_tokens_of_a_pre_norm_network_go_by_powers_of_depth():
    """ζ = (a + χ_F)/(A + v) of gradients, χ_F/(A + v) − 1 of 1 − c: for ReLU, σ_w² = 1, σ_b² = 0 it is 1, and −2/3. Slowly: to 0.05."""
    config = replace(TOKENS, norm_position="pre", activation="relu")
    assert at(config, 1.0, 0.0) == ("power", pytest.approx(1.0), pytest.approx(-2 / 3))
    for place in ((1.0, 0.0), (1.5, 0.1)):
        lines = predict(replace(own(config, *place), depth=800))
        ends = np.log(lines.token_separation)[[399, 799]], LN_10 * np.asarray(lines.backward.log10_second_moment)[[399, 799]]
        _, gradients, apart = at(config, *place)
        assert np.diff(ends[0])[0] / math.log(2) == pytest.approx(apart, abs=0.05)
        assert -np.diff(ends[1])[0] / math.log(2) == pytest.approx(gradients, abs=0.05)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (replace(BASE, block_order="post_activation"), "not Gaussian"),
        (replace(BASE, branch_rule="zero"), "begins as the identity"),
        (replace(BASE, branch_rule="fixup"), "begins as the identity"),
        (replace(BASE, normalization="batch", inputs=8), "Batch norm ties"),
        (replace(BASE, gated=True), "doubly exponentially"),
        (replace(BASE, shared_blocks=True), "copies of one another"),
        (replace(TOKENS, causal=True), "causal mask"),
        (replace(TOKENS, normalization="none"), "Without a norm attention"),
        (replace(TOKENS, skip_scale=0.0), "cubes what tells tokens apart"),
        (replace(TOKENS, norm_position="pre", skip_scale=0.9), "skip that is scaled"),
        (replace(TOKENS, tokens=1), "one token has no other"),
        (replace(TOKENS, keep=0.9), "Dropout tells tokens apart"),
        (replace(TOKENS, shared_blocks=True), "copies of one another"),
    ],
)
def test_where_there_is_none_the_reason_is_a_sentence(config, words):
    with pytest.raises(NoLaw, match=words) as refusal:
        at(config, 1.0, 0.05)
    assert str(refusal.value).endswith(".")


def test_places_do_not_disturb_each_other_and_ends_of_the_plane_are_numbers():
    weights, biases = np.meshgrid(np.array([0.0, 1.0, 1e7]), np.array([0.0, 0.05, 100.0]))
    for name, config in NETWORKS.items():
        whole = block_plane(config, weights, biases)
        assert not np.isnan(whole.gradients).any() and not np.isnan(whole.apart).any(), name
        assert np.isfinite(whole.gradients[:, 1:]).all() and (whole.gradients < np.inf).all() and (whole.apart <= 1e-9).all(), name
        alone = block_plane(config, np.array([1.0]), np.array([0.05]))
        assert (whole.gradients[1, 1], whole.apart[1, 1]) == pytest.approx((alone.gradients[0], alone.apart[0]), rel=1e-12)


def test_a_walk_says_how_far_it_is_and_can_be_stopped():
    shares = []
    block_plane(replace(BASE, depth=5), np.array([1.0]), np.array([0.0]), shares.append)
    assert shares == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        block_plane(BASE, np.array([1.0]), np.array([0.0]), stop)


def test_a_skip_that_is_scaled_up_is_not_finite_at_any_depth_without_a_norm_behind_it():
    scaled = replace(BASE, branch_rule="deepnorm")
    assert law_of(scaled) == "mean" and law_of(replace(scaled, normalization="layer", norm_position="post")) == "whole"
    assert law_of(replace(BASE, branch_rule="sqrt")) == "whole"


@pytest.mark.parametrize("scheme", ["he", "glorot", "pytorch"])
def test_a_network_has_the_place_that_its_scheme_says(scheme):
    """Also where its two maps differ, as those of an expanded branch do with Glorot's rule: by the last block of a prediction."""
    config = replace(BASE, scheme=scheme, expansion=4, normalization="layer", norm_position="post")
    found = block_places([config])
    assert LN_10 * found.gradients[0] == pytest.approx(gradients_of(config)[-1], abs=1e-8)
    custom = [own(replace(config, scheme="custom"), *place) for place in PLACES]
    np.testing.assert_allclose(10 ** block_places(custom).gradients, [at(config, *place)[1] for place in PLACES], rtol=1e-12)
    with pytest.raises(NoLaw, match="looks at the data"):
        block_places([replace(config, scheme="lsuv")])


def test_simulated_networks_do_what_the_plane_says():
    """Over 30 blocks 512 wide, four standard errors of 12 networks; not what it says of another place."""
    config = replace(own(BASE, 1.5, 0.1), width=512, trials=12, inputs=2, bias_variance=0.1)
    sizes = simulate(config).stream_gradient.log10_second_moment
    grown = LN_10 * (sizes[:, 0] - sizes[:, -1]) / (config.depth - 1)
    error = 4 * grown.std(ddof=1) / math.sqrt(len(grown)) + 1e-3
    assert abs(grown.mean() - math.log(at(config, 1.5, 0.1)[1])) < error
    assert abs(grown.mean() - math.log(at(config, 1.6, 0.1)[1])) > error, "negative control"
