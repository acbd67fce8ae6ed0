"""The number formats: their ends, and what rounding to them costs, against values found elsewhere and by rounding."""

from __future__ import annotations

import math

import numpy as np
import pytest

from propagation.formats import FLOAT_FORMATS, FloatFormat, lost_share

#: (largest, what rounds to inf or nan from on, smallest normal, smallest, epsilon), from torch.finfo and casts in PyTorch 2.13
KNOWN = {
    "float16": (65504.0, 65520.0, 2.0**-14, 5.960464477539063e-08, 2.0**-10),
    "bfloat16": (3.3895313892515355e38, 3.3961775292304601e38, 2.0**-126, 9.183549615799121e-41, 2.0**-7),
    "float8_e4m3": (448.0, 464.0, 0.015625, 0.001953125, 2.0**-3),
    "float8_e5m2": (57344.0, 61440.0, 6.103515625e-05, 2.0**-16, 2.0**-2),
}


def rounded(x: np.ndarray, of: FloatFormat) -> np.ndarray:
    """x in the format, to the nearest number, of two as near to the even one; nothing here is large enough to overflow."""
    exponent = np.floor(np.log2(np.maximum(np.abs(x), of.smallest_normal)))
    step = of.epsilon * 2.0**exponent
    return np.rint(x / step) * step


@pytest.mark.parametrize("name", KNOWN)
def test_the_ends_of_the_formats(name):
    of = FLOAT_FORMATS[name]
    assert (of.largest, of.overflow, of.smallest_normal, of.smallest, of.epsilon) == KNOWN[name]


@pytest.mark.parametrize("name", ["float16", "float32"])
def test_numpy_has_the_same_formats(name):
    of, info = FLOAT_FORMATS[name], np.finfo(name)
    assert (of.largest, of.smallest_normal, of.smallest, of.epsilon) == tuple(
        float(value) for value in (info.max, info.smallest_normal, info.smallest_subnormal, info.eps)
    )
    x = np.random.default_rng(0).standard_normal(10_000) * 10.0 ** np.random.default_rng(1).uniform(-8, 4, 10_000)
    np.testing.assert_array_equal(rounded(x, of), x.astype(name).astype(float))


def test_bfloat16_is_the_upper_half_of_float32():
    of = FLOAT_FORMATS["bfloat16"]
    assert np.array([0x7F7F0000, 0x00010000], dtype=np.uint32).view(np.float32).tolist() == [of.largest, of.smallest]


@pytest.mark.parametrize(
    ("name", "deviation", "noise"),
    [
        ("float16", 1.0, 4.314255089474092e-08),
        ("bfloat16", 1.0, 2.761e-6),
        ("float8_e4m3", 4.0, 7.05e-4),
        ("float8_e5m2", 4.0, 0.0027905957135366307),
    ],
)
def test_the_noise_of_rounding(name, deviation, noise):
    """E[(round(x) − x)²]/E[x²] of x ~ N(0, s²), by quadrature within the cells elsewhere, here by a fine sum over quantiles."""
    x = deviation * np.random.default_rng(2).standard_normal(2_000_000)
    squares = (rounded(x, FLOAT_FORMATS[name]) - x) ** 2 / deviation**2
    assert abs(squares.mean() - noise) < 4 * squares.std() / math.sqrt(len(x)) + 2e-3 * noise * (name in ("bfloat16", "float8_e4m3"))


@pytest.mark.parametrize("deviation", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("name", FLOAT_FORMATS)
def test_the_share_that_is_lost(name, deviation):
    of = FLOAT_FORMATS[name]
    x = deviation * np.random.default_rng(3).standard_normal(200_000)
    lost = float((rounded(x * of.smallest, of) == 0).mean())
    share = float(lost_share(np.array(2 * math.log10(deviation * of.smallest)), of.smallest))
    assert abs(lost - share) < 4 * math.sqrt(share * (1 - share) / len(x))


def test_the_share_lost_at_the_smallest_number_far_from_it_and_of_nothing():
    share = lost_share(np.array([2 * math.log10(2.0**-16), -400.0, 0.0, -np.inf]), 2.0**-16)
    np.testing.assert_allclose(share, [0.3829249225480262, 1.0, 6.087e-6, 0.0], rtol=1e-4)
    assert share[0] == pytest.approx(0.3829249225480262, abs=1e-14)
