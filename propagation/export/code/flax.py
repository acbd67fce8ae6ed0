"""The script in JAX and Flax: nn.Dense layers with their initializers, gradients by `perturb`."""

from __future__ import annotations

from propagation.architecture import Activate, Dropout, Linear
from propagation.config import Config
from propagation.export.code.functions import definitions
from propagation.export.code.ops import OpCode, forward_lines, op_pieces
from propagation.export.code.settings import (
    CUT,
    LOG10_SIZE,
    TABLE,
    bias_variance,
    constants,
    digits,
    fill,
    first_pieces,
    first_variance,
    layer_variance,
    root,
    rule_words,
    scale_text,
    shifted,
    title,
)
from propagation.initializers import SCHEMES

_SCRIPT = '''
"""$title
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax.nn import initializers
@imports

jax.config.update("jax_enable_x64", True)  # a signal may fade below 1e-38, where single precision ends
@constants
@op_constants


@functions


def kernel_init(fan_in, fan_out$first):
    """$rule"""
    @weights


def bias_init(fan_in, fan_out):
    @biases


class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        """z of every layer, and h of every layer with the input in front."""
        zs, hs = [], [x]
        for layer, (fan_in, fan_out) in enumerate(zip(WIDTHS[:-1], WIDTHS[1:]), start=1):
            @forward
        return zs, hs


@lsuv
def draw_inputs(key):
    """One row an input, the same for every network."""
    @inputs


def cost(h, key):
    """Each input's own cost C, summed."""
    @cost


@log10_size


def measure(x, key):
    """Sizes of z, h, delta and dC/dW in every layer of one freshly drawn network, (4, layers)."""
    of_weights, of_cost = jax.random.split(key)
    model = MLP()
    variables = model.init($at_init, x)
    params = $params
    perturbations = variables["perturbations"]  # zeros added to every z: dC/dz is the gradient with respect to them

    def cost_of(perturbations):
        return cost(model.apply({"params": params, "perturbations": perturbations}, x$at_apply)[1][-1], of_cost)

    gradients = jax.grad(cost_of)(perturbations)
    deltas = [np.asarray(gradients[f"z_{layer}"]) for layer in range(1, len(WIDTHS))]
    zs, hs = ([np.asarray(v) for v in vectors] for vectors in model.apply({"params": params, "perturbations": perturbations}, x$at_apply))
    return [
        [log10_size(z) for z in zs],
        [log10_size(h) for h in hs[1:]],
        [log10_size(delta) for delta in deltas],
        [log10_size(delta, h) for delta, h in zip(deltas, hs)],  # of one input: the outer product of delta and h
    ]


of_inputs, *of_networks = jax.random.split(jax.random.key(SEED), 1 + DRAWS)
x = draw_inputs(of_inputs)
@table
'''

_LSUV = '''
def rescale(params, x):
    """LSUV's second half: divide each kernel by the standard deviation of its z."""
    rescaled, h = {}, x
    for layer in range(1, len(WIDTHS)):
        kernel, bias = params[f"layer_{layer}"]["kernel"], params[f"layer_{layer}"]["bias"]
        kernel = kernel / (h @ kernel).std()
        rescaled[f"layer_{layer}"] = {"kernel": kernel, "bias": bias}
        h = phi(h @ kernel + bias)
    return rescaled


'''


#: what each op adds to the loop
OPS: dict[type, OpCode] = {
    Linear: OpCode(
        forward="""
kernel, bias = kernel_init(fan_in, fan_out$at_first), bias_init(fan_in, fan_out)
dense = nn.Dense(fan_out, kernel_init=kernel, bias_init=bias, param_dtype=jnp.float64, name=f"layer_{layer}")
zs.append(self.perturb(f"z_{layer}", dense(hs[-1])))
"""
    ),
    Activate: OpCode(forward="hs.append(phi(zs[-1]))"),
    Dropout: OpCode(
        forward="hs[-1] = nn.Dropout(1 - KEEP, deterministic=False)(hs[-1])",
        constants=("keep",),
        pieces={"at_init": '{"params": of_weights, "dropout": of_cost}', "at_apply": ', rngs={"dropout": of_cost}'},
    ),
}


