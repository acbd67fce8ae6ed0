"""What real libraries draw: the stream of their networks, and its gradient, block by block, is that of the Config that stands for them.

Dropout is off, since they have it in places where a Config has none, and ε of their norms is next to nothing: it is 1 % of the variance
that GPT-2's first norm divides by. Other differences that a Config cannot say are named where they occur.

Not compared: timm's NFNets. Their branches have four convolutions with standardized weights, two of them in groups, and a squeeze-and-
excitation gate, and they divide by the size that the stream is expected to have, where the preset's RMS norm measures it. What the stream
does is Brock et al.'s formula, which the tests of papers repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from propagation.config import Config
from propagation.engine.network import simulate
from tests.export.running import apart

torch = pytest.importorskip("torch")

#: networks drawn by the library; 6 standard errors of so few are as rare as 4 of many
DRAWS, FAR_OF_FEW = 8, 6
BATCH, TOKENS, WIDTH, HEADS = 2, 12, 192, 6
EPSILON = 1e-12
#: that of weights of std 0.02 at a width of 768
STD = 0.04
#: the Config of a transformer of that size; its MLPs are 4 times as wide
BASE = Config(
    architecture="transformer",
    normalization="layer",
    depth=6,
    width=WIDTH,
    heads=HEADS,
    tokens=TOKENS,
    inputs=BATCH,
    expansion=4,
    bias_variance=0.0,
    trials=2,
    activation="relu",
)
#: with batch norm its gradients depend on how many inputs there are
IMAGES = 16
#: the Config of a ResNet's block of two convolutions, with the skip's sum before the last ReLU
RESNET = Config(
    architecture="residual",
    block_order="post_activation",
    normalization="batch",
    scheme="he",
    depth=BASE.depth,
    width=WIDTH,
    inputs=IMAGES,
    bias_variance=0.0,
    trials=2,
    activation="relu",
)
#: its blocks, what it makes of a batch, and the batch
Library = tuple[Iterable[Any], Callable[[Any], Any], Any]


def _ids(model: Any) -> Any:
    """Random tokens, none of them twice."""
    return torch.randperm(model.config.vocab_size)[: BATCH * TOKENS].view(BATCH, TOKENS)


def _hugging_face(model: Any, blocks: Iterable[Any]) -> Library:
    return blocks, lambda ids: model.eval()(ids).last_hidden_state, _ids(model)


def gpt2() -> Library:
    """Inputs are the sum of two embeddings, of tokens and of positions, each drawn as weights are."""
    transformers = pytest.importorskip("transformers")
    sizes = {"n_layer": BASE.depth, "n_embd": WIDTH, "n_head": HEADS, "n_positions": 32, "vocab_size": 200}
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    config = transformers.GPT2Config(**sizes, **ends, initializer_range=STD, layer_norm_epsilon=EPSILON)
    model = transformers.GPT2Model(config)
    return _hugging_face(model, model.h)


def llama() -> Library:
    """A Config has no rotary positions; their rotations leave queries and keys as long as they are."""
    transformers = pytest.importorskip("transformers")
    sizes = {"num_hidden_layers": BASE.depth, "hidden_size": WIDTH, "num_attention_heads": HEADS, "vocab_size": 200}
    hidden = {"intermediate_size": 512}  # two thirds of 4 times the width
    config = transformers.LlamaConfig(**sizes, **hidden, initializer_range=STD, rms_norm_eps=EPSILON)
    model = transformers.LlamaModel(config)
    return _hugging_face(model, model.layers)


def bert() -> Library:
    """Inputs are the normalized sum of three embeddings, one of them the same for all tokens of a sentence."""
    transformers = pytest.importorskip("transformers")
    sizes = {"num_hidden_layers": BASE.depth, "hidden_size": WIDTH, "num_attention_heads": HEADS, "vocab_size": 200}
    config = transformers.BertConfig(**sizes, intermediate_size=4 * WIDTH, initializer_range=STD, layer_norm_eps=EPSILON)
    model = transformers.BertModel(config, add_pooling_layer=False)
    return _hugging_face(model, model.encoder.layer)


def _layer(norm_first: bool) -> Any:
    options = {"dropout": 0.0, "batch_first": True, "layer_norm_eps": EPSILON}
    return torch.nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, norm_first=norm_first, **options)


def pytorch_layers(norm_first: bool = True) -> Library:
    """`nn.TransformerEncoderLayer`s made one by one."""
    model = torch.nn.Sequential(*(_layer(norm_first) for _ in range(BASE.depth)))
    end = torch.nn.LayerNorm(WIDTH, EPSILON) if norm_first else torch.nn.Identity()
    return model, lambda x: end(model(x)), torch.randn(BATCH, TOKENS, WIDTH)


def pytorch_encoder(depth: int = BASE.depth) -> Library:
    """`nn.TransformerEncoder` copies the layer that it is given. It has no last norm unless it is given one, too."""
    model = torch.nn.TransformerEncoder(_layer(True), depth, torch.nn.LayerNorm(WIDTH, EPSILON), enable_nested_tensor=False)
    return model.layers, model, torch.randn(BATCH, TOKENS, WIDTH)


def pytorch_transformer() -> Library:
    """`nn.Transformer` draws all weights of its copies anew, by Xavier's rule, and leaves the biases as they are.

    So these are copies still, and a Config says of biases that all maps have them alike: here there are none.
    """
    options = {"dropout": 0.0, "batch_first": True, "layer_norm_eps": EPSILON, "norm_first": True}
    model = torch.nn.Transformer(WIDTH, HEADS, BASE.depth, 1, 4 * WIDTH, **options).encoder
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.zeros_(parameter)
    return model.layers, model, torch.randn(BATCH, TOKENS, WIDTH)


def vit() -> Library:
    """A ViT's blocks are pre-norm ones of a transformer; their weights have std 0.02 at any width, cut so far out that it shows nowhere."""
    models = pytest.importorskip("timm.models.vision_transformer")
    sizes = {"img_size": 32, "patch_size": 8, "embed_dim": WIDTH, "depth": BASE.depth, "num_heads": HEADS}
    model = models.VisionTransformer(**sizes, norm_layer=partial(torch.nn.LayerNorm, eps=EPSILON))
    return model.blocks, lambda x: model.norm(model.blocks(x)), torch.randn(BATCH, TOKENS, WIDTH)


