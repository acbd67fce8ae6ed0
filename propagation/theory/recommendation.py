"""Recommendation: one initialization for an activation, and how exactly a network of some depth needs it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from propagation.activations import FLAT
from propagation.config import BOUNDS
from propagation.expressions import TooFast, lookup
from propagation.theory.gains import Gain, gains
from propagation.theory.gaussian import gaussian_mean
from propagation.theory.kernel import kernel
from propagation.theory.maps import chi_1, fixed_point
from propagation.theory.moments import moments
from propagation.theory.one_layer import one_layer
from propagation.theory.phases import critical_pair, critical_weight_variance

#: σ_b² of a network whose own is 0, where its activation needs one: small, and q* stays near 1
SMALL_BIAS = 0.05
#: what else is tried: smaller ones, where φ is steep and saturates
_SMALLER_BIASES = (0.005, 0.0005)
#: the share of neurons on the flat part of φ from which on a network is saturated
MOSTLY_FLAT = 0.5
_TINY = 1e-12
#: by how much gradients may change through the whole network, and the most that σ_w² is moved to find out
_LEVEL, _WIDEST = math.log(10), 1e6
_HALVINGS = 40
#: a signal this many times larger than q* must not explode, since at finite width sizes scatter
_LARGER = 2.0
#: a larger share of z than this from the bias, which all inputs have in common, leaves little of what tells them apart
_MOSTLY_BIAS = 0.5
#: by how much σ_b² is raised at a time from the end of a critical line, and how often at most
_INWARD, _STEPS = 1.01, 100
#: the share of their first distance 1 − c at which inputs count as merged: what is left after six depth scales
MERGED = math.exp(-6)


@dataclass(frozen=True)
class Recommendation:
    """What to draw the weights and the biases of a plain network from.

    `kind` is "critical" where gradients stay level at any depth; "shallow" where no σ_w² does that, so that this is the rule that loses
    least in a layer; "none" where no rule keeps a signal at a size; "one_layer" where φ grows faster than a straight line, so that
    the forward rule holds for a single layer. `q_star` and `chi_1` are where a deep network settles, of "one_layer" NaN and the factor at
    size 1. `input_variance` is that of inputs which have the settled size from the first layer on, where settling takes many layers; else
    None.
    """

    kind: str
    weight_variance: float
    bias_variance: float
    q_star: float
    chi_1: float
    input_variance: float | None = None

    @property
    def settings(self) -> dict[str, float]:
        """Return the fields of an experiment that follow it, with their values."""
        inputs = {} if self.input_variance is None else {"input_variance": self.input_variance}
        return {"weight_variance": self.weight_variance, "bias_variance": self.bias_variance} | inputs

    @property
    def gain(self) -> float:
        """√σ_w²."""
        return math.sqrt(self.weight_variance)

    def std(self, fan_in: int) -> float:
        """Standard deviation of a weight, √(σ_w² / fan_in)."""
        return math.sqrt(self.weight_variance / fan_in)

    @property
    def reach(self) -> float:
        """Layers in which gradients change by a factor of ten; inf at criticality."""
        rate = abs(math.log(self.chi_1))
        return _LEVEL / rate if rate > 1e-6 else math.inf


@lru_cache(maxsize=256)
def recommend(activation: str, bias_variance: float = 0.0) -> Recommendation:
    """Return the recommendation for a known or typed activation, one that grows faster than a straight line too.

    A homogeneous φ takes σ_w² = 1/S without a bias, every other its critical point: at this σ_b² if there is one, else at another.
    ExpressionError where a formula has no value or slope somewhere.
    """
    try:
        phi = lookup(activation)
    except TooFast:
        means = one_layer(activation)
        return Recommendation("one_layer", 1 / means.second, 0.0, math.nan, means.slope / means.second)
    if phi.homogeneous:
        return _settled(phi.name, 1 / moments(phi.name).slope_at_zero, 0.0)
    for bias in _biases(phi.name, bias_variance):
        if not obstacle(phi.name, bias):
            return _settled(phi.name, critical_setting(phi.name, bias), bias)
    return _least_loss(phi.name, bias_variance)


@lru_cache(maxsize=256)
def obstacle(activation: str, bias_variance: float) -> str:
    """Return what keeps a network from its critical point at this σ_b²; empty where nothing does. φ is not homogeneous.

    "none" where it has no such point, "beyond" where σ_w² is out of range, "explodes" or "dies" for what becomes of a signal of size 1
    there, "edge" where one twice as large as q* explodes, "saturates" for what becomes of most neurons, "bias" where most of z is bias.
    """
    critical = critical_weight_variance(activation, bias_variance)
    if not critical > 0:
        return "none"
    if critical > BOUNDS["weight_variance"][1]:
        return "beyond"
    # without a bias slightly below, or a rounded one would not be seen to die
    q_star = fixed_point(activation, critical_setting(activation, bias_variance) if bias_variance else critical * (1 - 1e-9), bias_variance)
    if not 0 < q_star < math.inf:
        return "explodes" if q_star else "dies"
    if not _holds(activation, critical, bias_variance, q_star):
        return "edge"
    if saturates(activation, q_star):
        return "saturates"
    return "bias" if bias_variance > _MOSTLY_BIAS * q_star else ""


def _holds(activation: str, weight_variance: float, bias_variance: float, q_star: float) -> bool:
    """Return whether a signal larger than q*, and that of inputs of variance 1, stays.

    Not so for max(x − 1, 0), of which every critical point is the edge of explosion, and for Mish where its critical line ends.
    """
    if weight_variance * moments(activation).slope_at_infinity < 1:
        return True
    return fixed_point(activation, weight_variance, bias_variance, max(_LARGER * q_star, weight_variance + bias_variance)) < math.inf


def critical_setting(activation: str, bias_variance: float) -> float:
    """Return the critical σ_w² as it is set and shown: seven digits, critical for a million layers; NaN where there is none.

    It is the nearest such number, since close to the half-stable end of a critical line the last digit moves q* visibly; rounded down
    where a signal of size 1 would explode at the nearest. Of a homogeneous φ it is exact, whatever the bias.
    """
    homogeneous = lookup(activation).homogeneous
    critical = critical_weight_variance(activation, 0.0 if homogeneous else bias_variance)
    if homogeneous or not critical > 0:
        return critical
    nearest = float(f"{critical:.7g}")
    if fixed_point(activation, nearest, bias_variance) < math.inf:
        return nearest
    unit = 10.0 ** (math.floor(math.log10(critical)) - 6)
    return float(f"{math.floor(critical / unit * (1 + 1e-12)) * unit:.7g}")


@lru_cache(maxsize=256)
def stable_pair(activation: str) -> tuple[float, float] | None:
    """Return the critical (σ_w², σ_b²) of the smallest σ_b², where there is a smallest, at which a larger signal stays too; else None.

    For most activations it is the end of the critical line, `critical_pair`. In Mish a signal a little larger than q* explodes there.
    """
    pair = critical_pair(activation)
    if pair is None:
        return None
    bias = pair[1]
    for _ in range(_STEPS):
        weight = critical_setting(activation, bias)
        if not weight > 0:  # the line ends here too
            return None
        q_star = fixed_point(activation, weight, bias, pair[1])  # from below
        if q_star < math.inf and _holds(activation, weight, bias, q_star):
            return weight, bias
        bias = float(f"{_INWARD * bias:.3g}")
    return None


def window(activation: str, recommendation: Recommendation, depth: int) -> tuple[float, float]:
    """Return the σ_w² around a critical point between which χ₁ to the power of the depth lies in 1/10 … 10, at the same σ_b²."""
    centre, bias = recommendation.weight_variance, recommendation.bias_variance

    def log_factor(weight_variance: float) -> float:
        factor = float(chi_1(fixed_point(activation, weight_variance, bias), activation, weight_variance))
        return depth * math.log(factor) if factor > 0 else -math.inf

    if lookup(activation).homogeneous:
        return centre * 10 ** (-1 / depth), centre * 10 ** (1 / depth)
    return _edge(log_factor, centre, -1), _edge(log_factor, centre, 1)


@lru_cache(maxsize=256)
def layers_apart(activation: str, recommendation: Recommendation, deepest: int) -> int | None:
    """Return the number of layers after which two orthogonal inputs have merged: 1 − c of their h below MERGED. None beyond `deepest`.

    On a critical line 1 − c falls like a power of depth, so this happens to every activation but a linear one.
    """
    phi, q, bias = lookup(activation), recommendation.q_star, recommendation.bias_variance
    table, signal = kernel(phi.name), (q - bias) / q  # the share of z that comes from h: a bias is the same for both
    eps = np.array([signal])
    for layer in range(1, deepest + 1):
        d, _ = table(np.array([q]), eps)
        eps = recommendation.weight_variance * d / q
        if eps[0] < MERGED * signal:
            return layer
    return None


def _settled(activation: str, weight_variance: float, bias_variance: float) -> Recommendation:
    """Return a critical point; where it lies close to the half-stable end of its line, sizes settle slowly, and inputs should fit."""
    q_star = fixed_point(activation, weight_variance, bias_variance)
    fitting = (q_star - bias_variance) / weight_variance
    inputs = float(f"{fitting:.2g}") if critical_pair(activation) is not None and 0 < fitting < math.inf else None
    return Recommendation("critical", weight_variance, bias_variance, q_star, float(chi_1(q_star, activation, weight_variance)), inputs)


def _biases(activation: str, bias_variance: float) -> Iterator[float]:
    """Yield the bias variances to be tried, the network's own first, then the least where φ needs a larger one, as GELU does."""
    if bias_variance > 0 or lookup(activation).phi_zero:
        yield bias_variance
    pair = stable_pair(activation)
    if pair is not None:
        yield pair[1]
    yield from (SMALL_BIAS, *_SMALLER_BIASES)