def script(config: Config) -> str:
    """A complete JAX and Flax script for a config."""
    lsuv, pieces = SCHEMES[config.scheme].from_data, first_pieces(config, "layer == 1")
    return fill(
        _SCRIPT,
        title=title(config, "JAX and Flax"),
        imports="from sklearn.datasets import load_digits" if config.input_law == "digits" else "",
        constants=constants(config),
        functions=definitions(config.activation, "flax"),
        forward=forward_lines(config, OPS, at_first=pieces["at_first"]),
        first=pieces["first"],
        **op_pieces(config, OPS, at_init="of_weights", at_apply=""),
        rule=rule_words(config),
        weights=_weights(config),
        biases=_biases(config),
        lsuv=_LSUV.lstrip("\n") if lsuv else "",
        params='rescale(variables["params"], x)' if lsuv else 'variables["params"]',
        inputs=shifted(config.input_mean, _inputs(config)),
        cost=_COSTS[config.cost],
        log10_size=fill(LOG10_SIZE, axis="1"),
        table=TABLE.strip().replace("measure(x) for _ in range(DRAWS)", "measure(x, key) for key in of_networks"),
    )


_MODES = {"in": "fan_in", "out": "fan_out", "average": "fan_avg"}
_DISTRIBUTIONS = {"gaussian": "normal", "uniform": "uniform", "truncated_gaussian": "truncated_normal"}
_LAWS = {
    "gaussian": "return initializers.normal({0}**0.5)",
    "uniform": ("limit = (3 * {0}) ** 0.5\nreturn lambda key, shape, dtype: jax.random.uniform(key, shape, dtype, -limit, limit)"),
    "truncated_gaussian": "return initializers.truncated_normal({0}**0.5 / " + CUT + ")  # the deviation before the cut at 2",
}


def _weights(config: Config) -> str:
    fan = SCHEMES[config.scheme].fan
    if config.weight_law == "orthogonal":
        return f"variance = {layer_variance(config, 'first')}\nreturn initializers.orthogonal((max(fan_in, fan_out) * variance) ** 0.5)"
    if fan not in _MODES or first_variance(config):
        return f"variance = {layer_variance(config, 'first')}\n" + _LAWS[config.weight_law].format("variance")
    return f'return initializers.variance_scaling({scale_text(config)}, "{_MODES[fan]}", "{_DISTRIBUTIONS[config.weight_law]}")'


def _biases(config: Config) -> str:
    variance = bias_variance(config)
    if variance == "0":
        return f"return initializers.constant({config.bias_mean!r})" if config.bias_mean else "return initializers.zeros"
    law = "gaussian" if config.weight_law == "orthogonal" else config.weight_law
    body = f"variance = {variance}\n" + _LAWS[law].format("variance") if "fan_in" in variance else _LAWS[law].format(variance)
    if not config.bias_mean:
        return body
    before, _, centred = body.rpartition("return ")
    return f"{before}centred = {centred}\nreturn lambda key, shape, dtype: {config.bias_mean!r} + centred(key, shape, dtype)"


def _inputs(config: Config) -> str:
    if config.input_law == "digits":
        return digits(config, "jnp.asarray(images[np.asarray(jax.random.permutation(key, len(images))[:INPUTS])])")
    if config.input_law == "uniform":
        limit = root(3 * config.input_variance)
        return f"limit = {limit}\nreturn jax.random.uniform(key, (INPUTS, WIDTHS[0]), minval=-limit, maxval=limit)"
    scale = "" if config.input_variance == 1 else f"{root(config.input_variance)} * "
    return f"return {scale}jax.random.normal(key, (INPUTS, WIDTHS[0]))"


_READOUT = (
    "of_readout, of_labels = jax.random.split(key)\n"
    "logits = h @ jax.random.normal(of_readout, (h.shape[1], 10)) / h.shape[1] ** 0.5  # a readout for 10 labels\n"
    "labels = jax.nn.one_hot(jax.random.randint(of_labels, (INPUTS,), 0, 10), 10)\n"
)
_COSTS = {
    "gaussian": "return (h * jax.random.normal(key, h.shape)).sum()  # dC/dh is a unit Gaussian",
    "squared_error": _READOUT + "return ((logits - labels) ** 2).sum() / 2",
    "cross_entropy": _READOUT + "return -(labels * jax.nn.log_softmax(logits)).sum()",
}
