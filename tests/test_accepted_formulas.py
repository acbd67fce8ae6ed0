"""Every formula that is accepted runs at every config, in engine, theory, verdict and command line, without a warning or an exception."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from propagation import Config, diagnose, predict, simulate
from propagation.__main__ import main
from propagation.activations import ACTIVATIONS
from propagation.choices import COSTS, INPUT_LAWS, METHODS, READOUTS, SUBLAYERS
from propagation.expressions import lookup
from propagation.initializers import SCHEMES, WEIGHT_LAWS
from propagation.theory.op import NoLaw

#: formulas at the edge of what is accepted
EDGES = (
    "1000000*x",
    "relu(1000000*x)",
    "sin(1000000*x)",
    "sin(1000000*x)+1000000",
    "relu(500000*x)",
    "sin(30000*x)",
    "tanh(1000000*x)",
    "elu(1000000*x)",
    "leaky_relu(x,1000000)",
    "1/(1+1000000*x**2)",
    "1/(1+x**8)**8",
    "500000*gelu(x)",
    "1e-12*x",
    "1e-12*sin(1000000*x)",
    "x+1000000",
    "x+1e-200",
    "min(x,gelu(1e-200))",
    "sigmoid(x-1000)",
)
NUMBERS = ("0.5", "2", "10", "0.01", "1e-6", "1000", "1000000", "1e-200")


def _larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Formulas made of these."""
    functions = st.sampled_from([*ACTIVATIONS, "exp", "log", "sqrt", "cos", "abs"])
    return st.one_of(
        st.builds("{}({})".format, functions, smaller),
        st.builds("({}{}{})".format, smaller, st.sampled_from("+-*/"), smaller),
        st.builds("({})**{}".format, smaller, st.sampled_from(["2", "0.5", "-1", "8", "-8"])),
        st.builds("{}({},{})".format, st.sampled_from(["max", "min"]), smaller, smaller),
        st.builds("clip({},-1,{})".format, smaller, st.sampled_from(NUMBERS)),
        st.builds("leaky_relu({},{})".format, smaller, st.sampled_from(NUMBERS)),
        st.builds("where({}>{},{},{})".format, smaller, smaller, smaller, smaller),
    )


def _is_accepted(formula: str) -> bool:
    try:
        lookup(formula)
    except ValueError:
        return False
    return True


