"""The kinds of networks that a Config can say, by the fields that say them: tests let every walk see them."""

from __future__ import annotations

KEEP = 0.7
_RESIDUAL = {"architecture": "residual"}

TRANSFORMER = {"architecture": "transformer", "normalization": "layer", "tokens": 4, "heads": 8, "inputs": 2, "expansion": 2}

CONVOLUTION = {"architecture": "convolution", "positions": 8, "inputs": 4}

NETWORKS: dict[str, dict] = {
    "plain": {},
    "dropout": {"keep": KEEP},
    "layer norm before φ": {"normalization": "layer"},
    "layer norm after φ": {"normalization": "layer", "norm_position": "post"},
    "RMS norm before φ": {"normalization": "rms"},
    "RMS norm after φ, dropout": {"normalization": "rms", "norm_position": "post", "keep": KEEP},
    "residual": _RESIDUAL,
    "residual, one map": _RESIDUAL | {"branch_layers": 1, "branch_scale": 0.5},
    "residual, one map, pre-norm": _RESIDUAL | {"branch_layers": 1, "normalization": "layer"},
    "residual, pre-activation": _RESIDUAL | {"block_order": "pre_activation", "branch_rule": "sqrt"},
    "residual, pre-norm, expanded": _RESIDUAL | {"normalization": "layer", "expansion": 3, "keep": KEEP},
    "residual, post-norm": _RESIDUAL | {"normalization": "rms", "norm_position": "post"},
    "Fixup": _RESIDUAL | {"branch_rule": "fixup"},
    "DeepNorm": _RESIDUAL | {"branch_rule": "deepnorm", "normalization": "layer", "norm_position": "post"},
    "a stream of its own width": _RESIDUAL | {"input_law": "digits"},
    "residual, gated": _RESIDUAL | {"gated": True, "normalization": "rms", "expansion": 2},
    "residual, gated, biases with a mean": _RESIDUAL | {"gated": True, "branch_scale": 0.5, "bias_mean": 0.3, "keep": KEEP},
    "transformer": TRANSFORMER,
    "transformer, post-norm": TRANSFORMER | {"norm_position": "post", "heads": 4, "token_correlation": 0.4},
    "transformer, gated, pooled": TRANSFORMER | {"normalization": "rms", "gated": True, "readout": "pooled", "keep": KEEP},
    "transformer, no norm": TRANSFORMER | {"normalization": "none", "branch_rule": "sqrt", "query_key_variance": 0.3, "bias_variance": 0.0},
    "transformer, DeepNorm": TRANSFORMER | {"norm_position": "post", "branch_rule": "deepnorm"},
    "transformer, causal": TRANSFORMER | {"causal": True, "gated": True, "branch_rule": "gpt2", "inputs": 4},
    "transformer, sharp": TRANSFORMER | {"query_key_variance": 6.0, "inputs": 4},
    "attention alone": TRANSFORMER | {"sublayers": "attention", "query_key_variance": 0.6},
    "convolution": CONVOLUTION,
    "convolution, layer norm, five taps": CONVOLUTION | {"normalization": "layer", "taps": 5, "keep": KEEP},
    "convolution, delta-orthogonal": CONVOLUTION | {"weight_law": "orthogonal"},
    "batch norm": {"normalization": "batch", "inputs": 12},
    "residual, batch norm": _RESIDUAL | {"normalization": "batch", "inputs": 12},
    "residual, batch norm, pre-activation": _RESIDUAL | {"normalization": "batch", "block_order": "pre_activation", "inputs": 12},
}
#: of these theory has no line
WITHOUT_LINE: dict[str, dict] = {
    "batch norm after φ": {"normalization": "batch", "norm_position": "post"},
    "batch norm and dropout": {"normalization": "batch", "keep": KEEP},
    "batch norm and a loss": {"normalization": "batch", "cost": "cross_entropy"},
    "batch norm, one map": _RESIDUAL | {"normalization": "batch", "branch_layers": 1},
    "transformer, causal, no norm": TRANSFORMER | {"causal": True, "normalization": "none"},
    "transformer, copies of one block": TRANSFORMER | {"shared_blocks": True},
    "transformer, a loss": TRANSFORMER | {"cost": "cross_entropy"},
    "convolution, pooled": CONVOLUTION | {"readout": "pooled"},
    "convolution, a loss": CONVOLUTION | {"cost": "cross_entropy"},
    "convolution, batch norm": CONVOLUTION | {"normalization": "batch"},
    "post-activation": _RESIDUAL | {"block_order": "post_activation"},
}
