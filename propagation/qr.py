"""QR codes: a text as black and white squares that a camera reads, after ISO/IEC 18004 (model 2, byte mode, all 40 versions)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

#: for each level of error correction, over versions 1 … 40: check bytes in a block, and number of blocks
_CHECK_BYTES = {
    "L": "7 10 15 20 26 18 20 24 30 18 20 24 26 30 22 24 28 30 28 28 28 28 30 30 26 28 30 30 30 30 30 30 30 30 30 30 30 30 30 30",
    "M": "10 16 26 18 24 16 18 22 22 26 30 22 22 24 24 28 28 26 26 26 26 28 28 28 28 28 28 28 28 28 28 28 28 28 28 28 28 28 28 28",
    "Q": "13 22 18 26 18 24 18 22 20 24 28 26 24 20 30 24 28 28 26 30 28 30 30 30 30 28 30 30 30 30 30 30 30 30 30 30 30 30 30 30",
    "H": "17 28 22 16 22 28 26 26 24 28 24 28 22 24 24 30 28 28 26 28 30 24 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30",
}
_BLOCKS = {
    "L": "1 1 1 1 1 2 2 2 2 4 4 4 4 4 6 6 6 6 7 8 8 9 9 10 12 12 12 13 14 15 16 17 18 19 19 20 21 22 24 25",
    "M": "1 1 1 2 2 4 4 4 5 5 5 8 9 9 10 10 11 13 14 16 17 17 18 20 21 23 25 26 28 29 31 33 35 37 38 40 43 45 47 49",
    "Q": "1 1 2 2 4 4 6 6 8 8 8 10 12 16 12 17 16 18 21 20 23 23 25 27 29 34 34 35 38 40 43 45 48 51 53 56 59 62 65 68",
    "H": "1 1 2 4 4 4 5 6 8 8 11 11 16 16 18 16 19 21 25 25 25 34 30 32 35 37 40 42 45 48 51 54 57 60 63 66 70 74 77 81",
}
#: how a level is named in the symbol itself
_LEVEL_BITS = {"L": 1, "M": 0, "Q": 3, "H": 2}
#: light squares that must surround a symbol
QUIET = 4
#: most bytes that fit at level L, in version 40
MOST_BYTES = 2953
_BYTE_MODE = 0b0100
_FILLING = (0xEC, 0x11)
#: squares (row, column) that a mask turns over
_MASKS = (
    lambda r, c: (r + c) % 2 == 0,
    lambda r, c: r % 2 == 0,
    lambda r, c: c % 3 == 0,
    lambda r, c: (r + c) % 3 == 0,
    lambda r, c: (r // 2 + c // 3) % 2 == 0,
    lambda r, c: r * c % 2 + r * c % 3 == 0,
    lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
)


def encode(text: str) -> np.ndarray:
    """Return the symbol of a text as UTF-8: (size, size) bool, True is dark, without the quiet zone.

    The smallest version that holds the text, at the best error correction that costs no larger one. ValueError where it is too long.
    """
    data = text.encode()
    if len(data) > MOST_BYTES:
        raise ValueError(f"a QR code holds {MOST_BYTES:,} bytes, and this text has {len(data):,}")
    version = next(version for version in range(1, 41) if _fits(data, version, "L"))
    level = next(level for level in "HQML" if _fits(data, version, level))
    squares, free = _frame(version)
    row, column = np.array(list(_path(free))).T
    bits = np.unpackbits(_interleaved(_filled(data, version, level), version, level))
    squares[row[: len(bits)], column[: len(bits)]] = bits
    return min((_masked(squares, free, level, mask) for mask in range(8)), key=penalty)


def outline(squares: np.ndarray) -> str:
    """Return the dark squares as one SVG path, in units of a square; a run in a row is one rectangle.

    (0, 0) is the corner of the quiet zone.
    """
    pieces = []
    for row, line in enumerate(np.pad(squares, QUIET).astype(int)):
        starts, ends = (np.flatnonzero(np.diff(line, prepend=0) == edge) for edge in (1, -1))
        pieces += [f"M{start} {row}h{end - start}v1h{start - end}z" for start, end in zip(starts, ends, strict=True)]
    return "".join(pieces)


def penalty(squares: np.ndarray) -> int:
    """Return how hard a symbol is to read: long runs, blocks, what looks like a finder, too much dark or light (section 7.8.3)."""
    points = 0
    for lines in (squares, squares.T):
        for line in lines:
            ends = np.flatnonzero(np.diff(line, prepend=~line[:1], append=~line[-1:]))
            points += sum(3 + int(run) - 5 for run in np.diff(ends) if run >= 5)
        windows = np.lib.stride_tricks.sliding_window_view(lines, 11, axis=1)
        for likeness in ("10111010000", "00001011101"):
            points += 40 * int(np.all(windows == [c == "1" for c in likeness], axis=2).sum())
    blocks = squares[:-1, :-1] + 0 + squares[1:, :-1] + squares[:-1, 1:] + squares[1:, 1:]
    points += 3 * int(np.isin(blocks, (0, 4)).sum())
    return points + 10 * int(abs(squares.mean() - 0.5) * 20)


def _fits(data: bytes, version: int, level: str) -> bool:
    return 4 + _length_bits(version) + 8 * len(data) <= 8 * _data_bytes(version, level)


def _length_bits(version: int) -> int:
    """Return the bits of the count of bytes."""
    return 8 if version < 10 else 16


def _all_bytes(version: int) -> int:
    """Return the bytes of data and error correction together: the squares that no pattern takes, over 8."""
    return int(_frame(version)[1].sum()) // 8


def _data_bytes(version: int, level: str) -> int:
    return _all_bytes(version) - _of(_CHECK_BYTES, level, version) * _of(_BLOCKS, level, version)


def _of(table: dict[str, str], level: str, version: int) -> int:
    return int(table[level].split()[version - 1])


def _filled(data: bytes, version: int, level: str) -> np.ndarray:
    """Return mode, count, the bytes themselves, an end, and filling up to the last data byte."""
    capacity = _data_bytes(version, level)
    head = f"{_BYTE_MODE:04b}{len(data):0{_length_bits(version)}b}"
    bits = head + "".join(f"{byte:08b}" for byte in data)
    bits += "0" * min(4, 8 * capacity - len(bits))
    bits += "0" * (-len(bits) % 8)
    found = [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]
    return np.array([*found, *(_FILLING[i % 2] for i in range(capacity - len(found)))], dtype=np.uint8)


def _interleaved(data: np.ndarray, version: int, level: str) -> np.ndarray:
    """Cut data into blocks, each with its check bytes, and deal them out again byte by byte, so that a stain harms every block a little."""
    count, checks = _of(_BLOCKS, level, version), _of(_CHECK_BYTES, level, version)
    short, longer = divmod(len(data), count)
    cuts = np.cumsum([0] + [short + (i >= count - longer) for i in range(count)])
    blocks = [data[start:end] for start, end in pairwise(cuts)]
    corrections = [_check_bytes(block, checks) for block in blocks]
    dealt = [block[i] for i in range(short + 1) for block in blocks if i < len(block)]
    return np.array(dealt + [correction[i] for i in range(checks) for correction in corrections], dtype=np.uint8)


def _powers() -> tuple[np.ndarray, np.ndarray]:
    """Return 2^k for k = 0 … 509 in the field of 256 elements modulo x⁸ + x⁴ + x³ + x² + 1, and the logarithm of each but 0."""
    powers, value = [], 1
    for _ in range(255):
        powers.append(value)
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    logarithms = np.zeros(256, dtype=int)
    logarithms[powers] = np.arange(255)
    return np.array(powers * 2), logarithms


_POWERS, _LOGARITHMS = _powers()


def _check_bytes(block: np.ndarray, count: int) -> np.ndarray:
    """Return Reed–Solomon's remainder of the block · x^count by (x − 2⁰)(x − 2¹) … (x − 2^(count−1))."""
    divisor = np.array([1])
    for k in range(count):
        divisor = np.append(divisor, 0) ^ np.append(0, _times(divisor, int(_POWERS[k])))
    remainder = np.append(block.astype(int), np.zeros(count, dtype=int))
    for place in range(len(block)):
        if remainder[place]:
            remainder[place : place + count + 1] ^= _times(divisor, int(remainder[place]))
    return remainder[len(block) :]


