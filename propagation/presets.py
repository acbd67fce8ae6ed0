"""Presets: places worth starting from, as data."""

from __future__ import annotations

from dataclasses import dataclass

from propagation.config import Config


@dataclass(frozen=True)
class Preset:
    """A named experiment and one sentence on what to look for."""

    name: str
    label: str
    sentence: str
    config: Config


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
    )
}
