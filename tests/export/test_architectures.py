"""The scripts of normalized, residual and dropout networks: they run, and measure what the engine measures."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from itertools import product

import pytest
from architectures import CONVOLUTION, NETWORKS, TRANSFORMER, WITHOUT_LINE

from propagation.architecture import blocks, head, stem
from propagation.branches import BRANCH_RULES
from propagation.config import CHOICES, Config
from propagation.export.code import FRAMEWORKS, snippet
from propagation.export.code.block_words import block_words
from propagation.export.code.branches import branch_text, has_blocks
from propagation.export.code.norms import MODULES, norm_definition
from propagation.ops import OPS, Linear, ops_within
from tests.export.running import FAR, apart, assert_no_gap, installed, measured, scripted

BASE = Config(depth=4, width=24, weight_variance=1.6, bias_variance=0.3, inputs=6, trials=4)
RESIDUAL = replace(BASE, architecture="residual")
_PYTORCH = {"scheme": "pytorch", "weight_law": "uniform", "query_key_variance": 0.5, "value_variance": 0.5}
_SHARP = {"query_key_variance": 30.0, "depth": 2}
_ALIKE = {"token_correlation": 0.6, "input_law": "uniform"}
_ORTHOGONAL = {"weight_law": "orthogonal", "normalization": "rms"}
#: beside the networks that all tests know, what else a script has to say in its own way
OTHERS = {
    "batch norm in a funnel": {"normalization": "batch", "width_profile": "funnel", "keep": 0.8, "activation": "relu"},
    "LSUV under dropout": {"scheme": "lsuv", "normalization": "layer", "keep": 0.8, "layer_sizes": "10-24-20-30"},
    "residual, LSUV": {"scheme": "lsuv", "architecture": "residual", "layer_sizes": "10-24-24-24", "bias_mean": 0.2},
    "residual, a loss": {"architecture": "residual", "normalization": "batch", "expansion": 2, "cost": "cross_entropy", "scheme": "he"},
    "residual, orthogonal": {"architecture": "residual", "weight_law": "orthogonal", "branch_rule": "deepnorm", "branch_layers": 1},
    "residual, no branch": {"architecture": "residual", "branch_rule": "zero", "weight_law": "uniform", "block_order": "pre_activation"},
    "Fixup, one map": {"architecture": "residual", "branch_rule": "fixup", "branch_layers": 1, "bias_mean": 0.4},
    "transformer as PyTorch draws it": TRANSFORMER
    | _PYTORCH
    | {"input_mean": 0.5, "bias_mean": 0.6, "norm_position": "post", "activation": "relu"},
    "transformer, orthogonal": TRANSFORMER | _ORTHOGONAL | {"gated": True, "query_key_variance": 0.5, "branch_rule": "t_fixup"},
    "transformer, GPT-2": TRANSFORMER | {"scheme": "std", "weight_std": 0.2, "branch_rule": "gpt2", "causal": True, "activation": "gelu"},
    "transformer, Fixup": TRANSFORMER | {"branch_rule": "fixup", "weight_law": "truncated_gaussian", "value_variance": 0.7},
    "transformer, a pooled loss": TRANSFORMER | _ALIKE | {"cost": "squared_error", "readout": "pooled"},
    "transformer of digits": TRANSFORMER | {"tokens": 1, "inputs": 6, "input_law": "digits", "activation": "silu"},
    "attention without skip": TRANSFORMER | {"sublayers": "attention", "skip_scale": 0.0, "bias_variance": 0.0},
    "attention of sharp heads": TRANSFORMER | _SHARP | {"heads": 24, "sublayers": "attention", "skip_scale": 0.0, "bias_variance": 0.0},
    "attention with half a skip": TRANSFORMER | {"sublayers": "attention", "skip_scale": 0.5, "branch_scale": 0.8},
    "copies, one map": {"architecture": "residual", "shared_blocks": True, "branch_layers": 1, "branch_scale": 0.5},
    "copies, pre-activation": {"architecture": "residual", "shared_blocks": True, "block_order": "pre_activation", "normalization": "rms"},
    "copies, post-activation": {"architecture": "residual", "shared_blocks": True, "block_order": "post_activation", "activation": "relu"},
    "copies, gated, batch norm": {"architecture": "residual", "shared_blocks": True, "gated": True, "normalization": "batch", "keep": 0.8},
    "convolution in a funnel": CONVOLUTION | {"width_profile": "funnel", "weight_law": "uniform", "scheme": "pytorch", "taps": 1},
    "convolution, delta-orthogonal, a loss": CONVOLUTION | {"weight_law": "orthogonal", "cost": "squared_error", "taps": 5, "keep": 0.9},
    "convolution, LSUV": CONVOLUTION | {"scheme": "lsuv", "normalization": "rms", "keep": 0.8, "input_mean": 0.4},
    "convolution, a pooled loss": CONVOLUTION | {"readout": "pooled", "cost": "cross_entropy", "first_weight_variance": 3.0},
    "convolution of digits": CONVOLUTION | {"positions": 1, "input_law": "digits", "scheme": "glorot", "bias_mean": 0.3},
    "copies with a stem": {"architecture": "residual", "shared_blocks": True, "layer_sizes": "10-24-24-24", "cost": "cross_entropy"},
}
EVERY = {name: replace(BASE, **change) for name, change in {**NETWORKS, **WITHOUT_LINE, **OTHERS}.items() if change}
#: those that every framework has a script for, and those that PyTorch alone has one for
ALL = {name: config for name, config in EVERY.items() if not any(framework.why_not(config) for framework in FRAMEWORKS.values())}
BLOCKS = {name: config for name, config in EVERY.items() if has_blocks(config)}
CONVOLUTIONS = {name: config for name, config in EVERY.items() if config.architecture == "convolution"}
#: the other frameworks take a second where NumPy takes a millisecond. Of so few seeds 6 standard errors, which are themselves uncertain,
#: are as rare as 4 of many (Student, 11 degrees of freedom)
SEEDS, FAR_OF_FEW = {"numpy": 16, "pytorch": 8, "keras": 8, "flax": 8}, 6
CASES = [(framework, name) for framework in FRAMEWORKS for name in (list(ALL) if framework in ("numpy", "pytorch") else list(ALL)[::3])]
CASES += [("pytorch", name) for name in [*BLOCKS, *CONVOLUTIONS]]
#: every combination of what changes the shape of a block
SHAPES = [
    shape
    for shape in product(CHOICES["normalization"], CHOICES["norm_position"], CHOICES["block_order"], (1, 2), (1.0, 0.9))
    if shape[2:4] != ("post_activation", 1)
]


@pytest.mark.filterwarnings("default")  # of other people's packages
@pytest.mark.parametrize(("framework", "network"), CASES)
def test_a_script_measures_what_the_engine_measures(framework, network):
    config = EVERY[network]
    installed(framework, config)
    seeds = SEEDS[framework]
    assert apart(scripted(config, framework, seeds), measured(config, 2 * seeds)) < (FAR if framework == "numpy" else FAR_OF_FEW)


@pytest.mark.parametrize(
    ("config", "change"),
    [
        (RESIDUAL, {"branch_scale": 0.8}),
        (RESIDUAL, {"branch_layers": 1}),
        (RESIDUAL, {"block_order": "pre_activation"}),
        (RESIDUAL, {"keep": 0.8}),
        (RESIDUAL, {"normalization": "layer"}),
        (replace(RESIDUAL, normalization="layer"), {"norm_position": "post"}),
        (replace(RESIDUAL, normalization="batch"), {"normalization": "layer"}),
        (replace(RESIDUAL, branch_rule="deepnorm"), {"branch_rule": "sqrt"}),
        (replace(BASE, normalization="layer"), {"norm_position": "post"}),
        (replace(BASE, normalization="batch"), {"normalization": "layer"}),
    ],
)
def test_a_script_of_another_network_is_rejected(config, change):
    """Negative control."""
    one, other = scripted(replace(config, **change), "numpy", 20), measured(config, 20)
    assert one.shape == other.shape and apart(one, other) > FAR


@pytest.mark.parametrize(
    ("network", "change"),
    [
        ("attention without skip", {"causal": True}),
        ("attention without skip", {"token_correlation": 0.7}),
        ("attention of sharp heads", {"heads": 1}),
        ("transformer, gated, pooled", {"readout": "token"}),
        ("transformer, gated, pooled", {"gated": False}),
        ("transformer, no norm", {"query_key_variance": 1.6}),
        ("transformer, copies of one block", {"shared_blocks": False}),
        ("attention without skip", {"skip_scale": 1.0}),
    ],
)
def test_a_script_of_other_blocks_is_rejected(network, change):
    """Negative control."""
    pytest.importorskip("torch")
    config = BLOCKS[network]
    assert apart(scripted(replace(config, **change), "pytorch", 8), measured(config, 16)) > FAR_OF_FEW


@pytest.mark.parametrize(
    ("network", "change"),
    [
        ("convolution", {"positions": 4}),
        ("convolution", {"normalization": "layer"}),
        ("convolution, pooled", {"readout": "token"}),
        ("convolution, batch norm", {"normalization": "layer"}),
    ],
)
def test_a_script_of_another_convolution_is_rejected(network, change):
    """Negative control."""
    pytest.importorskip("torch")
    config = CONVOLUTIONS[network]
    assert apart(scripted(replace(config, **change), "pytorch", 8), measured(config, 16)) > FAR_OF_FEW


@pytest.mark.parametrize(("taps", "law"), [(1, "gaussian"), (3, "uniform"), (5, "gaussian"), (5, "orthogonal")])
def test_the_weight_gradient_of_a_convolution_is_that_of_autograd(taps, law):
    torch = pytest.importorskip("torch")
    names: dict = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(snippet(replace(CONVOLUTIONS["convolution"], inputs=1, taps=taps, weight_law=law), "pytorch"), names)
    model = names["Network"]()
    names["initialize"](model)
    x, ins, zs, _ = model(names["x"])
    wanted = [layer.weight for layer in model.W]
    deltas, gradients = (torch.autograd.grad(x.square().sum(), of, retain_graph=True) for of in (zs, wanted))
    middle = slice(taps // 2, taps // 2 + 1) if law == "orthogonal" else slice(None)
    for weight, gradient, delta, given in zip(wanted, gradients, deltas, ins, strict=True):
        assert weight.shape == (24, 24, taps) and (weight.count_nonzero() == 24 * 24 * (1 if law == "orthogonal" else taps))
        found = names["weight_gradient"](delta.numpy(), given.detach().numpy())
        own = gradient[:, :, middle].movedim(2, 1).flatten(1)[None]
        torch.testing.assert_close(torch.as_tensor(found), own, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("config", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_convolutions_become_a_script_of_pytorch_and_a_sentence_of_others(config):
    text = snippet(config, "pytorch")
    assert_no_gap(text)
    assert "nn.Conv1d(" in text and "nn.Linear(" not in text and "def initialize(model" in text
    for name, framework in FRAMEWORKS.items():
        assert (framework.why_not(config) == f"There is no {framework.label} script for convolutions.") == (name != "pytorch")


def test_where_taps_go_round_the_circle_there_is_a_sentence():
    config = replace(BASE, architecture="convolution", positions=2, taps=7)
    with pytest.raises(ValueError, match="7 taps go round one of 2 more often"):
        snippet(config, "pytorch")


@pytest.mark.parametrize("config", BLOCKS.values(), ids=BLOCKS)
def test_blocks_become_a_script_of_pytorch_and_a_sentence_of_others(config):
    text = snippet(config, "pytorch")
    assert_no_gap(text)
    assert "class Block(nn.Module):" in text and "def initialize(model):" in text
    assert ("ALPHA" in text) == (text.count("ALPHA") > 1), "a constant that is defined is used"
    for name, framework in FRAMEWORKS.items():
        assert framework.why_not(config).startswith(f"There is no {framework.label} script for networks with") == (name != "pytorch")


def test_every_op_and_every_rule_occurs():
    ops = {type(op) for config in EVERY.values() for block in (stem(config), *blocks(config), head(config)) for op in ops_within(block)}
    assert ops == set(OPS)
    for field in ("normalization", "norm_position", "block_order", "architecture"):
        assert {getattr(config, field) for config in EVERY.values()} == set(CHOICES[field])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_block_becomes_a_script_without_gaps(framework):
    rules = list(BRANCH_RULES)
    for place, (normalization, position, order, maps, keep) in enumerate(SHAPES):
        shape = {"normalization": normalization, "norm_position": position, "keep": keep}
        block = {"architecture": "residual", "block_order": order, "branch_layers": maps, "branch_rule": rules[place % len(rules)]}
        for config in (replace(BASE, **shape), replace(BASE, **shape, **block)):
            assert_no_gap(snippet(config, framework))


@pytest.mark.parametrize("architecture", ["residual", "transformer"])
@pytest.mark.parametrize("rule", BRANCH_RULES)
def test_rules_are_written_as_they_are_meant(rule, architecture):
    for depth in (1, 7, 50):
        text, meant = branch_text(Config(architecture=architecture, depth=depth, branch_rule=rule)), BRANCH_RULES[rule]
        branches, names = depth * (2 if architecture == "transformer" else 1), {"DEPTH": depth}
        assert eval(text.skip, names) == pytest.approx(meant.skip_scale(branches), rel=1e-12)
        if meant.branch_scale:
            assert eval(text.alpha, names) == pytest.approx(meant.branch_scale(depth), rel=1e-12)
        else:
            assert text.alpha == ""
        variances = (eval(text.others, names) ** 2, eval(text.last, names) ** 2)
        assert variances == pytest.approx(meant.weights(branches, 2), rel=1e-12)
        assert variances[1] == pytest.approx(meant.weights(branches, 1)[1], rel=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"normalization": "layer"}, "φ(norm(W x)), norm: layer norm"),
        ({"normalization": "rms", "norm_position": "post", "keep": 0.5}, "dropout(norm(φ(W x))), norm: RMS norm, dropout keeps 0.5"),
        ({"architecture": "residual"}, "x + W₂ φ(W₁ x)"),
        (
            {"architecture": "residual", "normalization": "layer", "branch_rule": "sqrt", "expansion": 4},
            "x + α W₂ φ(W₁ norm(x)), α = 1/√L, hidden layers 4 times as wide, norm: layer norm, one more norm after the last",
        ),
        ({"architecture": "residual", "branch_scale": 0.25, "branch_layers": 1}, "x + α φ(W x), α = 0.25"),
        ({"architecture": "residual", "block_order": "post_activation"}, "φ(x + W₂ φ(W₁ x))"),
        (
            {"architecture": "residual", "branch_rule": "deepnorm", "normalization": "layer", "norm_position": "post"},
            "norm(s x + W₂ φ(W₁ x)), DeepNorm: skip × ⁴√K, norm: layer norm",
        ),
    ],
)
def test_a_layer_in_words(change, words):
    config = replace(BASE, **change)
    assert block_words(config) == words
    said = snippet(config, "numpy").split('"""')[1].replace("\n", " ")
    assert f"Each of them: {words}." in said if words else "Each of them" not in said


@pytest.mark.parametrize(("kind", "module"), [("layer", "LayerNorm"), ("rms", "RMSNorm"), ("batch", "BatchNorm1d")])
def test_a_norm_names_the_module_that_does_the_same(kind, module):
    """What PyTorch's module makes of a batch is what the script's `norm` makes of it, but for ε."""
    assert f"nn.{module}(width" in norm_definition(kind, "pytorch")
    torch = pytest.importorskip("torch")
    x = 3 + torch.randn(6, 24, dtype=torch.float64)
    names: dict = {"torch": torch}
    exec(norm_definition(kind, "pytorch"), names)
    own = eval(MODULES["pytorch"][kind].call, {"nn": torch.nn, "width": 24})
    torch.testing.assert_close(names["norm"](x), own(x), rtol=1e-4, atol=1e-4)


def test_the_stem_is_as_wide_as_the_inputs():
    for config in (replace(RESIDUAL, input_law="digits"), replace(RESIDUAL, layer_sizes="10-24-24")):
        assert isinstance(stem(config)[0], Linear)
        for framework in FRAMEWORKS:
            assert f"INPUT_WIDTH = {config.widths[0]}" in snippet(config, framework)
    assert "INPUT_WIDTH" not in snippet(RESIDUAL, "numpy")
