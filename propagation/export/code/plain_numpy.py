"""The script in plain NumPy: both passes written out."""

from __future__ import annotations

from propagation.architecture import Activate, Dropout, Linear
from propagation.config import Config
from propagation.export.code.functions import definitions, needs_erf
from propagation.export.code.ops import OpCode, backward_lines, forward_lines, op_pieces
from propagation.export.code.settings import (
    CUT,
    LOG10_SIZE,
    TABLE,
    bias_variance,
    constants,
    digits,
    fill,
    first_pieces,
    layer_variance,
    root,
    rule_words,
    shifted,
    title,
)
from propagation.initializers import SCHEMES

_SCRIPT = '''
"""$title
"""

@imports

@constants
@op_constants


@functions


def draw_weights(fan_in, fan_out$first):
    """$rule"""
    variance = $variance
    @weights


def draw_biases(fan_in, fan_out):
    @biases


def draw_inputs():
    """One column an input, the same for every network."""
    @inputs


def output_gradient(h):
    """dC/dh of the last layer, for each input's own cost C."""
    @gradient


@log10_size


def measure(x):
    """Sizes of z, h, delta and dC/dW in every layer of one freshly drawn network, (4, layers)."""
    weights, zs, hs = [], [], [x]
    @before
    for fan_in, fan_out in zip(WIDTHS[:-1], WIDTHS[1:]):
        @forward
    deltas, gradient = [], output_gradient(hs[-1])
    for W, z in zip(weights[::-1], zs[::-1]):
        @backward
    return [
        [log10_size(z) for z in zs],
        [log10_size(h) for h in hs[1:]],
        [log10_size(delta) for delta in deltas],
        [log10_size(delta, h) for delta, h in zip(deltas, hs)],  # of one input: the outer product of delta and h
    ]


rng = np.random.default_rng(SEED)
x = draw_inputs()
@table
'''


#: what each op adds to both loops
OPS: dict[type, OpCode] = {
    Linear: OpCode(
        forward="""
W = draw_weights(fan_in, fan_out$at_first)
@lsuv
weights.append(W)
zs.append(W @ hs[-1] + draw_biases(fan_in, fan_out))
""",
        backward="gradient = W.T @ deltas[0]",
    ),
    Activate: OpCode(forward="hs.append(phi(zs[-1]))", backward="deltas.insert(0, dphi(z) * gradient)"),
    Dropout: OpCode(
        forward="masks.append((rng.random(hs[-1].shape) < KEEP) / KEEP)\nhs[-1] = hs[-1] * masks[-1]",
        backward="gradient = gradient * masks.pop()",
        before="masks = []",
        constants=("keep",),
    ),
}


def script(config: Config) -> str:
    """A complete NumPy script for a config."""
    bias, pieces = bias_variance(config), first_pieces(config, "not weights")
    return fill(
        _SCRIPT,
        title=title(config, "plain NumPy"),
        imports=_imports(config),
        constants=constants(config),
        functions=_ERF * needs_erf(config.activation) + definitions(config.activation, "numpy", slope=True),
        rule=rule_words(config),
        variance=layer_variance(config, "first"),
        first=pieces["first"],
        weights=_LAWS[config.weight_law],
        biases=shifted(config.bias_mean, _NO_BIAS if bias == "0" else f"variance = {bias}\n{_BIASES[config.weight_law]}"),
        inputs=shifted(config.input_mean, _inputs(config)),
        gradient=_COSTS[config.cost],
        log10_size=fill(LOG10_SIZE, axis="0"),
        table=TABLE.strip(),
        forward=forward_lines(
            config, OPS, lsuv="W /= (W @ hs[-1]).std() or 1" if SCHEMES[config.scheme].from_data else "", at_first=pieces["at_first"]
        ),
        backward=backward_lines(config, OPS),
        **op_pieces(config, OPS),
    )


_ERF = "erf = np.vectorize(math.erf)\n\n\n"
_TRUNCATED = (
    "values = rng.standard_normal({0})\n"
    "while (outside := abs(values) > 2).any():\n"
    "    values[outside] = rng.standard_normal(outside.sum())\n"
    f"return variance**0.5 * values / {CUT}  # the standard deviation after the cut"
)
_LAWS = {
    "gaussian": "return rng.normal(0, variance**0.5, (fan_out, fan_in))",
    "uniform": "limit = (3 * variance) ** 0.5\nreturn rng.uniform(-limit, limit, (fan_out, fan_in))",
    "truncated_gaussian": _TRUNCATED.format("(fan_out, fan_in)"),
    "orthogonal": (
        "large, small = max(fan_in, fan_out), min(fan_in, fan_out)\n"
        "Q, R = np.linalg.qr(rng.standard_normal((large, small)))\n"
        "Q *= np.sign(np.diag(R)) * (large * variance) ** 0.5  # the signs make it uniformly random\n"
        "return Q if fan_out >= fan_in else Q.T"
    ),
}
_NO_BIAS = "return np.zeros((fan_out, 1))"
_BIASES = {
    "gaussian": "return rng.normal(0, variance**0.5, (fan_out, 1))",
    "uniform": "limit = (3 * variance) ** 0.5\nreturn rng.uniform(-limit, limit, (fan_out, 1))",
    "truncated_gaussian": _TRUNCATED.format("(fan_out, 1)"),
    "orthogonal": "return rng.normal(0, variance**0.5, (fan_out, 1))",
}
_READOUT = (
    "V = rng.normal(0, len(h) ** -0.5, (10, len(h)))  # a readout for 10 labels\nlabels = np.eye(10)[:, rng.integers(10, size=INPUTS)]\n"
)
_COSTS = {
    "gaussian": "return rng.standard_normal(h.shape)",
    "squared_error": _READOUT + "return V.T @ (V @ h - labels)",
    "cross_entropy": (_READOUT + "logits = V @ h\np = np.exp(logits - logits.max(axis=0))\nreturn V.T @ (p / p.sum(axis=0) - labels)"),
}


def _imports(config: Config) -> str:
    lines = ["import math\n"] * needs_erf(config.activation) + ["import numpy as np"]
    return "\n".join(lines + ["from sklearn.datasets import load_digits"] * (config.input_law == "digits"))


def _inputs(config: Config) -> str:
    if config.input_law == "digits":
        return digits(config, "images[rng.choice(len(images), INPUTS, replace=False)].T")
    if config.input_law == "uniform":
        return f"limit = {root(3 * config.input_variance)}\nreturn rng.uniform(-limit, limit, (WIDTHS[0], INPUTS))"
    return f"return rng.normal(0, {root(config.input_variance)}, (WIDTHS[0], INPUTS))"
