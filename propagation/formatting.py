"""Formatting: numbers as people write them (3 significant digits, 10⁻¹⁰, × 0.62; never 1e-10, never 10⁻⁰), and visitors' texts."""

from __future__ import annotations

import math
from typing import Any

from propagation import notation

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: logarithms between which a number is written out in full
_PLAIN = (-3.0, 5.0)


def power_of_ten(exponent: int) -> str:
    """Write 10 to a whole power: 10⁻³, 1, 10, 10¹²."""
    return {0: "1", 1: "10"}.get(exponent, "10" + str(exponent).translate(_SUPERSCRIPTS))


def power_of_two(exponent: int) -> str:
    """Write 2 to a whole power: 2¹⁶, 1."""
    return "2" + str(exponent).translate(_SUPERSCRIPTS) if exponent else "1"


def number(value: float) -> str:
    """Write a number of ordinary size or not, with 3 significant digits: 0.62, 1,230, 4.1 × 10⁻⁷, 0, ∞."""
    if math.isnan(value):
        return "not a number"
    sign = "−" if value < 0 else ""
    return sign + from_log10(math.log10(abs(value)) if value else -math.inf)


def exact(value: Any) -> str:
    """Write a number as it is, for a message, or a value that is none: 10,000,000, 0.999, 10⁻⁶."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not -1e15 < value < 1e15:
        return quoted(value)
    if value == int(value):
        return f"{int(value):,}"
    power = math.log10(abs(value))
    return number(value) if power < _PLAIN[0] and power == round(power) else str(value)


def from_log10(exponent: float) -> str:
    """Write the positive number with this decimal logarithm, which may lie far outside floating point."""
    if math.isnan(exponent):
        return "not a number"
    if math.isinf(exponent):
        return "∞" if exponent > 0 else "0"
    if _PLAIN[0] <= exponent < _PLAIN[1]:
        digits = 2 - math.floor(exponent + 1e-9)
        text = f"{round(10**exponent, digits):,.{max(0, digits)}f}"
        return text.rstrip("0").rstrip(".") if digits > 0 else text
    whole = math.floor(exponent)
    mantissa = f"{10 ** (exponent - whole):.2g}"
    if mantissa == "10":
        mantissa, whole = "1", whole + 1
    return power_of_ten(whole) if mantissa == "1" else f"{mantissa} × {power_of_ten(whole)}"


def magnitude(exponent: float) -> str:
    """Write the order of magnitude alone, where more digits would say nothing: 10⁻¹⁰; ordinary numbers as in `from_log10`."""
    if _PLAIN[0] <= exponent < _PLAIN[1] or math.isinf(exponent) or math.isnan(exponent):
        return from_log10(exponent)
    return power_of_ten(round(exponent))


def multiple(value: float) -> str:
    """Write what a layer multiplies by: as `number`, and close to 1 with the digits that tell it from 1, as its powers do."""
    off = abs(value - 1)
    if not 1e-7 < off < 0.005:
        return number(value)
    return f"{value:.{1 - math.floor(math.log10(off))}f}".rstrip("0")


def factor(value: float) -> str:
    """Write a factor: × 0.62, × 4 · 10⁻⁵."""
    return f"× {multiple(value).replace(' × ', ' · ')}"


def percent(share: float) -> str:
    """Write a share: 62 %, 99.8 %, 0.3 %; close to 100 with the digits that tell it from that."""
    if 0.995 <= share < 1:
        left = 100 * (1 - share)
        return f"{100 * share:.{1 - math.floor(math.log10(left))}f}".rstrip("0") + " %" if left > 1e-5 else "100 %"
    shown = 100 * share
    return f"{number(round(shown) if 10 <= shown < 99 else shown)} %"


def plain(text: str) -> str:
    """Return a text, of a visitor or of ours, for Markdown: nothing in it is markup, and symbols are typeset."""
    pieces = notation.pieces(text)
    return "".join(f"${piece}$" if is_symbol else _escaped(piece) for piece, is_symbol in pieces)


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~:$" else c for c in text)


def quoted(value: Any) -> str:
    """Return a visitor's value for a message: short, printable, in quotes when it is text."""
    if isinstance(value, str):
        shown = "".join(c for c in value[:40] if c.isprintable())
        return f"'{shown}…'" if len(value) > 40 else f"'{shown}'"
    try:
        return str(value)[:40]
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"
