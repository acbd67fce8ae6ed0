"""Smooth: activations without kinks, their slopes and their bends φ″, written so that no digit is lost and nothing overflows."""

from __future__ import annotations

import math

import numpy as np

from propagation.erf import erf

Array = np.ndarray
SQRT_2 = math.sqrt(2.0)


def gaussian_cdf(z: Array) -> Array:
    return 0.5 * (1 + erf(z / SQRT_2))


def gaussian_density(z: Array) -> Array:
    return np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-np.maximum(z, -700)))  # exp(700) is still a number


def sigmoid_slope(z: Array) -> Array:
    small = np.exp(-np.abs(z))  # σ(1 − σ) would lose every digit where σ is close to 1
    return small / (1 + small) ** 2


def tanh_together(z: Array) -> tuple[Array, Array]:
    """One exponential for both, in place: numpy's own tanh takes twice as long as all of this."""
    h = np.abs(z)
    close = h < 0.01
    h *= -2
    slope = np.exp(h, out=h)
    above = slope + 1
    h = 1 - slope
    h /= above
    np.copysign(h, z, out=h)
    if close.any():  # there 1 − exp(−2 |z|) has lost its digits
        h[close] = np.tanh(z[close])
    slope *= 4
    slope /= above
    slope /= above
    return h, slope


def sigmoid_bend(z: Array) -> Array:
    return -sigmoid_slope(z) * np.tanh(z / 2)


def gelu_together(z: Array) -> tuple[Array, Array]:
    cdf = gaussian_cdf(z)
    bounded = np.clip(z, -1e3, 1e3)  # beyond, the density is 0, and z² might overflow
    return z * cdf, cdf + bounded * gaussian_density(bounded)


def gelu_bend(z: Array) -> Array:
    z = np.clip(z, -1e3, 1e3)
    return (2 - z * z) * gaussian_density(z)


def silu_together(z: Array) -> tuple[Array, Array]:
    small = np.exp(-np.maximum(z, -700))
    value = 1 / (1 + small)
    return z * value, value * (1 + z * (small * value))


def sech_squared(z: Array) -> Array:
    small = np.exp(-2 * np.abs(z))  # likewise 1 − tanh²
    return 4 * small / (1 + small) ** 2


def softplus(z: Array) -> Array:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def mish_slope(z: Array) -> Array:
    inner = np.tanh(softplus(z))
    return inner + z * sech_squared(softplus(z)) * sigmoid(z)


def mish_bend(z: Array) -> Array:
    inner, small, slope = np.tanh(softplus(z)), sech_squared(softplus(z)), sigmoid(z)
    return small * (2 * slope + z * (sigmoid_slope(z) - 2 * inner * slope * slope))


_GELU_TANH_A = math.sqrt(2 / math.pi)
_GELU_TANH_B = 0.044715


def gelu_tanh_slope(z: Array) -> Array:
    z = np.clip(z, -1e3, 1e3)  # beyond, the slope is 0 or 1 to the last digit, and z² might overflow
    inner = _GELU_TANH_A * z * (1 + _GELU_TANH_B * z * z)
    slope_of_inner = _GELU_TANH_A * (1 + 3 * _GELU_TANH_B * z * z)
    return 0.5 * (1 + np.tanh(inner)) + 0.5 * z * sech_squared(inner) * slope_of_inner


def gelu_tanh_bend(z: Array) -> Array:
    z = np.clip(z, -1e3, 1e3)
    inner = _GELU_TANH_A * z * (1 + _GELU_TANH_B * z * z)
    slope_of_inner = _GELU_TANH_A * (1 + 3 * _GELU_TANH_B * z * z)
    bend_of_inner = 6 * _GELU_TANH_A * _GELU_TANH_B * z
    return sech_squared(inner) * (slope_of_inner + z / 2 * (bend_of_inner - 2 * np.tanh(inner) * slope_of_inner**2))


def gelu_tanh(z: Array) -> Array:
    bounded = np.clip(z, -1e3, 1e3)
    return 0.5 * z * (1 + np.tanh(_GELU_TANH_A * bounded * (1 + _GELU_TANH_B * bounded * bounded)))
