"""The script in Keras 3, on any of its backends: Dense layers with their initializers, and the chain rule written out."""

from __future__ import annotations

from propagation.architecture import Activate, Dropout, Linear
from propagation.config import Config
from propagation.export.code.functions import definitions
from propagation.export.code.ops import OpCode, backward_lines, forward_lines, op_pieces
from propagation.export.code.settings import (
    CUT,
    LOG10_SIZE,
    TABLE,
    bias_variance,
    constants,
    deviation,
    digits,
    fill,
    first_pieces,
    first_variance,
    layer_variance,
    root,
    rule_words,
    scale_of,
    scale_text,
    shifted,
    title,
    weight_variance,
)
from propagation.initializers import SCHEMES

_SCRIPT = '''
"""$title
"""

import os

os.environ.setdefault("JAX_ENABLE_X64", "1")  # double precision, should JAX be the backend

import keras
import numpy as np
from keras import layers, ops
@imports

keras.config.set_floatx("float64")  # a signal may fade below 1e-38, where single precision ends
@constants
@op_constants


@functions


def initializers(fan_in, fan_out$first):
    """$rule New ones for every layer: an initializer used twice draws the same numbers twice."""
    @weights
    @biases
    return {"kernel_initializer": kernel, "bias_initializer": bias}


def draw_inputs():
    """One row an input, the same for every network."""
    @inputs


def output_gradient(h):
    """dC/dh of the last layer, for each input's own cost C."""
    @gradient


@log10_size


def measure(x):
    """Sizes of z, h, delta and dC/dW in every layer of one freshly drawn network, (4, layers)."""
    network = [layers.Dense(fan_out, **initializers(fan_in, fan_out$at_first)) for $each]
    zs, hs = [], [ops.convert_to_tensor(x)]
    @before
    for layer in network:
        @forward
    deltas, gradient = [], output_gradient(hs[-1])
    for layer, z in zip(network[::-1], zs[::-1]):
        @backward
    zs, hs, deltas = ([ops.convert_to_numpy(ops.stop_gradient(v)) for v in vectors] for vectors in (zs, hs, deltas))
    return [
        [log10_size(z) for z in zs],
        [log10_size(h) for h in hs[1:]],
        [log10_size(delta) for delta in deltas],
        [log10_size(delta, h) for delta, h in zip(deltas, hs)],  # of one input: the outer product of delta and h
    ]


keras.utils.set_random_seed(SEED)
x = draw_inputs()
@table
'''


#: what each op adds to both loops
OPS: dict[type, OpCode] = {
    Linear: OpCode(
        forward="""
@lsuv
zs.append(layer(hs[-1]))
""",
        backward="gradient = ops.matmul(deltas[0], ops.transpose(layer.kernel))",
    ),
    Activate: OpCode(forward="hs.append(phi(zs[-1]))", backward="deltas.insert(0, dphi(z) * gradient)"),
    Dropout: OpCode(
        forward="""
masks.append(ops.cast(keras.random.uniform(ops.shape(hs[-1])) < KEEP, "float64") / KEEP)
hs[-1] = hs[-1] * masks[-1]
""",
        backward="gradient = gradient * masks.pop()",
        before="masks = []",
        constants=("keep",),
    ),
}


def script(config: Config) -> str:
    """A complete Keras script for a config."""
    return fill(
        _SCRIPT,
        title=title(config, "Keras"),
        imports="from sklearn.datasets import load_digits" if config.input_law == "digits" else "",
        constants=constants(config),
        functions=definitions(config.activation, "keras", slope=True),
        rule=rule_words(config),
        **first_pieces(config, "place == 0"),
        each=f"place, (fan_in, fan_out) in enumerate({_PAIRS})" if first_variance(config) else f"fan_in, fan_out in {_PAIRS}",
        weights=_weights(config),
        biases=_biases(config),
        forward=forward_lines(config, OPS, lsuv=_LSUV if SCHEMES[config.scheme].from_data else ""),
        backward=backward_lines(config, OPS),
        **op_pieces(config, OPS),
        inputs=shifted(config.input_mean, _inputs(config)),
        gradient=_COSTS[config.cost],
        log10_size=fill(LOG10_SIZE, axis="1"),
        table=TABLE.strip(),
    )


