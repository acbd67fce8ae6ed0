"""Gain text: what the gain lab says of a recommendation and of its rules, in sentences."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from propagation.expressions import lookup
from propagation.formatting import factor, number, plain
from propagation.theory.gains import Gain, distinct
from propagation.theory.maps import CRITICAL
from propagation.theory.phases import critical_weight_variance
from propagation.theory.recommendation import Recommendation, layers_apart, obstacle

_COUNTS = ("no", "one", "two", "three", "four", "five", "six")
#: rules that have a name of their own, by activation or family
_NAMED = {"relu": "He's rule", "leaky_relu": "He's rule with this slope", "linear": "LeCun's rule"}
#: what happens at a critical point that is not recommended
_THERE = {
    "beyond": "σ_w² is larger than 10⁷",
    "explodes": "a signal of size 1 explodes",
    "edge": "a signal that is a little too large explodes",
    "dies": "the signal dies",
    "saturates": "most neurons stand where it is flat",
    "bias": "most of z is bias, the same for all inputs",
}
#: what "the size of the gradient" means where a layer has more neurons than the next
_SHARES = "The gradient keeps its length. Where the width changes, each neuron's share of it changes too."
#: layers that are looked at, however shallow the network, to see where inputs merge
_NEAR = 200
#: χ₁ closer to 1 than this is called slow
_SLOW = 1e-3


def headline(activation: str, answer: Recommendation) -> str:
    """Return the recommendation in one sentence, in Markdown."""
    if answer.kind == "one_layer" and not answer.weight_variance:
        return f"{plain(activation)} grows so fast that no σ_w² is right for it, not even in one layer"
    if answer.kind == "one_layer":
        return f"{plain(activation)}: for one layer only, σ_w² = {number(answer.weight_variance)}"
    phi = lookup(activation)
    label = plain(phi.label)
    if answer.kind == "none":
        return f"{label} is not for deep networks: no rule keeps its signal at a size"
    if answer.kind == "shallow":
        return f"{label} is not for deep networks. The rule that loses least is σ_w² = {number(answer.weight_variance)}"
    if phi.homogeneous:
        name = _NAMED.get(phi.family or phi.name)
        rule = f"{name}, " if name else ""
        return f"{label}: use {rule}σ_w² = {number(answer.weight_variance)}, and biases of 0"
    return f"{label}: use σ_w² = {number(answer.weight_variance)} and biases of variance {number(answer.bias_variance)}"


def why(activation: str, answer: Recommendation, bias_variance: float, depth: int, level: bool = True) -> str:
    """Return why this is recommended to a network that has this σ_b² and depth now, in Markdown; `level`: its layers have one width."""
    if answer.kind == "one_layer" and not answer.weight_variance:
        return "Its mean square has no finite value, so a network of it has no stable size. Take another activation."
    if answer.kind == "one_layer":
        return (
            "It grows faster than a straight line, so a deep plain network of it has no stable size: a signal that is a little too large "
            "grows faster and faster, until no number can hold it. Use it in one layer, or behind a normalization layer, which keeps sizes."
        )
    if answer.kind == "none":
        critical = _level(activation, bias_variance)
        return f"{critical} Take another activation, such as tanh or ReLU. The numbers below are those of σ_w² = 1. They are no advice."
    if answer.kind == "shallow":
        return _shallow(activation, answer, bias_variance, depth)
    shares = "" if level else f" {_SHARES}"
    if lookup(activation).homogeneous:
        grows = f" Your σ_b² = {number(bias_variance)} would make the signal grow by {number(bias_variance)} in each layer."
        own = grows if bias_variance else ""
        return f"Each layer then keeps, on average, the size of the signal and of the gradient, at any depth.{shares}{own}"
    settled = f"each layer keeps the size of the signal (q* = {number(answer.q_star)}) and of the gradient"
    inputs = answer.input_variance
    scaled = f" Give the inputs variance {number(inputs)}: then sizes are settled from the first layer on." if inputs is not None else ""
    this_bias = _why_this_bias(activation, answer, bias_variance)
    return f"This is the critical point. Once sizes have settled, {settled}.{shares}{this_bias}{scaled}"


def _shallow(activation: str, answer: Recommendation, bias_variance: float, depth: int) -> str:
    here = "Here" if answer.bias_variance == bias_variance else f"Here, with biases of variance {number(answer.bias_variance)},"
    loss = f"{here} each layer multiplies their variance by {number(answer.chi_1)}: a factor of ten in {number(answer.reach)} layers."
    other = f" Your network has {depth:,}: take another activation, such as tanh or ReLU." if depth > answer.reach else ""
    return f"{_level(activation, bias_variance)} {loss}{other}"


def _level(activation: str, bias_variance: float) -> str:
    """Return which σ_w² keeps the gradients level, and what is wrong with it."""
    name = lookup(activation).name
    there = _THERE.get(obstacle(name, bias_variance))
    if not there:
        return "No σ_w² keeps its gradients level."
    return f"Only σ_w² = {number(critical_weight_variance(name, bias_variance))} keeps its gradients level, and there {there}."


def _why_this_bias(activation: str, answer: Recommendation, bias_variance: float) -> str:
    """Return why the bias is not the network's own, where it is not."""
    if answer.bias_variance == bias_variance:
        return ""
    what = obstacle(lookup(activation).name, bias_variance)
    if what == "none":
        return f" At σ_b² = {number(bias_variance)} there is no stable critical point."
    if bias_variance == 0 and what == "dies":
        return " Without a bias the signal would fade, layer by layer."
    return f" At the critical point of σ_b² = {number(bias_variance)} {_THERE[what]}." if what else ""


