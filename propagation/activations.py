"""Activations: a registry of functions with their derivatives, kinks and asymptotic slopes. Data, not branches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from propagation import smooth
from propagation.erf import erf

Array = np.ndarray
SQRT_PI = math.sqrt(math.pi)

#: step of the difference quotient for φ″, in the size of φ's finest structure: its error is below 1e-11 of φ⁽⁵⁾
_STEP = 2e-3
#: distances from a kink, in units of max(1, |z|), at which the slopes left and right of it are compared
_CLOSE, _CLOSER = 1e-8, 1e-10
#: a difference of slopes, over max(1, |z|), that comes from the place of a kink, which is known to 13 digits
_NO_JUMP = 1e-10


@dataclass(frozen=True)
class Activation:
    """A nonlinearity φ with everything engine, theory and page need to know about it.

    `phi`, `dphi` and `ddphi` map a float64 array to one of the same shape; without `ddphi`, φ″ is a difference quotient of φ′. `kinks` are
    the points where φ′ or φ″ jumps. `slopes_at_zero` and `slopes_at_infinity` are φ′ on the negative and on the positive side: with
    `phi_zero` = φ(0) they say what φ does to signals smaller or larger than floating point can hold. `together` computes (φ, φ′) at once
    where that saves work. `breakpoints` are the |z| where quadrature needs panel edges beside its own, because φ has structure finer than 1
    at zero. `family` is the name of the known activation that a typed one is, or whose slope for z < 0 it changes (leaky_relu).
    `in_single`: `evaluate` maps float32 arrays too, to float32 arrays that are right to a few of their roundings.
    """

    name: str
    label: str
    latex: str
    phi: Callable[[Array], Array]
    dphi: Callable[[Array], Array]
    kinks: tuple[float, ...] = ()
    phi_zero: float = 0.0
    slopes_at_zero: tuple[float, float] = (1.0, 1.0)
    slopes_at_infinity: tuple[float, float] = (0.0, 0.0)
    together: Callable[[Array], tuple[Array, Array]] | None = None
    breakpoints: tuple[float, ...] = ()
    ddphi: Callable[[Array], Array] | None = None
    family: str = ""
    in_single: bool = False

    def evaluate(self, z: Array) -> tuple[Array, Array]:
        """Return (φ(z), φ′(z)), in one go where they share work."""
        return self.together(z) if self.together else (self.phi(z), self.dphi(z))

    def second_derivative(self, z: Array) -> Array:
        """Return φ″(z), z of any shape; NaN where φ has corners, in which φ″ is infinite."""
        if self.corners:
            return np.full(np.shape(z), np.nan)
        return self.ddphi(z) if self.ddphi else self._difference_quotient(np.asarray(z, dtype=float))

    def _difference_quotient(self, z: Array) -> Array:
        """φ″ from values of φ′ around z, all on one side of a kink."""
        step = _STEP * min([1.0, *np.diff((0.0, *self.breakpoints))])
        near, far = (self.dphi(z + k * step) - self.dphi(z - k * step) for k in (1, 2))
        answer = np.asarray((8 * near - far) / (12 * step))
        for kink in self.kinks:
            close = np.abs(z - kink) < 2 * step
            away = np.where(z[close] < kink, -step, step)
            slopes = [self.dphi(z[close] + k * away) for k in range(5)]
            answer[close] = (-25 * slopes[0] + 48 * slopes[1] - 36 * slopes[2] + 16 * slopes[3] - 3 * slopes[4]) / (12 * away)
        return answer

    @cached_property
    def corners(self) -> tuple[float, ...]:
        """The kinks where φ′ itself jumps, and not only φ″."""
        return corners_among(self.kinks, self.dphi)

    @cached_property
    def steepest(self) -> float:
        """Largest |φ′|; that far out, if φ is all but flat around 0, as tanh(x + 10) is."""
        near, far = (float(np.abs(self.dphi(np.linspace(-reach, reach, 16_001))).max()) for reach in (8, 128))
        return near if near >= far / 2 else far

    @cached_property
    def homogeneous(self) -> bool:
        """Whether φ(a z) = a φ(z) for every a > 0: linear and the ReLU family. Four equal slopes do not say so: cos(z) − 1."""
        if self.phi_zero != 0 or self.slopes_at_zero != self.slopes_at_infinity or set(self.corners) - {0.0}:
            return False
        left, right = self.slopes_at_zero
        z = np.linspace(0.01, 30.0, 300)
        return np.allclose(self.phi(z), right * z, 1e-13, 1e-50) and np.allclose(self.phi(-z), -left * z, 1e-13, 1e-50)

    @property
    def bounded(self) -> bool:
        """Whether |φ| stays below a constant, so that a large signal saturates."""
        return self.slopes_at_infinity == (0.0, 0.0)


def corners_among(kinks: tuple[float, ...], dphi: Callable[[Array], Array]) -> tuple[float, ...]:
    """Return the points where φ′ jumps: the difference of the slopes left and right of them does not shrink with the distance."""
    points = np.array(kinks)
    size = np.maximum(1, np.abs(points))
    far, near = (np.abs(dphi(points + d * size) - dphi(points - d * size)) for d in (_CLOSE, _CLOSER))
    return tuple(kink for kink, jumps in zip(kinks, near > np.maximum(far / 10, _NO_JUMP * size), strict=True) if jumps)


#: slope of leaky ReLU for z < 0 where none is given, PyTorch's and JAX's
LEAK = 0.01
#: a slope below this share of the activation's steepest counts as flat
FLAT = 0.05
_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


def _rectifier(name: str, label: str, leak: float, latex: str) -> Activation:
    kinks = () if leak == 1 else (0.0,)
    return Activation(
        name,
        label,
        latex,
        phi=lambda z: np.maximum(z, leak * z),
        dphi=lambda z: np.where(z > 0, *np.array([1, leak], np.float32 if z.dtype == np.float32 else float)),
        kinks=kinks,
        slopes_at_zero=(leak, 1.0),
        slopes_at_infinity=(leak, 1.0),
        ddphi=np.zeros_like,
        in_single=True,
    )


def _exponential_unit(name: str, label: str, scale: float, alpha: float, latex: str) -> Activation:
    return Activation(
        name,
        label,
        latex,
        phi=lambda z: scale * (np.maximum(z, 0) + alpha * np.expm1(np.minimum(z, 0))),
        dphi=lambda z: scale * ((z > 0) + (z <= 0) * alpha * np.exp(np.minimum(z, 0))),
        kinks=(0.0,),
        slopes_at_zero=(scale * alpha, scale),
        slopes_at_infinity=(0.0, scale),
        ddphi=lambda z: scale * (z <= 0) * alpha * np.exp(np.minimum(z, 0)),
    )


_HALF = (0.5, 0.5)
_RAMP = (0.0, 1.0)

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        _rectifier("linear", "linear", 1.0, r"\varphi(z) = z"),
        _rectifier("relu", "ReLU", 0.0, r"\varphi(z) = \max(0, z)"),
        _rectifier("leaky_relu", "leaky ReLU (0.01)", LEAK, r"\varphi(z) = \max(z, 0.01\,z)"),
        _exponential_unit("elu", "ELU", 1.0, 1.0, r"\varphi(z) = z \text{ if } z > 0 \text{ else } e^z - 1"),
        _exponential_unit(
            "selu",
            "SELU",
            _SELU_SCALE,
            _SELU_ALPHA,
            r"\varphi(z) = 1.0507\,(z \text{ if } z > 0 \text{ else } 1.6733\,(e^z - 1))",
        ),
        Activation(
            "gelu",
            "GELU",
            r"\varphi(z) = z\,\Phi(z)",
            phi=lambda z: z * smooth.gaussian_cdf(z),
            dphi=lambda z: smooth.gelu_together(z)[1],
            together=smooth.gelu_together,
            ddphi=smooth.gelu_bend,
            slopes_at_zero=_HALF,
            slopes_at_infinity=_RAMP,
        ),
        Activation(
            "gelu_tanh",
            "GELU (tanh form)",
            r"\varphi(z) = \tfrac{z}{2}\left(1 + \tanh\left(\sqrt{2/\pi}\,(z + 0.044715\,z^3)\right)\right)",
            phi=smooth.gelu_tanh,
            dphi=smooth.gelu_tanh_slope,
            ddphi=smooth.gelu_tanh_bend,
            slopes_at_zero=_HALF,
            slopes_at_infinity=_RAMP,
        ),
        Activation(
            "silu",
            "SiLU (swish)",
            r"\varphi(z) = z / (1 + e^{-z})",
            phi=lambda z: z * smooth.sigmoid(z),
            dphi=lambda z: smooth.silu_together(z)[1],
            together=smooth.silu_together,
            ddphi=lambda z: 2 * smooth.sigmoid_slope(z) + z * smooth.sigmoid_bend(z),
            slopes_at_zero=_HALF,
            slopes_at_infinity=_RAMP,
        ),
        Activation(
            "mish",
            "Mish",
            r"\varphi(z) = z \tanh(\ln(1 + e^z))",
            phi=lambda z: z * np.tanh(smooth.softplus(z)),
            dphi=smooth.mish_slope,
            ddphi=smooth.mish_bend,
            slopes_at_zero=(0.6, 0.6),
            slopes_at_infinity=_RAMP,
        ),
        Activation(
            "softplus",
            "softplus",
            r"\varphi(z) = \ln(1 + e^z)",
            phi=smooth.softplus,
            dphi=smooth.sigmoid,
            ddphi=smooth.sigmoid_slope,
            phi_zero=math.log(2),
            slopes_at_zero=_HALF,
            slopes_at_infinity=_RAMP,
        ),
        Activation(
            "sigmoid",
            "sigmoid",
            r"\varphi(z) = 1 / (1 + e^{-z})",
            phi=smooth.sigmoid,
            dphi=smooth.sigmoid_slope,
            ddphi=smooth.sigmoid_bend,
            phi_zero=0.5,
            slopes_at_zero=(0.25, 0.25),
        ),
        Activation(
            "tanh",
            "tanh",
            r"\varphi(z) = \tanh z",
            phi=np.tanh,
            dphi=smooth.sech_squared,
            together=smooth.tanh_together,
            ddphi=lambda z: -2 * np.tanh(z) * smooth.sech_squared(z),
            in_single=True,
        ),
        Activation(
            "hard_tanh",
            "hard tanh",
            r"\varphi(z) = \min(1, \max(-1, z))",
            phi=lambda z: np.clip(z, -1, 1),
            dphi=lambda z: (np.abs(z) < 1).astype(float),
            kinks=(-1.0, 1.0),
        ),
        Activation(
            "erf",
            "erf",
            r"\varphi(z) = \operatorname{erf} z",
            phi=erf,
            dphi=lambda z: 2 / SQRT_PI * np.exp(-(np.clip(z, -1e3, 1e3) ** 2)),
            ddphi=lambda z: -4 / SQRT_PI * z * np.exp(-(np.clip(z, -1e3, 1e3) ** 2)),
            slopes_at_zero=(2 / SQRT_PI, 2 / SQRT_PI),
        ),
        Activation(
            "softsign",
            "softsign",
            r"\varphi(z) = z / (1 + |z|)",
            phi=lambda z: z / (1 + np.abs(z)),
            dphi=lambda z: 1 / np.square(1 + np.abs(z)),
            kinks=(0.0,),
            ddphi=lambda z: -2 * np.sign(z) / (1 + np.abs(z)) ** 3,
        ),
        Activation(
            "arctan",
            "arctan",
            r"\varphi(z) = \arctan z",
            phi=np.arctan,
            dphi=lambda z: 1 / (1 + z * z),
            ddphi=lambda z: -2 * z / np.square(1 + z * z),
        ),
        Activation("sin", "sin", r"\varphi(z) = \sin z", phi=np.sin, dphi=np.cos, ddphi=lambda z: -np.sin(z)),
        Activation(
            "hard_swish",
            "hard swish",
            r"\varphi(z) = z\,\min(6, \max(0, z + 3)) / 6",
            phi=lambda z: z * np.clip(z + 3, 0, 6) / 6,
            dphi=lambda z: (z >= 3) + (np.abs(z) < 3) * (np.clip(z, -3, 3) / 3 + 0.5),
            kinks=(-3.0, 3.0),
            slopes_at_zero=_HALF,
            slopes_at_infinity=_RAMP,
        ),
    )
}
