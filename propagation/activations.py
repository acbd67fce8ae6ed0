"""Activations: a registry of functions with their derivatives, kinks and asymptotic slopes. Data, not branches."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from propagation.erf import erf

Array = np.ndarray
SQRT_2 = math.sqrt(2.0)
SQRT_PI = math.sqrt(math.pi)


def _gaussian_cdf(z: Array) -> Array:
    return 0.5 * (1 + erf(z / SQRT_2))


def _gaussian_density(z: Array) -> Array:
    return np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-np.maximum(z, -700)))  # exp(700) is still a number


def _sigmoid_slope(z: Array) -> Array:
    small = np.exp(-np.abs(z))  # σ(1 − σ) would lose every digit where σ is close to 1
    return small / (1 + small) ** 2


def _tanh_together(z: Array) -> tuple[Array, Array]:
    h = np.tanh(z)
    slope = np.square(h)
    np.subtract(1, slope, out=slope)
    if slope.min() < 1e-6:  # there the difference has lost its digits
        tail = slope < 1e-6
        slope[tail] = _sech_squared(z[tail])
    return h, slope


def _gelu_together(z: Array) -> tuple[Array, Array]:
    cdf = _gaussian_cdf(z)
    bounded = np.clip(z, -1e3, 1e3)  # beyond, the density is 0, and z² might overflow
    return z * cdf, cdf + bounded * _gaussian_density(bounded)


def _silu_together(z: Array) -> tuple[Array, Array]:
    small = np.exp(-np.maximum(z, -700))
    value = 1 / (1 + small)
    return z * value, value * (1 + z * (small * value))


def _sech_squared(z: Array) -> Array:
    small = np.exp(-2 * np.abs(z))  # likewise 1 − tanh²
    return 4 * small / (1 + small) ** 2


def _softplus(z: Array) -> Array:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def _mish_slope(z: Array) -> Array:
    inner = np.tanh(_softplus(z))
    return inner + z * _sech_squared(_softplus(z)) * _sigmoid(z)


_GELU_TANH_A = math.sqrt(2 / math.pi)
_GELU_TANH_B = 0.044715


def _gelu_tanh_slope(z: Array) -> Array:
    z = np.clip(z, -1e3, 1e3)  # beyond, the slope is 0 or 1 to the last digit, and z² might overflow
    inner = _GELU_TANH_A * z * (1 + _GELU_TANH_B * z * z)
    slope_of_inner = _GELU_TANH_A * (1 + 3 * _GELU_TANH_B * z * z)
    return 0.5 * (1 + np.tanh(inner)) + 0.5 * z * _sech_squared(inner) * slope_of_inner


def _gelu_tanh(z: Array) -> Array:
    bounded = np.clip(z, -1e3, 1e3)
    return 0.5 * z * (1 + np.tanh(_GELU_TANH_A * bounded * (1 + _GELU_TANH_B * bounded * bounded)))


#: step of the difference quotient for φ″: its error is below 1e-11 of φ⁽⁵⁾
_STEP = 2e-3


@dataclass(frozen=True)
class Activation:
    """A nonlinearity φ with everything engine, theory and page need to know about it.

    `phi` and `dphi` map a float64 array to one of the same shape. `kinks` are the points where φ′ jumps. `slopes_at_zero` and
    `slopes_at_infinity` are φ′ on the negative and on the positive side: with `phi_zero` = φ(0) they say what φ does to signals
    smaller or larger than floating point can hold. `together` computes (φ, φ′) at once where that saves work. `breakpoints` are the |z|
    where quadrature needs panel edges beside its own, because φ has structure finer than 1 at zero.
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

    def evaluate(self, z: Array) -> tuple[Array, Array]:
        """Return (φ(z), φ′(z)), in one go where they share work."""
        return self.together(z) if self.together else (self.phi(z), self.dphi(z))

    def second_derivative(self, z: Array) -> Array:
        """Return φ″(z), z of any shape, from four values of φ′ around z; NaN where φ has kinks, in which φ″ is infinite."""
        if self.kinks:
            return np.full(np.shape(z), np.nan)
        near, far = (self.dphi(z + k * _STEP) - self.dphi(z - k * _STEP) for k in (1, 2))
        return (8 * near - far) / (12 * _STEP)

    @cached_property
    def steepest(self) -> float:
        """Largest |φ′|."""
        return float(np.abs(self.dphi(np.linspace(-8, 8, 16_001))).max())

    @cached_property
    def homogeneous(self) -> bool:
        """Whether φ(a z) = a φ(z) for every a > 0: linear and the ReLU family. Four equal slopes do not say so: cos(z) − 1."""
        if self.phi_zero != 0 or self.slopes_at_zero != self.slopes_at_infinity:
            return False
        left, right = self.slopes_at_zero
        z = np.linspace(0.01, 30.0, 300)
        return np.allclose(self.phi(z), right * z, 1e-13, 0) and np.allclose(self.phi(-z), -left * z, 1e-13, 0)

    @property
    def bounded(self) -> bool:
        """Whether |φ| stays below a constant, so that a large signal saturates."""
        return self.slopes_at_infinity == (0.0, 0.0)