def saturates(activation: str, q: float) -> bool:
    """Return whether signals of size q push most neurons to where φ is flat, of those where it is not flat for small signals.

    Half of relu6 is flat for small ones. Where more is, it is φ(x + b) of biases far from 0, and flat all the same.
    """
    phi = lookup(activation)
    if not phi.bounded:
        return False
    sizes = np.array([_TINY, q])
    small, here = gaussian_mean(lambda z: (np.abs(phi.dphi(z)) < FLAT * phi.steepest).astype(float), sizes, phi.kinks)
    small = min(small, 0.5)
    return bool(here - small > MOSTLY_FLAT * (1 - small))


def _least_loss(activation: str, bias_variance: float) -> Recommendation:
    """Return the rule that keeps most of a gradient in each layer, among those that lead to a size that stays.

    Where none does at this σ_b², it is one with a small bias; where none does then, σ_w² = 1 says what becomes of it.
    """
    for bias in (bias_variance, SMALL_BIAS):
        rules = [rule for rule in gains(activation, bias) if rule.name != "forward_variance" and _stays(activation, bias, rule)]
        useful = [rule for rule in rules if not saturates(activation, rule.q_star)]
        if rules:
            best = min(useful or rules, key=lambda rule: abs(math.log(rule.chi_1)))
            return Recommendation("shallow", best.weight_variance, bias, best.q_star, best.chi_1)
    q_star = fixed_point(activation, 1.0, bias_variance)
    return Recommendation("none", 1.0, bias_variance, q_star, float(chi_1(q_star, activation, 1.0)))


def _stays(activation: str, bias_variance: float, rule: Gain) -> bool:
    """Return whether a rule within the range of σ_w² leads to a size and a gradient that can be held."""
    if not (0 < rule.chi_1 < math.inf and 0 < rule.q_star < math.inf and rule.weight_variance <= BOUNDS["weight_variance"][1]):
        return False
    return _holds(activation, rule.weight_variance, bias_variance, rule.q_star)


def _edge(log_factor: Callable[[float], float], centre: float, side: int) -> float:
    """Return where log_factor reaches ± ln 10 on one side of the centre, by halving."""
    near, step = centre, 1.05
    far = centre * step**side
    while side * log_factor(far) < _LEVEL and step < _WIDEST:
        near, step = far, step**2
        far = centre * step**side
    for _ in range(_HALVINGS):
        middle = math.sqrt(near * far)
        near, far = (near, middle) if side * log_factor(middle) >= _LEVEL else (middle, far)
    return far
