"""Reading: a reader finds what is there and nothing else, the table that ships is what the lab finds, and its sentences are true."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from propagation.config import Config
from propagation.labs import reading, reading_text
from propagation.labs.reading import BASE, DIGITS_SHOWN, VALUES, load, measure, pictured
from propagation.theory.prediction import predict

#: as much of it as takes a moment; without an activation each layer is an invertible map as long as it is wide
SMALL = replace(BASE, depth=10, width=96, inputs=300, activation="linear")
FITTED = 250


@pytest.fixture(scope="module")
def shipped() -> reading.Reading:
    return load()


def found(config: Config, *values: float) -> reading.Reading:
    return measure(values, config, FITTED)


def off(read: reading.Reading) -> np.ndarray:
    """How far each picture is from the digit, as root mean square of the ink; (values, pictured)."""
    return np.sqrt(np.mean((read.pictures - read.pictures[:, :, :1]) ** 2, axis=(0, 3)))


def test_through_linear_layers_a_digit_can_be_read_and_not_once_it_is_smaller_than_the_error():
    """At σ_w² = 1 it keeps its size, at 0.01 it is 10⁻¹⁰ of it after ten layers: then a reader says what all digits have in common."""
    read = found(SMALL, 1.0, 0.01)
    assert pictured(10) == (0, 5, 10) and read.pictures.shape == (DIGITS_SHOWN, 2, 3, 64)
    level, lost = off(read)
    assert level.max() < 0.12 < lost[-1], (level, lost)
    assert read.named[0].min() > 0.6 > 0.35 > read.named[1, -1]
    blur = read.pictures[:, 1, -1]
    assert np.abs(blur - blur[0]).max() < 0.05, "nothing of the digit itself is left"


def test_the_network_is_the_same_but_for_the_size_of_its_weights():
    read = found(SMALL, 0.5, 2.0)
    assert np.array_equal(read.pictures[:, 0, 0], read.pictures[:, 1, 0])
    assert np.allclose(read.neurons[:, 1, 0], 2 * read.neurons[:, 0, 0], rtol=1e-5)
    assert read.log10_gradient[1, 0] - read.log10_gradient[0, 0] == pytest.approx(9 * np.log10(2), abs=1e-4)


def test_it_is_written_down_and_read_again(tmp_path):
    read = found(replace(SMALL, activation="tanh"), 0.7, 1.0, 1.4)
    reading.save(read, tmp_path / "some.npz")
    again = load(tmp_path / "some.npz")
    assert np.abs(again.pictures - read.pictures).max() <= 0.5 / 31 + 1e-9
    assert np.abs(again.neurons - read.neurons).max() <= 0.005 + 1e-9
    assert np.array_equal(again.named, read.named) and np.array_equal(again.log10_gradient, read.log10_gradient)
    assert [again.place(value) for value in (0.1, 0.75, 1.0, 9.0)] == [0, 0, 1, 2]


@pytest.mark.slow
def test_the_table_that_ships_is_what_the_lab_finds(shipped):
    place = shipped.place(0.5)
    now = measure([shipped.values[place]])
    assert np.array_equal(now.labels, shipped.labels)
    assert np.abs(now.pictures[:, 0] - shipped.pictures[:, place]).max() < 0.05
    assert np.abs(now.neurons[:, 0] - shipped.neurons[:, place]).max() < 0.02
    assert np.abs(now.log10_gradient[0] - shipped.log10_gradient[place]).max() < 0.01
    assert np.abs(now.named[0] - shipped.named[place]).max() < 0.05
    assert np.abs(now.pictures[:, 0] - shipped.pictures[:, shipped.place(2.0)]).max() > 0.3  # negative control


def test_its_gradients_are_those_of_theory(shipped):
    """In the root mean square, from the last layer to the first, where networks of this width do not scatter much."""
    for place, value in enumerate(shipped.values):
        second = np.asarray(predict(replace(BASE, weight_variance=float(value))).delta.log10_second_moment)
        expected = 0.5 * (second[0] - second[-1])
        assert shipped.log10_gradient[place, 0] == pytest.approx(expected, abs=0.25 + 0.05 * abs(expected)), value


def test_the_middle_of_the_slider_is_where_both_come_through(shipped):
    assert shipped.values == pytest.approx(VALUES) and shipped.values[16] == pytest.approx(1)
    marks = [reading_text.mark(shipped, place) for place in range(len(VALUES))]
    assert marks[16] == "✓" and marks[0] == marks[-1] == "✗"
    assert re.fullmatch("✗+≈*✓+≈*[✗≈]*✗+", "".join(marks)), marks


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1 / 3, ("fades to nothing", "vanishes")),
        (0.5, ("fades to nothing", "vanishes")),
        (1.0, ("arrives", "comes back")),
        (3.0, ("turns into noise", "grows")),
    ],
)
def test_what_is_said(shipped, value, expected):
    place = shipped.place(value)
    forward, backward = reading_text.forward(shipped, place), reading_text.backward(shipped, place)
    assert expected[0] in forward and expected[1] in backward
    assert forward.count("**") == backward.count("**") == 2
    assert reading_text.in_words(shipped, place) == f"{forward} {backward}".replace("**", "")


def test_a_layer_from_which_one_can_only_guess_is_the_first_of_those(shipped):
    for place in range(len(VALUES)):
        guess = re.search(r"from layer (\d+) on it can only be guessed", reading_text.forward(shipped, place))
        if guess:
            layer = int(guess[1])
            assert (shipped.named[place, layer - 1 :] <= 0.25).all() and shipped.named[place, layer - 2] > 0.25
        else:
            assert shipped.named[place, -1] > 0.25


def test_sizes_of_a_gradient_have_two_digits(shipped):
    said = {round(value, 2): reading_text.backward(shipped, place) for place, value in enumerate(shipped.values)}
    assert "1/29,000,000 of its size" in said[0.50] and "14 % of its size" in said[1.0] and "160 times its size" in said[3.0]