_LEAK = 0.01
_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


def _rectifier(name: str, label: str, leak: float, latex: str) -> Activation:
    kinks = () if leak == 1 else (0.0,)
    return Activation(
        name,
        label,
        latex,
        phi=lambda z: np.maximum(z, leak * z),
        dphi=lambda z: leak + (1 - leak) * (z > 0),
        kinks=kinks,
        slopes_at_zero=(leak, 1.0),
        slopes_at_infinity=(leak, 1.0),
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
    )


_HALF = (0.5, 0.5)
_RAMP = (0.0, 1.0)

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        _rectifier("linear", "linear", 1.0, r"\varphi(z) = z"),
        _rectifier("relu", "ReLU", 0.0, r"\varphi(z) = \max(0, z)"),
        _rectifier("leaky_relu", "leaky ReLU (0.01)", _LEAK, r"\varphi(z) = \max(z, 0.01\,z)"),
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
            phi=lambda z: z * _gaussian_cdf(z),
            dphi=lambda z: _gelu_together(z)[1],
            together=_gelu_together,
            slopes_at_zero=_HALF,
            slopes_at_infinity=_RAMP,
        ),
        Activation(
            "gelu_tanh",
            "GELU (tanh form)",
            r"\varphi(z) = \tfrac{z}{2}\left(1 + \tanh\left(\sqrt{2/\pi}\,(z + 0.044715\,z^3)\right)\right)",
            phi=_gelu_tanh,
            dphi=_gelu_tanh_slope,
            slopes_at_zero=_HALF,
            slopes_at_infinity=_RAMP,
        ),
        Activation(
            "silu",
            "SiLU (swish)",
            r"\varphi(z) = z / (1 + e^{-z})",
            phi=lambda z: z * _sigmoid(z),
            dphi=lambda z: _silu_together(z)[1],
            together=_silu_together,
            slopes_at_zero=_HALF,
            slopes_at_infinity=_RAMP,
        ),
        Activation(
            "mish",
            "Mish",
            r"\varphi(z) = z \tanh(\ln(1 + e^z))",
            phi=lambda z: z * np.tanh(_softplus(z)),
            dphi=_mish_slope,
            slopes_at_zero=(0.6, 0.6),
            slopes_at_infinity=_RAMP,
        ),
        Activation(
            "softplus",
            "softplus",
            r"\varphi(z) = \ln(1 + e^z)",
            phi=_softplus,
            dphi=_sigmoid,
            phi_zero=math.log(2),
            slopes_at_zero=_HALF,
            slopes_at_infinity=_RAMP,
        ),
        Activation(
            "sigmoid",
            "sigmoid",
            r"\varphi(z) = 1 / (1 + e^{-z})",
            phi=_sigmoid,
            dphi=_sigmoid_slope,
            phi_zero=0.5,
            slopes_at_zero=(0.25, 0.25),
        ),
        Activation("tanh", "tanh", r"\varphi(z) = \tanh z", phi=np.tanh, dphi=_sech_squared, together=_tanh_together),
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
            slopes_at_zero=(2 / SQRT_PI, 2 / SQRT_PI),
        ),
        Activation(
            "softsign",
            "softsign",
            r"\varphi(z) = z / (1 + |z|)",
            phi=lambda z: z / (1 + np.abs(z)),
            dphi=lambda z: 1 / np.square(1 + np.abs(z)),
        ),
        Activation(
            "arctan",
            "arctan",
            r"\varphi(z) = \arctan z",
            phi=np.arctan,
            dphi=lambda z: 1 / (1 + z * z),
        ),
        Activation("sin", "sin", r"\varphi(z) = \sin z", phi=np.sin, dphi=np.cos),
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
