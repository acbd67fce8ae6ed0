"""Presets: places worth starting from, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from propagation.config import Config


@dataclass(frozen=True)
class Preset:
    """A named experiment and one sentence on what to look for."""

    name: str
    label: str
    sentence: str
    config: Config


_RELU: dict[str, Any] = {"depth": 50, "width": 256, "activation": "relu", "bias_variance": 0, "trials": 4}
_RESIDUAL: dict[str, Any] = _RELU | {"architecture": "residual"}
_TRANSFORMER: dict[str, Any] = _RELU | {
    "architecture": "transformer",
    "normalization": "layer",
    "depth": 100,
    "width": 192,
    "trials": 2,
}
_TRANSFORMER |= {"heads": 4, "tokens": 16, "inputs": 1, "expansion": 4, "scheme": "lecun"}
#: as language models are drawn: weights and embeddings of a stated std
_LANGUAGE: dict[str, Any] = _TRANSFORMER | {"causal": True, "scheme": "std"}

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "glorot_2010",
            "Tanh before 2010",
            "U(±1/√n), the habit Glorot & Bengio argued against: signal and gradient lose about two thirds of their size in every layer.",
            Config(depth=10, width=256, activation="tanh", scheme="glorot_standard", weight_law="uniform", bias_variance=0, trials=4),
        ),
        Preset(
            "sigmoid_vanishing",
            "Sigmoid vanishing",
            "A sigmoid's slope is never above ¼, so each layer takes most of the gradient, while the signal forward looks perfectly well.",
            Config(depth=20, width=256, activation="sigmoid", scheme="glorot", bias_variance=0, trials=4),
        ),
        Preset(
            "he_relu",
            "ReLU with He",
            "ReLU throws away half of the mean square and He's factor 2 puts it back: 50 layers, and all sizes stay level.",
            Config(depth=50, width=256, activation="relu", scheme="he", bias_variance=0, trials=4),
        ),
        Preset(
            "lecun_relu",
            "ReLU without the 2",
            "1/n instead of 2/n: half of the signal is lost in every layer, forward and backward.",
            Config(depth=50, width=256, activation="relu", scheme="lecun", bias_variance=0, trials=4),
        ),
        Preset(
            "narrow_relu",
            "Deep and narrow ReLU",
            "He is right on average and a single narrow network is not: look at the band, and at the dots sinking below 1.",
            Config(depth=50, width=24, activation="relu", scheme="he", bias_variance=0, inputs=16, trials=32),
        ),
        Preset(
            "exploding",
            "Tanh exploding",
            "The signal forward is bounded and looks healthy; the gradient grows with every layer it passes.",
            Config(depth=50, width=256, activation="tanh", weight_variance=4.0, trials=4),
        ),
        Preset(
            "tanh_critical",
            "Tanh at criticality",
            "σ_w² = 1.76 with σ_b² = 0.05 balances order and chaos: 100 layers of tanh, and gradients arrive.",
            Config(depth=100, width=256, activation="tanh", weight_variance=1.760955, trials=4),
        ),
        Preset(
            "orthogonal_linear",
            "Linear, orthogonal",
            "Orthogonal matrices keep every length: no noise at all, however deep.",
            Config(depth=100, width=256, activation="linear", weight_variance=1.0, weight_law="orthogonal", bias_variance=0, trials=4),
        ),
        Preset(
            "pytorch_default",
            "PyTorch's default",
            "nn.Linear draws everything from U(±1/√n): the signal forward settles on the biases, the gradient keeps a sixth per layer.",
            Config(depth=30, width=256, activation="relu", scheme="pytorch", weight_law="uniform", trials=4),
        ),
        Preset(
            "digits_selu",
            "Digits through SELU",
            "Real images and a self-normalizing activation: the size comes back to 1, and gradients grow a little in every layer.",
            Config(depth=50, width=256, activation="selu", scheme="lecun", bias_variance=0, input_law="digits", inputs=32, trials=4),
        ),
        Preset(
            "almost_infinite",
            "100,000 neurons wide",
            "So wide that chance averages out: the band closes, and one network is as good as all.",
            Config(depth=20, width=100_000, activation="tanh", weight_variance=1.760955, inputs=2, trials=2),
        ),
        Preset(
            "residual_unscaled",
            "Residual, unscaled",
            "Skip connections alone are no cure: with branches of gain 1 the stream doubles in every block, and so does its gradient.",
            Config(**(_RESIDUAL | {"weight_variance": 1.4142})),
        ),
        Preset(
            "residual_scaled",
            "Residual, α = 1/√L",
            "The same blocks with branches scaled by 1/√L: all 50 together change the stream by less than e = 2.7, at any depth.",
            Config(**(_RESIDUAL | {"branch_rule": "sqrt", "weight_variance": 1.4142})),
        ),
        Preset(
            "rezero",
            "ReZero",
            "α = 0: every block begins as the identity, and only α has a gradient (ReZero, SkipInit).",
            Config(**(_RESIDUAL | {"branch_rule": "zero", "scheme": "he"})),
        ),
        Preset(
            "fixup",
            "Fixup",
            "The last weights of every branch are 0, the others smaller by 1/√L: no norm is needed, and at first only the last ones learn.",
            Config(**(_RESIDUAL | {"branch_rule": "fixup", "scheme": "he"})),
        ),
        Preset(
            "resnet_2015",
            "ResNet of 2015",
            "ReLU after the sum, batch norm in the branch, 16 blocks: gradients grow on their way back, more slowly than without skips.",
            Config(**(_RESIDUAL | {"block_order": "post_activation", "normalization": "batch", "scheme": "he", "depth": 16, "inputs": 32})),
        ),
        Preset(
            "batch_norm_relu",
            "Batch norm and ReLU",
            "50 layers with batch norm: the signal is perfectly level, and gradients grow by × 1.5 in every layer (Yang et al. 2019).",
            Config(**(_RELU | {"normalization": "batch", "scheme": "he", "inputs": 32})),
        ),
        Preset(
            "layer_norm_before",
            "Layer norm before ReLU",
            "A norm before ReLU keeps signal and gradients level, whatever σ_w² is.",
            Config(**(_RELU | {"normalization": "layer", "weight_variance": 1.0})),
        ),
        Preset(
            "layer_norm_after",
            "Layer norm after ReLU",
            "The same norm one step later: now every layer multiplies gradients by π/(π − 1) = 1.47.",
            Config(**(_RELU | {"normalization": "layer", "norm_position": "post", "weight_variance": 1.0})),
        ),
        Preset(
            "pre_norm",
            "Pre-norm residual",
            "x + branch(norm(x)): the stream grows like the number of blocks, not like a power of 2, and gradients likewise.",
            Config(**(_RESIDUAL | {"normalization": "layer", "scheme": "he", "activation": "gelu", "depth": 100})),
        ),
        Preset(
            "post_norm",
            "Post-norm residual",
            "norm(x + branch(x)) in MLP blocks of ReLU: stream and gradient stay level, while only a few percent still tell inputs apart.",
            Config(**(_RESIDUAL | {"normalization": "layer", "norm_position": "post", "weight_variance": 1.4142})),
        ),
        Preset(
            "nfnet",
            "NFNet",
            "α = 0.2 behind a division by the stream's size: each block adds 0.04 to its variance, 1.04, 1.08, 1.12 … (Brock et al. 2021).",
            Config(**(_RESIDUAL | {"normalization": "rms", "branch_scale": 0.2, "weight_variance": 1.4142})),
        ),
        Preset(
            "deepnorm",
            "DeepNorm, 100 blocks",
            "A norm after the sum, with a stronger skip and smaller weights: 100 blocks, and everything stays level.",
            Config(
                **(
                    _RESIDUAL
                    | {"branch_rule": "deepnorm", "normalization": "layer", "norm_position": "post", "weight_variance": 1.0, "depth": 100}
                )
            ),
        ),
        Preset(
            "transformer_pre_norm",
            "Transformer, pre-norm",
            "100 blocks: the stream grows, so each changes it less than the one before. Tokens still differ by a few percent.",
            Config(**_TRANSFORMER),
        ),
        Preset(
            "transformer_post_norm",
            "Transformer, post-norm",
            "The same with the norms after the sums: every block averages at full strength, and 100 of them make all tokens alike.",
            Config(**(_TRANSFORMER | {"norm_position": "post"})),
        ),
        Preset(
            "transformer_deepnorm",
            "Transformer, DeepNorm",
            "Post-norm with a skip × 3.8 and smaller weights: after 100 blocks tokens are as different as before (Wang et al. 2022).",
            Config(**(_TRANSFORMER | {"norm_position": "post", "branch_rule": "deepnorm"})),
        ),
        Preset(
            "gpt2",
            "GPT-2, 12 blocks",
            "Std 0.02, last weights ÷ √24: block 1 drowns the embeddings, of variance 0.0008, and the stream ends at 0.09.",
            Config(
                **_LANGUAGE
                | {
                    "depth": 12,
                    "width": 768,
                    "heads": 12,
                    "activation": "gelu_tanh",
                    "weight_std": 0.02,
                    "branch_rule": "gpt2",
                    "input_variance": 0.0008,
                }
            ),
        ),
        Preset(
            "llama",
            "LLaMA, 16 blocks",
            "RMS norm, SwiGLU, std 0.04 for 0.02 at width 4,096: the variance of block 1 is 14,000 times that of embeddings.",
            Config(
                **_LANGUAGE
                | {
                    "depth": 16,
                    "width": 1024,
                    "heads": 8,
                    "activation": "silu",
                    "gated": True,
                    "normalization": "rms",
                    "weight_std": 0.04,
                    "input_variance": 0.0004,
                }
            ),
        ),
        Preset(
            "transformer_encoder",
            "nn.TransformerEncoder",
            "48 copies of one pre-norm layer: branches point the same way, and the stream grows to 390, where others reach 9.",
            Config(
                **_TRANSFORMER
                | {
                    "depth": 48,
                    "width": 128,
                    "heads": 8,
                    "tokens": 8,
                    "inputs": 2,
                    "shared_blocks": True,
                }
                | {
                    "scheme": "pytorch",
                    "weight_law": "uniform",
                    "query_key_variance": 0.5,
                    "value_variance": 0.5,
                }
            ),
        ),
        Preset(
            "rank_collapse",
            "Attention without skips",
            "Attention averages: the more alike tokens are the faster, since a layer cubes their 1 − c in the end (Dong 2021).",
            Config(**(_TRANSFORMER | {"sublayers": "attention", "skip_scale": 0, "expansion": 1, "depth": 5, "width": 256, "trials": 4})),
        ),
        Preset(
            "dropout_critical",
            "Dropout with smaller weights",
            "80 % kept, σ_w² = 2 · 0.8: sizes stay level, and two inputs settle at a correlation of 0.47 (Pretorius et al. 2018).",
            Config(**(_RELU | {"keep": 0.8, "weight_variance": 1.6})),
        ),
    )
}
