"""The probe on models of real libraries, made from their configs without a download, and on networks of Keras and Flax."""

from __future__ import annotations

import math
import os
from collections import Counter

import numpy as np
import pytest

from propagation.probe import ProbeError, Report, probe, probe_flax, probe_keras

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]


def rows(report: Report) -> dict:
    return {(row["name"], row.get("call")): row for row in report.data["modules"]}


def kinds(report: Report) -> Counter:
    return Counter(row["kind"] for row in report.data["modules"])


def middle(row: dict, signal: str) -> float:
    return float(np.median(row[signal]["log10_second_moment"]))


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return torch


def test_a_resnet_of_torchvision(torch):
    models = pytest.importorskip("torchvision.models")
    report = probe(models.resnet18(), torch.randn(2, 3, 64, 64))
    assert kinds(report) == {"convolution": 20, "norm": 20, "activation": 17, "sum": 8, "linear": 1}
    found = rows(report)
    assert found["conv1", 1]["fan_in"] == 147 and found["layer1.0.relu", 2]["call"] == 2
    assert middle(found["layer1.0.relu", 2], "in") == middle(found["layer1.0.sum", 1], "out")
    variance = 64 * 9 * 10 ** found["layer1.0.conv1", 1]["weight"]["log10_variance"][0]
    assert variance == pytest.approx(2, rel=0.05)  # it is drawn by He's rule, of outgoing connections
    assert all("out_gradient" in row for row in report.data["modules"])


def test_a_vision_transformer_of_timm(torch):
    timm = pytest.importorskip("timm")
    report = probe(timm.create_model("vit_tiny_patch16_224", img_size=32, depth=3), torch.randn(2, 3, 32, 32))
    assert kinds(report) == {"convolution": 1, "norm": 7, "linear": 13, "attention": 3, "activation": 3, "sum": 6}
    assert rows(report)["blocks.1.attn.scaled_dot_product_attention", 1]["heads"] == 3
    assert rows(report)["blocks.2.mlp.act", 1]["activation"] == "gelu"


def test_gpt2_of_transformers(torch):
    transformers = pytest.importorskip("transformers")
    sizes = {"n_layer": 2, "n_embd": 32, "n_head": 4, "vocab_size": 50, "bos_token_id": 0, "eos_token_id": 0}
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes)).eval()
    report = probe(model, {"input_ids": torch.randint(50, (2, 8))})
    found = rows(report)
    assert found["transformer.h.0.attn.c_attn", 1]["fan_in"] == 32 and found["transformer.h.0.attn.c_attn", 1]["fan_out"] == 96
    assert found["transformer.h.1.mlp.act", 1]["activation"] == "gelu_tanh"
    assert found["lm_head", 1]["tied_to"] == "transformer.wte"
    assert kinds(report)["sum"] == 5  # tokens and positions, and two a block
    stds = {name: 10 ** (found[name, 1]["weight"]["log10_variance"][0] / 2) for name in ("transformer.wte", "transformer.h.0.mlp.c_proj")}
    assert stds == pytest.approx({"transformer.wte": 0.02, "transformer.h.0.mlp.c_proj": 0.02 / math.sqrt(4)}, rel=0.05)


def test_a_llama_of_transformers_and_its_own_loss(torch):
    transformers = pytest.importorskip("transformers")
    sizes = {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 48, "vocab_size": 50}
    model, ids = transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes)), torch.randint(50, (2, 8))
    report = probe(model, {"input_ids": ids, "labels": ids}, loss=lambda output: output.loss)
    assert kinds(report) == {"embedding": 1, "norm": 5, "linear": 15, "attention": 2, "activation": 2, "sum": 4}
    weight = model.model.layers[1].mlp.down_proj.weight
    model(input_ids=ids, labels=ids).loss.backward()
    size = middle(rows(report)["model.layers.1.mlp.down_proj", 1], "weight_gradient")
    assert size == pytest.approx(math.log10(weight.grad.double().square().mean()), abs=1e-3)


def test_a_network_of_flax():
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    jax, linen = pytest.importorskip("jax"), pytest.importorskip("flax.linen")

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.relu(linen.LayerNorm()(linen.Conv(4, (3, 3))(x)))
            return linen.Dense(5)(linen.Embed(7, 4)(x.reshape(len(x), -1).argmax(axis=1) % 7) + x.mean(axis=(1, 2)))

    x = jax.random.normal(jax.random.key(0), (6, 5, 5, 2))
    variables = Net().init(jax.random.key(1), x)
    report = probe_flax(Net(), variables, x, loss=lambda y: (y**2).sum())
    assert [row["kind"] for row in report.data["modules"]] == ["convolution", "norm", "embedding", "linear"]
    y = Net().apply(variables, x)
    found = rows(report)
    assert middle(found["Dense_0", 1], "out") == pytest.approx(math.log10((y**2).mean()), abs=1e-4)
    assert middle(found["Dense_0", 1], "out_gradient") == pytest.approx(math.log10(4 * (y**2).mean()), abs=1e-4)
    gradient = jax.grad(lambda p: (Net().apply({"params": p}, x) ** 2).sum())(variables["params"])["Conv_0"]["kernel"]
    assert middle(found["Conv_0", 1], "weight_gradient") == pytest.approx(math.log10((gradient**2).mean()), abs=1e-3)
    assert (found["Conv_0", 1]["fan_in"], found["Dense_0", 1]["fan_in"]) == (18, 4)
    assert "not seen" in str(report)
    with pytest.raises(ProbeError, match="no parameters"):
        probe_flax(Net(), {}, x)
    with pytest.raises(ProbeError, match="not one number"):
        probe_flax(Net(), variables, x, loss=lambda y: y.sum(axis=1))


def test_a_network_of_keras():
    """With the backend that KERAS_BACKEND names, JAX unless it is set: gradients need that or torch."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras")
    layers = keras.layers
    model = keras.Sequential([keras.Input((6,)), layers.Dense(16, "relu"), layers.BatchNormalization(), layers.Dense(3)])
    x = np.random.default_rng(0).normal(size=(8, 6)).astype("float32")
    before = [np.array(keras.ops.convert_to_numpy(weight)) for weight in model.weights]
    functions = [model.layers[0].activation, model.layers[0].call]
    report = probe_keras(model, x, training=True)
    assert [row["kind"] for row in report.data["modules"]] == ["linear", "activation", "norm", "linear"]
    kernel, bias = before[:2]
    z = x @ kernel + bias
    first, relu, _, last = report.data["modules"]
    assert middle(first, "out") == pytest.approx(math.log10((z**2).mean()), abs=1e-4)
    assert middle(relu, "out") == pytest.approx(math.log10((np.maximum(z, 0) ** 2).mean()), abs=1e-4)
    assert relu["zero"] == pytest.approx((z <= 0).mean()) and "out_gradient" in first and "weight_gradient" in first
    assert middle(last, "out_gradient") == pytest.approx(0, abs=0.5)  # a random one of variance 1
    assert all(np.array_equal(keras.ops.convert_to_numpy(weight), kept) for weight, kept in zip(model.weights, before, strict=True))
    assert [model.layers[0].activation, model.layers[0].call] == functions
