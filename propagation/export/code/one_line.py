"""One line: how each framework draws the weights and the biases of a layer that has a given σ_w² and σ_b²."""

from __future__ import annotations

import math

from propagation.expressions import lookup
from propagation.theory.gains import torch_gain

_EACH = "# for every layer of nn.Linear\n"
#: σ_w² this close to the square of a gain is drawn by the framework's own rule
_SAME = 1e-6


def init_lines(framework: str, activation: str, weight_variance: float, bias_variance: float, bias_mean: float = 0.0) -> str:
    """Return the lines that initialize a layer of n_in inputs with Var W = σ_w²/n_in, Var b = σ_b² and E b, for one of FRAMEWORKS.

    Weights are Gaussian. Where the framework has a rule of its own with this variance, the line is that.
    """
    write = {"pytorch": _pytorch, "keras": _keras, "flax": _flax, "numpy": _numpy}[framework]
    return write(activation, weight_variance, bias_variance, bias_mean)


def _pytorch(activation: str, weight_variance: float, bias_variance: float, mean: float) -> str:
    phi = lookup(activation)
    gain = torch_gain(phi)
    if gain is not None and math.isclose(gain**2, weight_variance, rel_tol=_SAME):
        leak = phi.slopes_at_zero[0]
        own = {"relu": 'nonlinearity="relu"', "linear": 'nonlinearity="linear"', "leaky_relu": f"a={leak:.7g}"}
        name = phi.family or phi.name
        if name in own:
            return f"{_EACH}nn.init.kaiming_normal_(layer.weight, {own[name]})\n{_pytorch_bias(bias_variance, mean)}"
    weights = f"nn.init.normal_(layer.weight, std=({_text(weight_variance)} / layer.in_features) ** 0.5)"
    return f"{_EACH}{weights}\n{_pytorch_bias(bias_variance, mean)}"


def _pytorch_bias(variance: float, mean: float) -> str:
    if variance:
        return f"nn.init.normal_(layer.bias, {_named('mean', mean)}std={_text(variance)}**0.5)"
    return f"nn.init.constant_(layer.bias, {_text(mean)})" if mean else "nn.init.zeros_(layer.bias)"


def _keras(activation: str, weight_variance: float, bias_variance: float, mean: float) -> str:
    kernel = f'initializers.VarianceScaling({_text(weight_variance)}, "fan_in", "untruncated_normal")'
    constant = f"initializers.Constant({_text(mean)})" if mean else '"zeros"'
    bias = f"initializers.RandomNormal({_named('mean', mean)}stddev={_text(bias_variance)}**0.5)" if bias_variance else constant
    dense = "layers.Dense(units, kernel_initializer=kernel, bias_initializer=bias)"
    return f"# new ones for every layer: one that is used twice draws the same numbers\nkernel = {kernel}\nbias = {bias}\n{dense}"


def _flax(activation: str, weight_variance: float, bias_variance: float, mean: float) -> str:
    kernel = f'nn.initializers.variance_scaling({_text(weight_variance)}, "fan_in", "normal")'
    constant = f"nn.initializers.constant({_text(mean)})" if mean else "nn.initializers.zeros"
    bias = f"nn.initializers.normal({_text(bias_variance)}**0.5)" if bias_variance else constant
    if bias_variance and mean:
        bias = f"lambda key, shape, dtype: {_text(mean)} + {bias}(key, shape, dtype)"
    return f"kernel_init = {kernel}\nbias_init = {bias}\nnn.Dense(features, kernel_init=kernel_init, bias_init=bias_init)"


def _numpy(activation: str, weight_variance: float, bias_variance: float, mean: float) -> str:
    constant = f"np.full(fan_out, {_text(mean)})" if mean else "np.zeros(fan_out)"
    bias = f"rng.normal({_text(mean)}, {_text(bias_variance)}**0.5, fan_out)" if bias_variance else constant
    return f"W = rng.normal(0, ({_text(weight_variance)} / fan_in) ** 0.5, (fan_out, fan_in))\nb = {bias}"


def _named(name: str, value: float) -> str:
    """Return an argument with its name, and the comma after it; nothing where it is 0."""
    return f"{name}={_text(value)}, " if value else ""


def _text(value: float) -> str:
    return f"{value:.7g}"