FORMULAS = st.one_of(
    st.sampled_from(EDGES), st.recursive(st.sampled_from(("x", "x", *NUMBERS)), _larger, max_leaves=4).filter(_is_accepted)
)
#: small shapes; everything else reaches to the ends of what a config may hold
SHAPES = {
    "depth": st.sampled_from([1, 2, 5, 60]),
    "width": st.sampled_from([1, 2, 5, 16, 64]),
    "inputs": st.sampled_from([1, 2, 4, 9]),
    "trials": st.just(2),
}
CHANGES = st.fixed_dictionaries(
    SHAPES,
    optional={
        "scheme": st.sampled_from(list(SCHEMES)),
        "weight_variance": st.sampled_from([0.0, 1e-12, 1.0, 100.0, 1e7]),
        "bias_variance": st.sampled_from([0.0, 1e-12, 1.0, 100.0]),
        "weight_law": st.sampled_from(list(WEIGHT_LAWS)),
        "method": st.sampled_from(list(METHODS)),
        "normalization": st.sampled_from(["layer", "rms", "batch"]),
        "norm_position": st.sampled_from(["pre", "post"]),
        "branch_rule": st.sampled_from(["custom", "sqrt", "zero", "fixup", "deepnorm"]),
        "branch_layers": st.sampled_from([1, 2]),
        "block_order": st.sampled_from(["branch", "pre_activation", "post_activation"]),
        "keep": st.sampled_from([0.01, 0.5]),
        "cost": st.sampled_from(list(COSTS)),
        "input_law": st.sampled_from(list(INPUT_LAWS)),
        "input_variance": st.sampled_from([1e-12, 1e4]),
        "input_mean": st.sampled_from([1.0, -3.0]),
        "bias_mean": st.sampled_from([0.1, 50.0, -50.0]),
    },
)
#: kinds of blocks, where φ stands alone, in a gate, or behind attention
BLOCKS = st.one_of(
    st.just({}),
    st.just({"architecture": "residual"}),
    st.fixed_dictionaries({"architecture": st.just("residual"), "gated": st.just(True), "skip_scale": st.sampled_from([0.0, 1.0])}),
    st.fixed_dictionaries(
        {"architecture": st.just("transformer"), "tokens": st.sampled_from([1, 2, 5]), "gated": st.booleans(), "causal": st.booleans()},
        optional={
            "heads": st.sampled_from([1, 2]),
            "token_correlation": st.sampled_from([0.5, 1.0]),
            "query_key_variance": st.sampled_from([0.0, 1e-6, 100.0, 1e4]),
            "value_variance": st.sampled_from([0.0, 1e4]),
            "sublayers": st.sampled_from(list(SUBLAYERS)),
            "readout": st.sampled_from(list(READOUTS)),
            "shared_blocks": st.just(True),
        },
    ),
    st.fixed_dictionaries(
        {"architecture": st.just("convolution"), "positions": st.sampled_from([2, 8])},
        optional={"taps": st.sampled_from([1, 3, 9]), "readout": st.sampled_from(list(READOUTS))},
    ),
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(FORMULAS, CHANGES, BLOCKS)
@example("1000000*x", {"width": 64}, {})
@example("relu(1000000*x)", {"width": 64}, {})
@example("sin(1000000*x)", {"width": 64}, {})
@example("relu(500000*x)", {"weight_variance": 100.0, "width": 64}, {})
@example("sin(30000*x)", {"width": 64}, {})
@example("1e-12*sin(1000000*x)", {"width": 300, "depth": 5, "inputs": 9, "normalization": "layer", "norm_position": "post"}, {})
@example("1e-6*x", {"depth": 2, "width": 2, "scheme": "small_constant"}, {})
@example("x+1e-200", {"weight_variance": 1.0, "bias_variance": 0.0}, {})
@example("sin(1000000*x)", {"depth": 3, "bias_variance": 0.0}, {"architecture": "residual"})
@example("relu(1000000*x)", {"depth": 2, "width": 512, "inputs": 8}, {"architecture": "residual", "gated": True, "skip_scale": 0.0})
@example("tanh", {"normalization": "batch", "inputs": 4}, {"architecture": "residual", "gated": True})
@example("sin(30000*x)", {"depth": 60, "width": 16, "inputs": 1}, {"architecture": "residual", "gated": True})
@example("sin(1000000*x)", {"depth": 60, "width": 2, "bias_mean": 0.1, "input_mean": 1.0}, {"architecture": "convolution", "positions": 2})
@example("leaky_relu(x,1000000)", {"weight_variance": 0.0, "normalization": "batch"}, {})
def test_it_runs_everywhere(formula, changes, blocks):
    try:
        config = Config(activation=formula, **changes, **blocks)
    except ValueError as refused:  # in a sentence
        assume(str(refused))
        return
    try:
        prediction = predict(config)
    except NoLaw:
        prediction = None
    trace = simulate(config)
    assert diagnose(trace, prediction).headline
    assert trace.z.log10_second_moment.shape == (config.trials, config.depth)


@pytest.mark.parametrize("formula", EDGES)
def test_it_runs_on_the_command_line(formula, capsys):
    shape = ["--depth", "4", "--width", "8", "--inputs", "4", "--trials", "2"]
    assert main(["--activation", formula, "--weight-variance", "100", *shape]) == 0
    assert "forward" in capsys.readouterr().out


@pytest.mark.parametrize(("formula", "plain", "decades"), [("relu(1000000*x)", "relu", 12), ("1000*x", "linear", 6)])
def test_steep_formulas_are_scaled_and_not_cut(formula, plain, decades):
    """A homogeneous network that is steeper by a factor: its square is one of E[z²] for each φ before, of E[δ²] for each φ behind."""
    shape = {"depth": 30, "width": 20, "inputs": 3, "trials": 3, "bias_variance": 0.0, "weight_variance": 1.5}
    steep, level = (simulate(Config(activation=activation, **shape)) for activation in (formula, plain))
    for name, powers in (("z", np.arange(30)), ("delta", 30 - np.arange(30))):
        grown = steep.signal(name).log10_second_moment - level.signal(name).log10_second_moment
        np.testing.assert_allclose(grown, np.broadcast_to(decades * powers, grown.shape), atol=1e-3)


@pytest.mark.parametrize(("weight_variance", "input_variance"), [(1.5, 1.0), (1000.0, 1e-6), (1e7, 1e4)])
def test_steep_gates_are_scaled_and_not_cut(weight_variance, input_variance):
    """Of gates without skips: a stream s times as large makes the next one k s² times as large, and gradients come back k s times so."""
    shape = {"architecture": "residual", "gated": True, "skip_scale": 0.0, "depth": 6, "width": 96, "inputs": 8, "trials": 2}
    numbers = {"scheme": "custom", "weight_variance": weight_variance, "bias_variance": 0.0, "input_variance": input_variance}
    steep, level = (simulate(Config(activation=activation, **shape, **numbers)) for activation in ("relu(1000000*x)", "relu"))
    scales = [0.0]  # log10 s of the input and of every stream
    for _ in range(6):
        scales.append(6 + 2 * scales[-1])
    back = [sum(6 + scale for scale in scales[layer:6]) for layer in range(6)]
    for name, powers in (("stream", scales[1:]), ("delta", back)):
        grown = steep.signal(name).log10_second_moment - level.signal(name).log10_second_moment
        np.testing.assert_allclose(grown, np.broadcast_to(2 * np.array(powers), grown.shape), atol=1e-3)