_PAIRS = "zip(WIDTHS[:-1], WIDTHS[1:])"
_LSUV = "std = ops.std(layer(hs[-1]))\nlayer.kernel.assign(layer.kernel / std)"
_MODES = {"in": "fan_in", "out": "fan_out", "average": "fan_avg"}
_DISTRIBUTIONS = {"gaussian": "untruncated_normal", "uniform": "uniform", "truncated_gaussian": "truncated_normal"}
_LAWS = {
    "gaussian": "keras.initializers.RandomNormal(stddev={1})",
    "uniform": "keras.initializers.RandomUniform(-((3 * {0}) ** 0.5), (3 * {0}) ** 0.5)",
    "truncated_gaussian": "keras.initializers.TruncatedNormal(stddev={1} / " + CUT + ")  # the deviation before the cut",
}


def _weights(config: Config) -> str:
    fan = SCHEMES[config.scheme].fan
    own = first_variance(config)
    if scale_of(config) == 0 and not own:
        return "kernel = keras.initializers.Zeros()"
    if config.weight_law == "orthogonal":
        variance = f"variance = {layer_variance(config, 'first')}\n"
        return variance + "kernel = keras.initializers.Orthogonal(gain=(max(fan_in, fan_out) * variance) ** 0.5)"
    if own:
        return f"variance = {layer_variance(config, 'first')}\nkernel = " + _LAWS[config.weight_law].format("variance", "variance**0.5")
    if fan not in _MODES:
        return "kernel = " + _drawn(config.weight_law, weight_variance(config))
    arguments = f'{scale_text(config)}, "{_MODES[fan]}", "{_DISTRIBUTIONS[config.weight_law]}"'
    return f"kernel = keras.initializers.VarianceScaling({arguments})"


def _biases(config: Config) -> str:
    variance = bias_variance(config)
    if variance == "0":
        return f"bias = keras.initializers.Constant({config.bias_mean!r})" if config.bias_mean else "bias = keras.initializers.Zeros()"
    drawn = _drawn("gaussian" if config.weight_law == "orthogonal" else config.weight_law, variance)
    if not config.bias_mean:
        return f"bias = {drawn}"
    return f"centred = {drawn}\nbias = lambda shape, dtype=None: {config.bias_mean!r} + centred(shape, dtype)"


def _drawn(law: str, variance: str) -> str:
    return _LAWS[law].format(variance, deviation(variance))


def _inputs(config: Config) -> str:
    if config.input_law == "digits":
        return digits(config, "images[np.random.default_rng(SEED).choice(len(images), INPUTS, replace=False)]")
    if config.input_law == "uniform":
        return f"limit = {root(3 * config.input_variance)}\nreturn keras.random.uniform((INPUTS, WIDTHS[0]), -limit, limit)"
    return f"return keras.random.normal((INPUTS, WIDTHS[0]), stddev={root(config.input_variance)})"


_READOUT = (
    "V = keras.random.normal((h.shape[1], 10), stddev=h.shape[1] ** -0.5)  # a readout for 10 labels\n"
    'labels = ops.one_hot(keras.random.randint((INPUTS,), 0, 10), 10, dtype="float64")\n'
)
_COSTS = {
    "gaussian": "return keras.random.normal(h.shape)",
    "squared_error": _READOUT + "return ops.matmul(ops.matmul(h, V) - labels, ops.transpose(V))",
    "cross_entropy": _READOUT + "return ops.matmul(ops.softmax(ops.matmul(h, V)) - labels, ops.transpose(V))",
}
