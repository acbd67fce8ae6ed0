"""The verdict on a measured network: each thing that can go wrong is told with its place and its numbers, and a sound one is healthy."""

from __future__ import annotations

import ast
import math

import pytest

from propagation.config import Config
from propagation.reports.diagnosis import Finding, diagnose
from propagation.reports.levels import level_line, travel, trunk
from propagation.reports.read import read, report_of
from tests.reports.samples import linear, moments, of_config, other, report, residual, text, transformer


def chain(forward: float, backward: float = 0.0, layers: int = 10, **fields) -> list[dict]:
    """A chain of maps and ReLUs whose signal and gradient change by so many decades a layer."""
    calls = []
    for n in range(layers):
        sizes = {"out": moments(forward * n), "out_gradient": moments(backward * (layers - 1 - n))}
        calls.append(linear(f"fc{n}", 8, 8, **({"weight_variance": 1 / 3} | sizes | fields)))
        calls.append(other(f"act{n}", "ReLU", "activation", activation="relu") | sizes)
    return calls


def first(calls: list[dict], **fields) -> Finding:
    return diagnose(read(text(calls, **fields)))[0]


def headlines(calls: list[dict], **fields) -> str:
    return " ".join(finding.headline for finding in diagnose(read(text(calls, **fields))))


def test_a_healthy_network_is_healthy():
    config = Config(depth=12, width=256, activation="relu", scheme="he", bias_variance=0.0, inputs=8, trials=6)
    (verdict, *others) = diagnose(report_of(of_config(config)))
    assert verdict.healthy and verdict.headline.startswith("Healthy") and not any(finding.bad for finding in others)


def test_pytorchs_default_is_named_with_the_line_that_mends_it():
    config = Config(depth=20, width=256, activation="relu", scheme="pytorch", weight_law="uniform", inputs=8, trials=4)
    verdict = diagnose(report_of(of_config(config)))[0]
    assert verdict.bad and "vanishes" in verdict.headline and "× 0.1" in verdict.headline
    assert "20 Linear layers have σ_w² = 1/3, PyTorch's default." in verdict.reason
    assert "With ReLU, σ_w² = 2 and biases 0 keeps signal and gradient level" in verdict.reason
    assert 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")' in verdict.code
    ast.parse(verdict.code)


def test_the_first_module_that_leaves_the_level_is_named():
    verdict = first(chain(-0.3))
    assert verdict.at == ("out", 9) and verdict.reason.startswith("“act4” (ReLU) is the first to leave the level.")
    assert "× 0.501 a layer" in verdict.headline and "× 0.002 from end to end" in verdict.headline


def test_growth_is_an_explosion_and_other_weights_are_told_by_their_number():
    verdict = first(chain(0.4, weight=moments(math.log10(7.0 / 8))))
    assert "explodes: × 2.51 a layer" in verdict.headline and "σ_w² = 7" in verdict.reason


def test_gradients_are_told_where_the_signal_is_level():
    verdict = first(chain(0.0, 0.5, weight=moments(math.log10(4.0 / 8))))
    assert verdict.headline.startswith("Gradients explode: × 3.16 a layer") and "σ_w² = 4" in verdict.reason and verdict.code
    assert first(chain(0.0, -0.5)).headline.startswith("Gradients vanish: × 0.316 a layer")


def test_a_level_may_wobble_by_less_than_ten():
    assert first(chain(0.09, -0.09)).healthy
    assert not first(chain(0.12)).healthy


def test_the_gradients_level_counts_all_entries_of_an_input():
    """Narrower layers with larger entries keep the length of a gradient; the same entries in wider layers do not."""
    widths = [8, 80, 800]
    calls = [linear(f"fc{n}", 8, width, out_gradient=moments(-math.log10(width)), out_shape=[4, width]) for n, width in enumerate(widths)]
    found = read(text(calls))
    assert travel(found, "out_gradient").level
    assert level_line(found, "out_gradient") == pytest.approx([-math.log10(width) for width in widths])
    assert not travel(read(text([call | {"out_gradient": moments(0)} for call in calls])), "out_gradient").level


def test_a_signal_that_dies_is_told():
    calls = chain(0.0)
    for call in calls[12:]:
        call["out"] = moments(-math.inf)
    verdict = first(calls)
    assert "dies: from “act6” on it is exactly 0" in verdict.headline