def deviation(answer: Recommendation, fan_ins: Collection[int]) -> str:
    """Return the standard deviation of a weight in layers with these numbers of inputs, in Markdown."""
    least, most = min(fan_ins), max(fan_ins)
    if least == most:
        return f"as a standard deviation **{number(answer.std(most))}** for a weight with {most:,} inputs"
    ends = f"**{number(answer.std(most))}** for {most:,}, **{number(answer.std(least))}** for {least:,}"
    return f"as a standard deviation √(σ_w²/n) for a layer with n inputs: {ends}"


def how_exact(window: tuple[float, float], depth: int) -> str:
    """Return how exactly a network of this depth needs its σ_w²."""
    layers = f"{depth:,} layers" if depth > 1 else "one layer"
    low, high = map(number, window)
    exact = "The deeper the network, the more exact σ_w² must be."
    return f"In {layers}, gradients stay within a factor of ten for σ_w² from {low} to {high}. {exact}"


def how_far(activation: str, answer: Recommendation, depth: int) -> str:
    """Return for how many layers different inputs stay apart, with a warning if this network has more; empty if for far more."""
    layers = layers_apart(lookup(activation).name, answer, max(_NEAR, depth)) if answer.kind == "critical" else None
    if layers is None:
        return ""
    about = f"about {number(float(f'{layers:.2g}'))} layers"
    if depth <= layers:
        return f"Different inputs stay apart for {about}."
    return f"**After {about} different inputs look the same, and your network has {depth:,}.** Use fewer layers, or skip connections."


def outcome(rule: Gain, homogeneous: bool, bias_variance: float) -> str:
    """Return where a deep network with this rule's σ_w² ends up, in a few words."""
    if math.isnan(rule.q_star):
        return f"one layer: gradient {factor(rule.chi_1)}, no stable size"
    if math.isinf(rule.q_star):
        if abs(rule.chi_1 - 1) < CRITICAL:
            size = f"the signal grows by σ_b² = {number(bias_variance)} a layer" if homogeneous else "the signal grows slowly, without end"
        else:
            size = "the signal explodes"
    elif rule.q_star == 0:
        size = "the signal dies slowly" if abs(rule.chi_1 - 1) < _SLOW else "the signal dies"
    else:
        size = f"q* = {number(rule.q_star)}"
    return f"χ₁ = {number(rule.chi_1)}, {size}"


def answers(label: str, rules: Sequence[Gain]) -> str:
    """Return how many of the rules have an answer, how many different ones there are, and which."""
    groups = distinct(rules)
    given = sum(count for _, count in groups)
    if not groups:
        return f"No rule has a number for {plain(label)}."
    if given == len(rules):
        subject = f"{_COUNTS[given].capitalize()} rules for {plain(label)} give"
    else:
        subject = f"{_COUNTS[given].capitalize()} of {_COUNTS[len(rules)]} rules have a number for {plain(label)}. They give"
    if len(groups) == 1:
        return f"{subject} one answer: σ_w² = {number(groups[0][0])}."
    value, most = max(groups, key=lambda group: group[1])
    agreed = f"; {_COUNTS[most]} of them say {number(value)}" if most > 1 else ""
    return f"{subject} {_COUNTS[len(groups)]} different answers, σ_w² from {number(groups[0][0])} to {number(groups[-1][0])}{agreed}."
