"""QR codes: read back by a decoder of other makers, and against what the standard fixes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propagation.qr import MOST_BYTES, QUIET, encode, outline, penalty

#: most bytes at level L in versions 1 … 40, from table 7 of the standard
MOST = (
    *(17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520, 586, 644, 718, 792, 858),
    *(929, 1003, 1091, 1171, 1273, 1367, 1465, 1528, 1628, 1732, 1840, 1952, 2068, 2188, 2303, 2431, 2563, 2699, 2809, 2953),
)
LEVELS = {1: "L", 0: "M", 3: "Q", 2: "H"}


def decoded(squares: np.ndarray) -> tuple[str, str] | None:
    """Text and level as zxing reads them from a picture of the symbol, four pixels a square."""
    zxing = pytest.importorskip("zxingcpp", reason="zxing-cpp reads the codes back; pip install zxing-cpp")
    picture = np.where(np.kron(np.pad(squares, QUIET), np.ones((4, 4), dtype=bool)), 0, 255).astype(np.uint8)
    found = zxing.read_barcodes(picture)
    return (found[0].text, str(found[0].ec_level)) if found else None


def link(length: int) -> str:
    return ("https://example.org/?" + "&".join(f"depth={n}" for n in range(1, 600)))[:length]


def format_bits(squares: np.ndarray) -> tuple[int, int]:
    """Both copies of the 15 bits, the highest first: along the corner, and at the two other finders."""
    size = len(squares)
    corner = [*((8, c) for c in (0, 1, 2, 3, 4, 5, 7, 8)), *((r, 8) for r in (7, 5, 4, 3, 2, 1, 0))]
    others = [*((r, 8) for r in range(size - 1, size - 8, -1)), *((8, c) for c in range(size - 8, size))]
    return tuple(int("".join(str(int(squares[place])) for place in places), 2) for places in (corner, others))


def bch_remainder(word: int) -> int:
    """Of 15 bits, divided by x¹⁰ + x⁸ + x⁵ + x⁴ + x² + x + 1: polynomials over two elements, by NumPy's division and parity."""
    _, rest = np.polydiv([int(bit) for bit in f"{word:015b}"], [1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1])
    return int((np.rint(rest).astype(int) % 2).sum())


@pytest.mark.parametrize("length", [1, 7, 8, 14, 17, 18, 32, 53, 78, 106, 134, 154, 192, 230, 231, 500, 977, 1500, 2000, 2952, 2953])
def test_a_decoder_reads_what_was_written(length):
    text = link(length)
    assert decoded(encode(text))[0] == text


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=120))
def test_a_decoder_reads_any_text(text):
    assert decoded(encode(text))[0] == text


def test_letters_of_any_alphabet_are_utf8():
    text = "https://example.org/?φ=x·σ(1.7·x) für alle, 初期化"
    assert decoded(encode(text))[0] == text


@pytest.mark.parametrize(("version", "length"), [*enumerate(MOST, start=1)])
def test_every_version_is_read_and_holds_what_the_standard_says(version, length):
    squares = encode("a" * length)
    assert len(squares) == 17 + 4 * version and decoded(squares)[0] == "a" * length
    if version < 40:
        assert len(encode("a" * (length + 1))) == len(squares) + 4


def test_a_stain_is_repaired_and_a_large_one_is_not():
    """Negative control: the decoder reads the squares, and gives up where too few are left."""
    squares = encode(link(100))
    stained = squares.copy()
    stained[18:21, 18:21] ^= True
    assert decoded(stained)[0] == link(100)
    stained[9:, 9:] = False
    assert decoded(stained) is None


def test_one_byte_more_is_refused_with_both_numbers():
    with pytest.raises(ValueError, match="2,953 bytes, and this text has 2,954"):
        encode("a" * (MOST_BYTES + 1))
    with pytest.raises(ValueError, match="2,954"):
        encode("φ" * 1477)  # two bytes each


@pytest.mark.parametrize("length", [10, 100, 700])
def test_finders_and_timing_stand_where_they_must(length):
    squares = encode(link(length))
    rings = np.maximum(*np.abs(np.indices((7, 7)) - 3))
    finder = rings != 2
    for corner in (squares[:7, :7], squares[:7, -7:], squares[-7:, :7]):
        assert np.array_equal(corner, finder)
    assert not squares[7, :8].any() and not squares[:8, 7].any() and not squares[-8, :8].any() and not squares[:8, -8].any()
    dashes = np.arange(8, len(squares) - 8) % 2 == 0
    assert np.array_equal(squares[6, 8:-8], dashes) and np.array_equal(squares[8:-8, 6], dashes)
    assert squares[-8, 8]


@pytest.mark.parametrize("length", [10, 14, 100, 300])
def test_the_format_is_a_bch_word_that_names_level_and_mask(length):
    squares = encode(link(length))
    first, second = format_bits(squares)
    assert first == second
    word = first ^ 0b101010000010010
    assert bch_remainder(word) == 0
    assert bch_remainder(word ^ 0b100) != 0  # negative control
    assert LEVELS[word >> 13] == decoded(squares)[1]


def test_the_best_mask_is_taken():
    """Whatever is written must not look like a finder or a blank: a hundred equal letters are broken up."""
    squares = encode("a" * 100)
    assert 0.4 < squares.mean() < 0.6
    assert penalty(squares) < penalty(np.zeros_like(squares)) / 4


def test_the_penalty_counts_by_the_rules():
    checks = np.indices((21, 21)).sum(axis=0) % 2 == 0
    assert penalty(checks) == 0
    run = checks.copy()
    run[10, :6] = True  # a run of 7, as the next square is dark already, and columns that stay short
    assert penalty(run) == 3 + 2
    assert penalty(np.ones((21, 21), dtype=bool)) == 2 * 21 * (3 + 16) + 3 * 20 * 20 + 10 * 10


def test_the_outline_draws_each_dark_square_once():
    squares = encode("outline")
    area = 0
    for piece in outline(squares).split("z")[:-1]:
        start, rest = piece[1:].split("h", 1)
        column, row = map(int, start.split())
        width = int(rest.split("v")[0])
        assert squares[row - QUIET, column - QUIET : column - QUIET + width].all()
        area += width
    assert area == squares.sum()