def _times(values: np.ndarray, factor: int) -> np.ndarray:
    """Return the product of each value with a factor other than 0, in the field of 256 elements."""
    return np.where(values, _POWERS[_LOGARITHMS[values] + _LOGARITHMS[factor]], 0)


def _frame(version: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the patterns that every symbol of a version has, and which squares they leave free; both (size, size) bool."""
    size = 17 + 4 * version
    squares, free = np.zeros((size, size), dtype=bool), np.ones((size, size), dtype=bool)
    squares[6, ::2] = squares[::2, 6] = True
    free[6] = free[:, 6] = False
    centres = _alignment_centres(version)
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for row, column in [(row, column) for row in centres for column in centres if (row, column) not in corners]:
        _rings(squares, free, row, column, dark=(0, 2), radius=2)
    for row, column in ((3, 3), (3, size - 4), (size - 4, 3)):
        _rings(squares, free, row, column, dark=(0, 1, 3), radius=4)
    for line in (free, free.T):  # room for the format
        line[8, :9] = line[8, -8:] = False
    squares[-8, 8] = True
    if version >= 7:
        bits = _with_check_bits(version, 12, 0x1F25)
        for place in range(18):
            row, column = place // 3, size - 11 + place % 3
            squares[row, column] = squares[column, row] = bits >> place & 1
            free[row, column] = free[column, row] = False
    return squares, free


def _alignment_centres(version: int) -> list[int]:
    """Return rows, and columns, of the alignment patterns: evenly spaced from the far end, the first at 6."""
    if version == 1:
        return []
    gaps = version // 7 + 1
    last = 4 * version + 10
    step = -(-(last - 6) // gaps)
    step = 26 if version == 32 else step + step % 2  # version 32 is the standard's own exception
    return [6, *(last - step * gap for gap in range(gaps - 1, -1, -1))]


def _rings(squares: np.ndarray, free: np.ndarray, row: int, column: int, dark: tuple[int, ...], radius: int) -> None:
    """Draw a pattern of square rings about a centre; what stands outside the symbol is cut off."""
    size = len(squares)
    for r in range(max(0, row - radius), min(size, row + radius + 1)):
        for c in range(max(0, column - radius), min(size, column + radius + 1)):
            squares[r, c], free[r, c] = max(abs(r - row), abs(c - column)) in dark, False


def _path(free: np.ndarray) -> Iterator[tuple[int, int]]:
    """Return free squares in the order of the bits: two columns at a time from the right, up and down in turn, without column 6."""
    size = len(free)
    rights = [*range(size - 1, 6, -2), *range(5, 0, -2)]
    for pair, right in enumerate(rights):
        for row in range(size)[:: 1 if pair % 2 else -1]:
            yield from ((row, column) for column in (right, right - 1) if free[row, column])


def _masked(squares: np.ndarray, free: np.ndarray, level: str, mask: int) -> np.ndarray:
    """Return the symbol under one of the eight masks, with the format that says so, twice."""
    size = len(squares)
    masked = squares ^ (free & _MASKS[mask](*np.indices((size, size))))
    bits = _with_check_bits(_LEVEL_BITS[level] << 3 | mask, 10, 0x537) ^ 0x5412
    beside = [0, 1, 2, 3, 4, 5, 7, 8, *[8] * 7]
    for place in range(15):
        bit = bits >> place & 1
        masked[beside[place], [*[8] * 8, 7, 5, 4, 3, 2, 1, 0][place]] = bit
        masked[(8, size - 1 - place) if place < 8 else (size - 15 + place, 8)] = bit
    return masked


def _with_check_bits(value: int, count: int, divisor: int) -> int:
    """Return a number followed by its BCH check bits: the remainder of value · 2^count by the divisor, in carry-free arithmetic."""
    remainder = value << count
    for place in range(remainder.bit_length() - 1, count - 1, -1):
        if remainder >> place & 1:
            remainder ^= divisor << place - count
    return value << count | remainder