def test_a_layer_that_is_called_again_is_one_layer():
    config = Config(depth=20, width=256, activation="relu", scheme="pytorch", weight_law="uniform", inputs=8, trials=4)
    found = of_config(config)
    for n, call in enumerate(found["modules"][2:], 1):
        if call["kind"] == "linear":
            call |= {"name": "0", "call": 1 + (n + 1) // 2}
            del call["weight"]
    assert "1 Linear layer has σ_w² = 1/3, PyTorch's default." in diagnose(report_of(found))[0].reason


def test_what_is_lost_on_the_way_is_no_end():
    calls = chain(-0.5)
    for call in calls[12:]:
        call["out"] = moments(0) | {"log10_second_moment": [None]}
    found = headlines(calls, first_not_finite={"module": "fc6", "what": "nan", "pass": "forward"})
    assert "The signal vanishes" in found and "as far as it is finite" in found


def test_the_first_value_that_is_not_finite_comes_first():
    calls = chain(0.5)
    calls[6]["in"] = moments(8.0)
    verdict = first(calls, first_not_finite={"module": "fc3", "what": "infinite", "pass": "forward"}, dtype="float16")
    assert verdict.headline == "The first infinite value arises in what “fc3” gives out." and verdict.at == ("out", 6)
    assert "10,000" in verdict.reason and "65,504" in verdict.reason
    between = first(calls, first_not_finite={"module": "fc3", "what": "nan", "pass": "forward", "after": "act2"})
    assert "between “act2” and “fc3”, in code that is no module" in between.headline and "0/0" in between.reason
    back = first(calls, first_not_finite={"module": "fc3", "what": "nan", "pass": "backward"})
    assert "no number (nan)" in back.headline and back.at == ("out_gradient", 6)
    assert "batch itself" in first(calls, first_not_finite={"module": "the batch", "what": "nan", "pass": "forward"}).headline


def test_copies_are_told():
    calls = transformer(3, 16, 5)
    for call in calls:
        if call["kind"] == "linear" and call["name"][2] != "0":
            call["same_weights_as"] = "h.0" + call["name"][3:]
    verdict = first(calls)
    assert verdict.headline == "This network starts all 3 blocks identical." and "xavier_uniform_" in verdict.code
    assert first(calls, model="TransformerEncoder").headline.startswith("nn.TransformerEncoder starts all 3")
    for call in calls:
        call["weight"] = moments(-math.inf)
    assert "identical" not in headlines(calls), "weights that are all 0 are no copies"


def test_a_stream_that_grows_without_a_norm_is_told_and_with_one_it_is_good_to_know():
    bare = first(residual(12, growth=0.3, norm=False))
    assert bare.bad and "stream grows" in bare.headline and "'.fc2'" in bare.code
    ast.parse(bare.code)
    normed = diagnose(read(text(residual(12, growth=0.0))))
    assert normed[0].healthy
    calls = residual(12, growth=0.3)
    for call in calls:
        call["out_gradient"] = moments(0)
    good = [finding for finding in diagnose(read(text(calls))) if "stream grows" in finding.headline]
    assert len(good) == 1 and not good[0].bad and "norms" in good[0].reason


def test_a_stream_is_followed_at_its_sums_and_a_chain_at_its_activations():
    found = read(text([other("wte", "E", "embedding"), other("sum", "sum", "sum"), *residual(3)]))
    assert [found.called[place].name for place in trunk(found)] == [f"blocks.{n}.sum" for n in range(3)]
    plain = read(text(chain(0.0)))
    assert {plain.called[place].kind for place in trunk(plain)} == {"activation"}
    bare = read(text([linear(f"{n}", 8, 8) for n in range(4)]))
    assert {bare.called[place].kind for place in trunk(bare)} == {"linear"}


def test_float16_is_told_with_a_loss_scale_that_helps():
    calls = chain(0.0, -0.05)
    for call in calls[:10]:
        call["gradient_below_float16"] = 0.9
    for call in calls:
        call["out_gradient"] = moments(call["out_gradient"]["log10_second_moment"][0] - 15)
    told = next(finding for finding in diagnose(read(text(calls))) if "float16" in finding.headline)
    assert "From “act4” down" in told.headline and told.at == ("out_gradient", 9) and not told.bad
    power = int(told.code.split("**")[1].rstrip(")"))
    smallest = 10 ** ((-0.05 * 9 - 15) / 2)
    assert 39.9 * 2**-24 <= 2**power * smallest <= 2 * 39.9 * 2**-24
    high = chain(0.0)
    high[3]["above_float16"] = 0.01
    assert "What “act1” gives out is above float16's largest number" in headlines(high)


def test_saturated_and_dead_units_are_told():
    tanh = chain(0.0)
    for call in tanh[1::2]:
        call |= {"type": "Tanh", "activation": "tanh", "saturated": 0.8}
    assert "saturate: up to 80 %" in first(tanh).headline
    relu = chain(0.0)
    for call in relu[1::2]:
        call |= {"saturated": 0.5, "dead": 0.0}
    assert first(relu).healthy, "half of all ReLUs are flat on any one input"
    relu[5]["dead"] = 0.9
    assert "90 % of the units of “act2” are dead" in first(relu).headline


def test_zero_gradients_and_frozen_parts_are_good_to_know():
    calls = residual(3, last=0.0)
    for call in calls:
        if call["name"].endswith("fc1"):
            call["weight_gradient"] = moments(-math.inf)
    calls[1]["frozen"] = True
    told = headlines(calls)
    assert "∂C/∂W of “blocks.1.fc1” and of 1 more is exactly 0" in told and "“blocks.0.fc1” is frozen" in told


def test_steps_of_training_are_told():
    history = {"steps": [0, 10], "update_ratio": {"fc0": [0.001, 0.5], "fc1": [0.001, 0.002]}}
    verdict = first(chain(0.0), history=history)
    assert verdict.bad and "At step 10 weights move by 0.002 (“fc1”) to 0.5 (“fc0”)" in verdict.headline


def test_without_a_gradient_nothing_is_claimed_of_it():
    calls = [{name: value for name, value in call.items() if "gradient" not in name} for call in chain(0.0)]
    assert diagnose(report_of(report(calls)))[0].headline == "The signal stays level; no gradient was measured."
