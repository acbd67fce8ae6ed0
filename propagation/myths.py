"""Myths: common false claims about initialization, each with the networks that take it apart and a sentence of their own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from propagation.config import Config
from propagation.formatting import factor, from_log10, number, percent
from propagation.labs.evidence import Evidence, median_sizes, per_layer
from propagation.lessons import Link, Network
from propagation.theory.variance_decomposition import PARTS


@dataclass(frozen=True)
class Myth:
    """A claim that is often heard, the networks that answer it, and what is true instead.

    `chart` and `rows` are those of a lesson's screen; `happens` writes what these networks did, from the evidence of each, in their order.
    """

    claim: str
    networks: tuple[Network, ...]
    chart: str
    rows: tuple[str, ...]
    happens: Callable[[Sequence[Evidence]], str] = field(repr=False)
    truth: str
    link: Link


def _network(label: str, **fields) -> Network:
    return Network(label, Config(bias_variance=fields.pop("bias_variance", 0), **fields))


def _query(config: Config, **page: str) -> Mapping[str, str]:
    return config.to_query() | page


def _randn(seen: Sequence[Evidence]) -> str:
    normal, unit, matched = (per_layer(evidence, "z") for evidence in seen)
    return (
        f"One layer multiplies E[z²] by {number(normal)} with randn and by {number(unit)} with U(−1, 1), so randn seems to win. "
        f"With U(−√3, √3), whose variance is 1 too, it is {number(matched)}: **the gap is gone**."
    )


def _xavier(seen: Sequence[Evidence]) -> str:
    sizes = median_sizes(seen[0], "h")
    here, half, last = (10 ** (0.5 * float(sizes[layer - 1])) for layer in (10, 50, 100))
    return f"The standard deviation of h is {number(here)} in layer 10, {number(half)} in layer 50 and **{number(last)} in layer 100**."


def _halved(seen: Sequence[Evidence]) -> str:
    he, without = (per_layer(evidence, "delta") for evidence in seen)
    return f"One layer changes E[δ²] by {factor(he)} with He's 2/n, and by {factor(without)} with 1/n."


def _stable(seen: Sequence[Evidence]) -> str:
    inputs = PARTS.index("inputs")
    relu, linear = (evidence.scatter for evidence in seen)
    kept, kept_linear = (10 ** float(s.log10_second_moment[-1] - s.log10_second_moment[0]) for s in (relu, linear))
    return (
        f"Over 50 layers E[z²] changes by {factor(kept)} in the ReLU network and by {factor(kept_linear)} in the linear one: level, both. "
        f"Yet of E[z²] only **{percent(float(relu.parts[inputs, -1]))}** still differs between inputs with ReLU, against "
        f"{percent(float(linear.parts[inputs, -1]))} in the linear one."
    )


def _signal(seen: Sequence[Evidence]) -> str:
    z, delta = median_sizes(seen[0], "z"), median_sizes(seen[0], "delta")
    return (
        f"Forward E[z²] soon settles: {from_log10(float(z[0]))} in layer 1, {from_log10(float(z[4]))} in layer 5, "
        f"{from_log10(float(z[-1]))} in layer {len(z)}. Backward one layer changes E[δ²] by **{factor(per_layer(seen[0], 'delta'))}**: "
        f"layer 1 gets {from_log10(float(delta[0] - delta[-1]))} of the last layer's."
    )


def _layer_norm(seen: Sequence[Evidence]) -> str:
    before, louder, after = seen
    ratio = 10 ** float(np.median(median_sizes(louder, "weight_gradient") - median_sizes(before, "weight_gradient")))
    return (
        f"With the norm before ReLU one layer changes E[δ²] by {factor(per_layer(before, 'delta'))}, whether σ_w² is 2 or 200. The same "
        f"norm after ReLU: **{factor(per_layer(after, 'delta'))}**, so layer 1 gets {_travelled(after, 'delta')} times what layer 50 gets. "
        f"And at σ_w² = 200 every E[(∂C/∂W)²] is {number(ratio)} of what it is at 2."
    )


def _batch_norm(seen: Sequence[Evidence]) -> str:
    batch, without, skips = seen
    return (
        f"In 50 layers of ReLU with batch norm one layer changes E[δ²] by **{factor(per_layer(batch, 'delta'))}**: layer 1 gets "
        f"{_travelled(batch, 'delta')} times what layer 50 gets. Without the norm and with He's weights it is "
        f"{factor(per_layer(without, 'delta'))} a layer. With skips past it, all 50 blocks together have the factor "
        f"{_travelled(skips, 'delta')}."
    )


def _post_norm(seen: Sequence[Evidence]) -> str:
    relu, gelu, pre = (_travelled(evidence, "stream_gradient") for evidence in seen)
    return (
        f"Block 1 gets **{relu} times** the last block's E[(∂C/∂x)²] through 100 post-norm blocks of ReLU, and {gelu} times with GELU. "
        f"With pre-norm it gets {pre} times as much, because the last blocks get little."
    )


def _gpt2(seen: Sequence[Evidence]) -> str:
    own, ratio, unscaled, level = (
        number(10 ** float(median_sizes(evidence, "stream")[-1] - evidence.trace.input_log10_second_moment)) for evidence in seen
    )
    return (
        f"The input has GPT-2's q₀ = E[x²] = 8 · 10⁻⁴. After 12 blocks E[x²] is **{own} times** that with α = 1/√(2N), and {unscaled} "
        f"times with α = 1. With α = 1 and an input 24 times as large it is {ratio} times, as in the first network; with α = 1/√(2N) and "
        f"q₀ = 1 it is {level} times."
    )


def _travelled(evidence: Evidence, signal: str) -> str:
    """Return how many times as large a gradient is in layer 1 as in the last one."""
    sizes = median_sizes(evidence, signal)
    return from_log10(float(sizes[0] - sizes[-1]))


_RELU: dict[str, Any] = {"activation": "relu", "depth": 30, "width": 256}
_MATCHED = Config(scheme="he", weight_law="uniform", bias_variance=0, **_RELU)
_XAVIER = _network("tanh, Xavier", activation="tanh", scheme="glorot", depth=100, width=1024, trials=4)
_HE = _network("He, 2/n", activation="relu", scheme="he", depth=50, width=2048, trials=4)
_COLLAPSING = _network("ReLU, He", activation="relu", scheme="he", depth=50, width=256)
_SIGMOID = _network("sigmoid, Glorot", activation="sigmoid", scheme="glorot", depth=20, width=512)
_FIFTY: dict[str, Any] = {"activation": "relu", "depth": 50, "width": 512}
_NORMED = _network("norm before ReLU", normalization="layer", weight_variance=2.0, **_FIFTY)
_BATCH: dict[str, Any] = _FIFTY | {"scheme": "he", "inputs": 32}
_BATCH_NORM = _network("batch norm", normalization="batch", **_BATCH)
_BLOCKS: dict[str, Any] = {"architecture": "residual", "normalization": "layer"}
_HUNDRED: dict[str, Any] = _BLOCKS | {"depth": 100, "width": 512, "weight_variance": 1.41421356, "trials": 4}
_POST_NORM = _network("post-norm, ReLU", activation="relu", norm_position="post", **_HUNDRED)
#: the MLP halves of GPT-2's small model: 12 blocks of 768, weights of std 0.02, token and position embeddings likewise
_TWELVE: dict[str, Any] = _BLOCKS | {"depth": 12, "width": 768, "expansion": 4, "activation": "gelu", "scheme": "std", "weight_std": 0.02}
_GPT2 = _network("α = 1/√(2N), q₀ = 8 · 10⁻⁴", branch_rule="sqrt_2", input_variance=8e-4, trials=4, **_TWELVE)

MYTHS: dict[str, Myth] = {
    "randn": Myth(
        "randn beats rand",
        (
            _network("randn · √(2/n)", scheme="he", **_RELU),
            _network("U(−1, 1) · √(2/n)", weight_variance=2 / 3, weight_law="uniform", **_RELU),
            _network("U(−√3, √3) · √(2/n)", scheme="he", weight_law="uniform", **_RELU),
        ),
        "sizes",
        ("z",),
        _randn,
        "It was never the shape of the law. randn has variance 1 and U(−1, 1) has ⅓, so each layer keeps a third. Match the variances "
        "and wide networks cannot tell the two apart: a sum of many small terms is normal, whatever the terms.",
        Link("Compare the three", "compare", _query(_MATCHED, columns="he.relu.gaussian~custom.relu.uniform.0.666667~he.relu.uniform")),
    ),
    "xavier": Myth(
        "Xavier with tanh holds std 1",
        (_XAVIER,),
        "sizes",
        ("h",),
        _xavier,
        "Xavier's σ_w² = 1 treats tanh as the identity, which it is only near 0. E[tanh²] is smaller than E[z²], so the signal shrinks in "
        "every layer, more slowly the smaller it is. Deep inside, layer l has E[z²] ≈ 1/(2l): twice as deep is half as large. So std is "
        "near 0.07 after 100 layers. Biases, and the critical σ_w² that belongs to them, keep the size at any depth.",
        Link("Watch it fade in Explore", "explore", _query(_XAVIER.config, view="h")),
    ),
    "halved": Myth(
        "He + ReLU gradients vanish by 0.5 a layer",
        (_HE, _network("1/n", activation="relu", scheme="lecun", depth=50, width=2048, trials=4)),
        "sizes",
        ("delta",),
        _halved,
        "It is true that half of the slopes are 0. But the 2 in He's 2/n multiplies E[δ²] on the way back just as it multiplies E[z²] "
        "on the way forward: ½ · 2 = 1. It is 1/n that loses half.",
        Link("See both directions in Explore", "explore", _query(_HE.config)),
    ),
    "signal": Myth(
        "If the signal gets through, so does the gradient",
        (_SIGMOID,),
        "sizes",
        ("z", "delta"),
        _signal,
        "The values of φ decide about the way forward, its slopes about the way back. Without biases these are two factors, σ_w² E[φ²]/q "
        "with q = E[z²], and σ_w² E[φ′²]. A sigmoid has values around ½, which keep q up, and slopes of at most ¼.",
        Link("Open it in Explore", "explore", _query(_SIGMOID.config)),
    ),
    "stable": Myth(
        "Stable variance means healthy",
        (_COLLAPSING, _network("linear, 1/n", activation="linear", scheme="lecun", depth=50, width=256)),
        "cosines",
        (),
        _stable,
        "A stable variance is needed, and it is not enough. In the ReLU network, what stays level becomes an offset that is the same for "
        "every input. The linear network keeps its inputs apart, but its 50 layers can do no more than one. Ask *whose* variance is "
        "kept, and what a layer makes of it.",
        Link("Ask whose variance it is", "whose", _query(_COLLAPSING.config)),
    ),
    "layer_norm": Myth(
        "With LayerNorm the init does not matter",
        (
            _NORMED,
            _network("the same, σ_w² = 200", normalization="layer", weight_variance=200.0, **_FIFTY),
            _network("norm after ReLU", normalization="layer", norm_position="post", weight_variance=2.0, **_FIFTY),
        ),
        "sizes",
        ("delta",),
        _layer_norm,
        "The norm takes σ_w² out of the signal and out of the factor of a layer, that is true. It does not make that factor 1: where the "
        "norm stands and φ decide, and behind ReLU it is π/(π − 1). And σ_w² comes back as the pace of learning: weights 10 times as large "
        "have gradients a tenth as large, and one step moves them by a hundredth of the share.",
        Link("Open it in Explore", "explore", _query(_NORMED.config)),
    ),
    "batch_norm": Myth(
        "Batch norm prevents exploding gradients",
        (
            _BATCH_NORM,
            _network("no norm", **_BATCH),
            _network("batch norm, skips", architecture="residual", normalization="batch", **_BATCH),
        ),
        "sizes",
        ("delta",),
        _batch_norm,
        "Before training it is the cause of them: ReLU with batch norm multiplies E[δ²] by π/(π − 1) = 1.47 a layer, and by more in small "
        "batches; σ_w² has no say in it (Yang et al. 2019). In a ResNet skips lead past the norm, and the growth is a power of depth. What "
        "batch norm does for training is another matter: that is about steps that are taken, not about the first gradient.",
        Link("Open it in Explore", "explore", _query(_BATCH_NORM.config)),
    ),
    "post_norm": Myth(
        "Post-norm gradients vanish",
        (
            _POST_NORM,
            _network("post-norm, GELU", activation="gelu", norm_position="post", **_HUNDRED),
            _network("pre-norm, ReLU", activation="relu", **_HUNDRED),
        ),
        "sizes",
        ("stream_gradient",),
        _post_norm,
        "In blocks of MLPs alone they do not. A norm after the sum has a factor of (1 + χ)/(1 + v) a block, v what the branch adds to "
        "E[x²] and χ what it adds to the gradient: for ReLU they are equal, and the factor is exactly 1; for GELU and tanh it is a little "
        "more. Xiong et al. (2020) see in the last blocks, which get large gradients at any depth, why post-norm is hard to start. "
        "What fades in deep post-norm transformers comes from attention, which these blocks do not have.",
        Link("Open it in Explore", "explore", _query(_POST_NORM.config)),
    ),
    "gpt2": Myth(
        "1/√(2N) keeps GPT-2's stream level",
        (
            _GPT2,
            _network("α = 1, q₀ × 24", input_variance=8e-4 * 24, trials=4, **_TWELVE),
            _network("α = 1, q₀ = 8 · 10⁻⁴", input_variance=8e-4, trials=4, **_TWELVE),
            _network("α = 1/√(2N), q₀ = 1", branch_rule="sqrt_2", trials=4, **_TWELVE),
        ),
        "sizes",
        ("stream",),
        _gpt2,
        "Behind a norm a branch does not see how large the stream is: every block adds the same α²v, so that E[x²] = q₀ + l α²v after l "
        "blocks. Only q₀ against α²v counts: multiply q₀ and α² by one number and nothing changes but the unit. GPT-2's embeddings are so "
        "small that the first branch outweighs them all the same. What 1/√(2N) holds, whatever the number of blocks, is the sum of all "
        "branches. (Here are the MLP blocks alone; attention adds its own part.)",
        Link("Open it in Explore", "explore", _query(_GPT2.config)),
    ),
}
