"""Reports made here: of networks that the app's own engine has simulated, and of blocks put together by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from propagation import Config, simulate
from propagation.architecture import blocks
from propagation.ops import Linear
from propagation.reports.report import FORMAT


def moments(logs: Any, mean: float = 0.0) -> dict[str, list]:
    """Moments of these log10, one a draw."""
    numbers = ["zero" if value == -math.inf else float(value) for value in np.atleast_1d(logs)]
    return {"mean": [mean] * len(numbers), "log10_variance": numbers, "log10_second_moment": numbers}


def module(name: str, type: str, kind: str, **fields: Any) -> dict[str, Any]:
    """One call."""
    return {"name": name, "type": type, "kind": kind, "call": 1} | fields


def linear(name: str, fan_in: int, fan_out: int, weight_variance: float = 2.0, **fields: Any) -> dict[str, Any]:
    """A linear map of this σ_w², which gives out and gets back what `fields` say, 1 by default."""
    sizes = {"out": moments(0), "out_gradient": moments(0), "weight_gradient": moments(0)}
    weight = moments(math.log10(weight_variance / fan_in)) if weight_variance else moments(-math.inf)
    return module(
        name, "Linear", "linear", fan_in=fan_in, fan_out=fan_out, weight_shape=[fan_out, fan_in], out_shape=[4, fan_out], weight=weight
    ) | (sizes | fields)


def other(name: str, type: str, kind: str, size: float = 0.0, width: int = 8, **fields: Any) -> dict[str, Any]:
    """A module without a matrix."""
    return module(name, type, kind, out=moments(size), out_gradient=moments(size), out_shape=[4, width]) | fields


def report(modules: Sequence[dict], **fields: Any) -> dict[str, Any]:
    """A whole report."""
    top = {"format": FORMAT, "version": 1, "model": "Net", "framework": "torch 2.13.0", "mode": "train", "dtype": "float32"}
    cost = {"loss": "independent random gradient at the output", "batch": [[4, 8]], "inputs": 4, "draws": 1, "parameters": 100, "notes": []}
    return top | cost | {"modules": list(modules)} | fields


def text(modules: Sequence[dict], **fields: Any) -> str:
    """The same as it is pasted."""
    return json.dumps(report(modules, **fields))


def of_config(config: Config) -> dict[str, Any]:
    """The report that probing the simulated plain network of a config would give: `0` Linear, `1` its activation, `2` …"""
    trace = simulate(config)
    kind = {"relu": "ReLU", "tanh": "Tanh", "gelu": "GELU"}[config.activation]
    columns = math.log10(config.inputs)  # a report's weight gradient is of the cost of all inputs together
    calls = []
    for layer, block in enumerate(blocks(config)):
        op = next(op for op in block if isinstance(op, Linear))
        given = trace.h.log10_second_moment[:, layer - 1] if layer else [trace.input_log10_second_moment] * config.trials
        bias = {"bias": moments(math.log10(op.bias_variance))} if op.bias_variance else {"bias": moments(-math.inf)}
        calls.append(
            linear(
                f"{2 * layer}",
                op.fan_in,
                op.fan_out,
                float(np.median(np.atleast_2d(trace.weight_variance), axis=0)[layer]),
                **bias,
                **{"in": moments(given), "out": moments(trace.z.log10_second_moment[:, layer])},
                out_gradient=moments(trace.delta.log10_second_moment[:, layer]),
                weight_gradient=moments(trace.weight_gradient.log10_second_moment[:, layer] + columns),
            )
        )
        after = {"in": moments(trace.z.log10_second_moment[:, layer]), "out": moments(trace.h.log10_second_moment[:, layer])}
        shape = [config.inputs, op.fan_out]
        calls.append(module(f"{2 * layer + 1}", kind, "activation", activation=config.activation, out_shape=shape, **after))
    return report(calls, inputs=config.inputs, draws=config.trials, batch=[[config.inputs, config.widths[0]]])


def residual(depth: int = 6, width: int = 8, growth: float = 0.0, norm: bool = True, last: float = 2.0) -> list[dict]:
    """The calls of a residual network: `blocks.3.norm`, `.fc1`, `.act`, `.fc2`, `.sum`, whose stream grows by so many decades a block."""
    calls = []
    for block in range(depth):
        at = f"blocks.{block}"
        calls += [other(f"{at}.norm", "LayerNorm", "norm", width=width)] * norm
        calls += [linear(f"{at}.fc1", width, 4 * width), other(f"{at}.act", "GELU", "activation", width=4 * width)]
        calls += [linear(f"{at}.fc2", 4 * width, width, last), other(f"{at}.sum", "sum", "sum", growth * block, width, functional=True)]
    return calls


def transformer(depth: int = 4, width: int = 16, tokens: int = 5, **weights: Any) -> list[dict]:
    """The calls of a pre-norm transformer with attention of 4 heads and an MLP."""
    shape = {"out_shape": [2, tokens, width]}
    calls = []
    for block in range(depth):
        at = f"h.{block}"
        calls += [other(f"{at}.ln_1", "LayerNorm", "norm", **shape), linear(f"{at}.attn.qkv", width, 3 * width, **(weights | shape))]
        calls += [other(f"{at}.attn.sdpa", "scaled_dot_product_attention", "attention", heads=4, causal=True, **shape)]
        calls += [linear(f"{at}.attn.proj", width, width, **(weights | shape)), other(f"{at}.sum", "sum", "sum", **shape)]
        calls += [other(f"{at}.ln_2", "LayerNorm", "norm", **shape), linear(f"{at}.mlp.fc1", width, 4 * width, **(weights | shape))]
        calls += [other(f"{at}.mlp.act", "GELU", "activation", activation="gelu_tanh", **shape)]
        calls += [linear(f"{at}.mlp.fc2", 4 * width, width, **(weights | shape)), other(f"{at}.sum_2", "sum", "sum", **shape)]
    return calls