def resnet(kind: str) -> Library:
    """ResNet blocks whose inputs and outputs have one shape, drawn as `torchvision.models.ResNet` draws them.

    Their convolutions see one pixel and zeros around it, so that the middle tap is a linear map. Batch norm takes away how large it is.
    """
    models = pytest.importorskip("torchvision.models.resnet")
    block = getattr(models, kind)
    model = torch.nn.Sequential(
        *(block(WIDTH, WIDTH // block.expansion, norm_layer=partial(torch.nn.BatchNorm2d, eps=EPSILON)) for _ in range(BASE.depth))
    )
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return model.train(), model, torch.randn(IMAGES, WIDTH, 1, 1)


_STD = {"scheme": "std", "weight_std": STD}
_PYTORCH = {"scheme": "pytorch", "weight_law": "uniform", "query_key_variance": 0.5, "value_variance": 0.5}
LIBRARIES: dict[str, tuple[Callable[[], Library], Config]] = {
    "GPT-2": (gpt2, replace(BASE, **_STD, activation="gelu_tanh", branch_rule="gpt2", causal=True, input_variance=2 * STD**2)),
    "LLaMA": (
        llama,
        replace(BASE, **_STD, activation="silu", gated=True, normalization="rms", causal=True, input_variance=STD**2),
    ),
    "BERT": (bert, replace(BASE, **_STD, activation="gelu", norm_position="post", token_correlation=1 / 3)),
    "nn.TransformerEncoderLayer": (pytorch_layers, replace(BASE, **_PYTORCH)),
    "nn.TransformerEncoderLayer, post-norm": (lambda: pytorch_layers(norm_first=False), replace(BASE, **_PYTORCH, norm_position="post")),
    "nn.TransformerEncoder": (pytorch_encoder, replace(BASE, **_PYTORCH, shared_blocks=True)),
    "nn.Transformer": (pytorch_transformer, replace(BASE, **_PYTORCH | {"scheme": "keras"})),
    "ViT": (vit, replace(BASE, scheme="std", weight_std=0.02, activation="gelu")),
    "ResNet-18 block": (lambda: resnet("BasicBlock"), RESNET),
}


def seen(library: Library) -> np.ndarray:
    """Return log10 of the mean squares of the stream after every block and of its gradient, (2, blocks)."""
    blocks, run, batch = library
    streams: list[Any] = []

    def keep(module: Any, inputs: Any, output: Any) -> None:
        streams.append(output[0] if isinstance(output, tuple) else output)
        streams[-1].retain_grad()

    for block in blocks:
        block.register_forward_hook(keep)
    output = run(batch)
    output.backward(torch.randn_like(output))
    return np.array([[x.square().mean().log10().item() for x in signals] for signals in (streams, [x.grad for x in streams])])


def theirs(build: Callable[[], Library], draws: int = DRAWS) -> np.ndarray:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return np.stack([seen(build()) for _ in range(draws)])


def ours(config: Config) -> np.ndarray:
    """The same from the engine, means over the trials of each seed, which has a batch of its own."""
    traces = [simulate(replace(config, seed=seed)) for seed in range(2 * DRAWS)]
    return np.stack([[one.log10_second_moment.mean(axis=0) for one in (trace.stream, trace.stream_gradient)] for trace in traces])


@pytest.mark.filterwarnings("default")  # of other people's packages
@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_draws_what_its_config_says(name):
    build, config = LIBRARIES[name]
    assert apart(theirs(build), ours(config)) < FAR_OF_FEW


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("GPT-2", {"branch_rule": "custom"}),
        ("LLaMA", {"gated": False}),
        ("BERT", {"norm_position": "pre"}),
        ("nn.TransformerEncoderLayer", {"scheme": "keras"}),
        ("nn.TransformerEncoder", {"shared_blocks": False}),
        ("nn.Transformer", {"value_variance": None}),
        ("ViT", {"weight_std": 0.03}),
        ("ResNet-18 block", {"block_order": "branch"}),
        ("ResNet-18 block", {"normalization": "layer"}),
    ],
)
def test_another_config_is_not_the_librarys(name, change):
    """Negative control."""
    build, config = LIBRARIES[name]
    assert apart(theirs(build), ours(replace(config, **change))) > FAR_OF_FEW


@pytest.mark.filterwarnings("default")
def test_a_bottleneck_adds_to_the_stream_what_a_block_of_two_maps_does_and_more_to_gradients():
    """ResNet-50's block has three maps in its branch, which no Config says. The last norm decides what it adds, as with two.

    On the way back there is one batch norm and one ReLU more, which multiply gradients of the branch.
    """
    bottleneck, two_maps = theirs(lambda: resnet("Bottleneck")), ours(RESNET)
    assert apart(bottleneck[:, :1], two_maps[:, :1]) < FAR_OF_FEW
    assert apart(bottleneck[:, 1:], two_maps[:, 1:]) > FAR_OF_FEW
    assert (bottleneck[:, 1, 0].mean() - two_maps[:, 1, 0].mean()) > 0
