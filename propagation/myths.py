"""Myths: common false claims about initialization, each with the networks that take it apart and a sentence of their own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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


_RELU: dict[str, Any] = {"activation": "relu", "depth": 30, "width": 256}
_MATCHED = Config(scheme="he", weight_law="uniform", bias_variance=0, **_RELU)
_XAVIER = _network("tanh, Xavier", activation="tanh", scheme="glorot", depth=100, width=1024, trials=4)
_HE = _network("He, 2/n", activation="relu", scheme="he", depth=50, width=2048, trials=4)
_COLLAPSING = _network("ReLU, He", activation="relu", scheme="he", depth=50, width=256)
_SIGMOID = _network("sigmoid, Glorot", activation="sigmoid", scheme="glorot", depth=20, width=512)

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
}
