"""Reading text: what becomes of a digit and of its gradient in the two networks of the Start page, in sentences."""

from __future__ import annotations

from propagation.formatting import percent
from propagation.labs.reading import Reading

#: share of digits named from which a layer tells digits apart, and up to which it is little more than a guess, which names a tenth
_APART, _GUESS = 0.6, 0.25
#: decades by which a gradient has about kept its size, and from which it is of another order altogether
_KEPT, _LOST = 1.0, 3.0
#: decades below which a factor is written as a share
_PERCENT = 2.0


def forward(reading: Reading, place: int) -> str:
    """Say what can still be made out of a digit at this value of σ_w²; between asterisks what matters."""
    named = reading.named[place]
    last, depth = float(named[-1]), len(named)
    if last >= _APART:
        return f"**The digit arrives:** from layer {depth} alone, {percent(last)} of digits can still be named."
    is_small = reading.values[place] < 1
    if last > _GUESS:
        return f"**The digit {'fades' if is_small else 'blurs'}:** from layer {depth} alone, {percent(last)} of digits can be named."
    lost = next(layer for layer in range(1, depth + 1) if (named[layer - 1 :] <= _GUESS).all())
    ends = "fades to nothing" if is_small else "turns into noise"
    return f"**The digit {ends}:** from layer {lost} on it can only be guessed."


def backward(reading: Reading, place: int) -> str:
    """Say what the first layer gets of the gradient at this value of σ_w²."""
    decades = float(reading.log10_gradient[place, 0])
    if abs(decades) <= _KEPT:
        way = "comes back"
    elif abs(decades) < _LOST:
        way = "grows" if decades > 0 else "shrinks"
    else:
        way = "explodes" if decades > 0 else "vanishes"
    return f"**The gradient {way}:** at layer 1 it is {_times(decades)} its size at the end."


def mark(reading: Reading, place: int) -> str:
    """Return ✓ where the digit arrives and its gradient comes back, ✗ where one of them is lost, ≈ between."""
    named, decades = float(reading.named[place, -1]), abs(float(reading.log10_gradient[place, 0]))
    if named >= _APART and decades <= _KEPT:
        return "✓"
    return "✗" if named <= _GUESS or decades >= _LOST else "≈"


def in_words(reading: Reading, place: int) -> str:
    """Return both sentences, for those who cannot see the picture."""
    return f"{forward(reading, place)} {backward(reading, place)}".replace("**", "")


def _times(decades: float) -> str:
    """Write a factor of this decimal logarithm with two digits, and with its zeros, which people read better than powers."""
    if abs(decades) < _PERCENT:
        return f"{percent(10**decades)} of" if decades < 0 else f"{10**decades:.2g} times"
    zeros = f"{float(f'{10 ** abs(decades):.2g}'):,.0f}"
    return f"{zeros} times" if decades > 0 else f"1/{zeros} of"
