"""What the gain lab says: true in every case, and in words that fit."""

from __future__ import annotations

import math

import pytest

from propagation import ACTIVATIONS
from propagation.expressions import lookup
from propagation.labs.gain_text import answers, deviation, headline, how_exact, how_far, outcome, why
from propagation.theory.gains import Gain, gains
from propagation.theory.recommendation import recommend


def said(activation: str, rule: str, bias_variance: float) -> str:
    gain = next(gain for gain in gains(activation, bias_variance) if gain.name == rule)
    return outcome(gain, lookup(activation).homogeneous, bias_variance)


@pytest.mark.parametrize(
    ("activation", "rule", "bias_variance", "words"),
    [
        *[
            ("relu", rule, 0.05, "χ₁ = 1, the signal grows by σ_b² = 0.05 a layer")
            for rule in ("forward", "backward", "critical", "kumar", "torch")
        ],
        ("relu", "forward_variance", 0.05, "χ₁ = 1.47, the signal explodes"),
        ("max(x,0.2*x)", "torch", 0.3, "χ₁ = 1, the signal grows by σ_b² = 0.3 a layer"),
        ("relu", "forward", 0.0, "χ₁ = 1, q* = 1"),
        ("gelu", "kumar", 0.05, "χ₁ = 2, the signal explodes"),
        ("tanh", "critical", 0.0, "χ₁ = 1, the signal dies slowly"),
        ("tanh", "critical", 0.05, "χ₁ = 1, q* = 0.57"),
        ("gelu", "backward", 0.0, "χ₁ = 0.548, the signal dies"),
    ],
)
def test_where_a_rule_leads(activation, rule, bias_variance, words):
    assert said(activation, rule, bias_variance) == words


def test_a_signal_at_the_slope_that_an_unbounded_activation_has_far_out_does_not_explode():
    elu = Gain("", "", "", "", 2.0, math.inf, 1.0)
    assert outcome(elu, False, 0.1) == "χ₁ = 1, the signal grows slowly, without end"


@pytest.mark.parametrize(
    ("activation", "bias_variance", "sentence"),
    [
        ("relu", 0.05, "Six rules for ReLU give two different answers, σ_w² from 2 to 2.93; five of them say 2."),
        ("linear", 0.05, "Six rules for linear give one answer: σ_w² = 1."),
        ("tanh", 0.0, "Six rules for tanh give four different answers, σ_w² from 1 to 2.78; two of them say 1."),
        ("gelu", 0.0, "Four of six rules have a number for GELU. They give four different answers, σ_w² from 2.19 to 4."),
        ("sigmoid", 0.0, "Six rules for sigmoid give six different answers, σ_w² from 1 to 103."),
    ],
)
def test_answers_are_counted(activation, bias_variance, sentence):
    assert answers(lookup(activation).label, gains(activation, bias_variance)) == sentence


@pytest.mark.parametrize(
    ("activation", "sentence"),
    [
        ("relu", "ReLU: use He's rule, σ_w² = 2, and biases of 0"),
        ("max(x,0)", "ReLU: use He's rule, σ_w² = 2, and biases of 0"),
        ("prelu", r"leaky ReLU \(0\.25\): use He's rule with this slope, σ_w² = 1.88, and biases of 0"),
        ("linear", "linear: use LeCun's rule, σ_w² = 1, and biases of 0"),
        ("abs(x)", r"abs\(x\): use σ_w² = 1, and biases of 0"),
        ("tanh", "tanh: use σ_w² = 1.76 and biases of variance 0.05"),
        ("sigmoid", "sigmoid is not for deep networks. The rule that loses least is σ_w² = 22.3"),
        ("exp(x**2)", r"exp\(x\*\*2\) grows so fast that no σ_w² is right for it, not even in one layer"),
        ("relu(x)**2", r"relu\(x\)\*\*2: for one layer only, σ_w² = 0.667"),
    ],
)
def test_the_recommendation_in_a_sentence(activation, sentence):
    assert headline(activation, recommend(activation, 0.05)) == sentence


@pytest.mark.parametrize(
    ("activation", "own", "part"),
    [
        ("relu", 0.05, "Your σ_b² = 0.05 would make the signal grow by 0.05 in each layer."),
        ("relu", 0.0, "at any depth."),
        ("tanh", 0.0, "Without a bias the signal would fade"),
        ("erf", 0.0, "Without a bias the signal would fade"),
        ("tanh", 0.05, "and of the gradient."),
        ("gelu", 0.05, "At σ_b² = 0.05 there is no stable critical point."),
        ("max(x-1,0)", 0.05, "Only σ_w² = 10⁵ keeps its gradients level, and there a signal of size 1 explodes."),
        ("max(x-1,0)", 1.0, "Only σ_w² = 3.7 keeps its gradients level, and there a signal that is a little too large explodes."),
        ("sin(30*x)", 0.05, "At the critical point of σ_b² = 0.05 most of z is bias, the same for all inputs."),
        ("mish", 0.1, "At the critical point of σ_b² = 0.1 a signal that is a little too large explodes."),
        ("tanh", 7.0, "At the critical point of σ_b² = 7 most neurons stand where it is flat."),
        ("max(x-1e4,0)", 0.05, "They are no advice."),
        ("gelu", 0.05, "Give the inputs variance 1.7: then sizes are settled from the first layer on."),
        ("sigmoid", 0.0, "Only σ_w² = 103 keeps its gradients level, and there most neurons stand where it is flat."),
        ("softplus", 0.0, "No σ_w² keeps its gradients level."),
        ("sigmoid", 0.05, "a factor of ten in 3.07 layers. Your network has 50: take another activation"),
        ("relu(x)**2", 0.0, "has no stable size"),
    ],
)
def test_why(activation, own, part):
    assert part in why(activation, recommend(activation, own), own, 50)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("own", [0.0, 0.05, 0.7])
def test_sentences_are_short_and_whole(activation, own):
    answer = recommend(activation, own)
    for text in (headline(activation, answer), why(activation, answer, own, 3)):
        assert "nan" not in text and "not a number" not in text and "  " not in text
        assert max(len(sentence.split()) for sentence in text.split(". ")) < 28


def test_where_widths_differ_the_text_says_what_stays_and_names_no_layer_alone():
    for activation in ("relu", "tanh"):
        answer = recommend(activation, 0.05)
        assert "The gradient keeps its length." in why(activation, answer, 0.05, 3, level=False)
        assert "length" not in why(activation, answer, 0.05, 3)
    relu = recommend("relu")
    assert deviation(relu, (512, 512)) == "as a standard deviation **0.0625** for a weight with 512 inputs"
    assert deviation(relu, (784, 300, 100)).endswith("√(σ_w²/n) for a layer with n inputs: **0.0505** for 784, **0.141** for 100")


def test_how_exact():
    assert "In 50 layers, gradients stay within a factor of ten for σ_w² from 1.91 to 2.09." in how_exact((1.91, 2.094), 50)
    assert "In one layer," in how_exact((1.0, 20.0), 1)


def test_how_far():
    relu = recommend("relu")
    assert how_far("relu", relu, 50) == "Different inputs stay apart for about 120 layers."
    warning = how_far("max(x,0)", relu, 500)
    assert warning.startswith("**After about 120 layers different inputs look the same, and your network has 500.**")
    for activation in ("tanh", "linear", "sigmoid"):
        assert how_far(activation, recommend(activation), 2000) == ""
