"""The texts of the lesson: every number in them is computed here, and what they say without a number is so."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from propagation import lessons
from propagation.activations import FLAT
from propagation.assets import asset
from propagation.formatting import percent, power_of_ten
from propagation.inputs import digit_labels
from propagation.labs.evidence import EVIDENCE, TRAINING, flat_share, tokens_apart
from propagation.labs.measures import MEASURES
from propagation.labs.trainability import TrainabilityMap, agreement, from_json, reach
from propagation.labs.training import HELD_OUT
from propagation.lessons import END, chapter_of, load
from propagation.theory.moments import moments
from propagation.theory.phases import critical_weight_variance
from propagation.theory.prediction import predict

FILES = sorted((lessons.FOLDER / "en").glob("[0-9]*.md"))


def test_all_that_ships_can_be_read():
    lesson = load()
    assert lesson.problems == {} and lesson.steps == (*sorted(lesson.screens), END) and len(lesson.screens) == len(FILES)
    assert lesson.card is not None and lesson.card.links
    assert list(lesson.chapters.values()) == [
        "A puzzle",
        "Variance of what?",
        "What is helped?",
        "What is the evidence?",
        "And modern networks?",
    ]
    for number in lesson.chapters:
        screens = [step for step in lesson.screens if chapter_of(step) == number]
        assert len(screens) <= 5 and sorted(screens) == [f"{number}.{place}" for place in range(1, len(screens) + 1)]
        assert lesson.first_of(number) == f"{number}.1"


def test_every_choice_but_one_says_why_it_is_tempting_and_wrong():
    for screen in load().screens.values():
        reasons = [choice.why for choice in screen.choices]
        assert not reasons or (reasons.count("") == 1 and len({*reasons}) == len(reasons))
        assert bool(screen.tempting) == bool(screen.reach)


def words(step: str) -> str:
    """All that a screen, or the card, says."""
    lesson = load()
    if step == END:
        return lesson.card.body
    screen = lesson.screens[step]
    return "\n".join([screen.question, screen.body, screen.more, *(choice.why for choice in (*screen.choices, *screen.tempting))])


def test_every_answer_says_what_was_measured_and_what_theory_says():
    for screen in load().screens.values():
        assert "{measured}" in screen.answer and "{theory}" in screen.answer
        assert screen.topic != screen.claim and "**" in screen.question


def sizes(step: str, signal: str, network: int = 0, **changed) -> np.ndarray:
    """What theory says of E[·²] of a signal in the layers of a screen's network, (depth,)."""
    return 10 ** predict(replace(load().screens[step].networks[network].config, **changed)).signal(signal).log10_second_moment


def separation(step: str, network: int = 0, **changed) -> np.ndarray:
    """What theory says of 1 − c of tokens after the blocks of a screen's network, (depth,)."""
    found = predict(replace(load().screens[step].networks[network].config, **changed)).token_separation
    assert found is not None
    return found


def own_part(step: str, network: int) -> float:
    """What is left of the input in E[x²] of the last block: each norm divides the sum of x and branch by its size, and x with it."""
    config = load().screens[step].networks[network].config
    assert config.norm_position == "post"
    block = predict(replace(config, depth=1, normalization="none", norm_position="pre"))
    return float(10 ** (block.input_log10_second_moment - block.stream.log10_second_moment[0])) ** config.depth


def of_he(signal: str) -> np.ndarray:
    """What ReLU without the 2 has of a signal, as a share of what it has with He's rule, in billionths."""
    return 1e9 * sizes("2.2", signal) / sizes("2.2", signal, scheme="he")


def smaller_root() -> int:
    """By how many whole powers of ten a step is smaller in the first network of 3.1 than in the last."""
    return math.floor(0.5 * math.log10(sizes("3.1", "weight_gradient", -1)[0] / sizes("3.1", "weight_gradient")[0]))


@cache
def shipped_map() -> TrainabilityMap:
    """The map of 3.5."""
    return from_json(asset("trainability.json").read_text())


#: (screen, sentence, the number in it as theory has it)
SENTENCES = [
    ("0.1", "0.7²⁰ ≈ {:.4f}", lambda: math.sqrt(sizes("0.1", "z", 1)[-1] / sizes("0.1", "z")[-1])),
    ("0.1", "multiplies the strength of the signal by {:.1f}", lambda: math.sqrt(sizes("0.1", "z", 1)[1] / sizes("0.1", "z", 1)[0])),
    ("1.1", "the number of products that a neuron adds up, {:.0f}.", lambda: sizes("1.1", "z")[1] / sizes("1.1", "z")[0]),
    ("1.2", "each layer makes E[z²] {:.3f} times as large", lambda: sizes("1.2", "z")[1] / sizes("1.2", "z")[0]),
    ("2.3", "about {} would be left", lambda: power_of_ten(round(math.log10(0.25**19)))),
    ("3.4", "batches of {:.0f} digits", lambda: TRAINING.batch),
    ("3.4", "learning rate {:.3f}.", lambda: TRAINING.learning_rate),
    ("3.4", "momentum {:.1f}:", lambda: TRAINING.momentum),
    ("3.4", "same order, {:.0f} steps", lambda: TRAINING.steps),
    ("3.4", "Of {:,} digits", lambda: len(digit_labels())),
    ("3.4", "{:.0f} are never trained on", lambda: HELD_OUT),
    ("3.5", "**{:.0f} are on the side where theory puts them**", lambda: agreement(shipped_map()).right),
    ("3.5", "is right about {:.0f}.", lambda: agreement(shipped_map()).one_depth),
    ("3.5", "Of {:.0f} networks", lambda: agreement(shipped_map()).cells),
    ("3.5", "these are about {:.0f} layers", lambda: reach(shipped_map().grid.base, np.array([0.5]))[0]),
    ("3.5", "critical value is about {:.2f}", lambda: critical_weight_variance("tanh", shipped_map().grid.base.bias_variance)),
    ("end", "tells {:.0f} of 260 networks right", lambda: agreement(shipped_map()).right),
    ("1.2", "every layer after the first makes E[z²] {:.3f} times as large", lambda: sizes("1.2", "z")[1] / sizes("1.2", "z")[0]),
    ("2.2", "about {:.0f} · 10⁻⁹, of that in layer 30", lambda: 1e9 * sizes("2.2", "delta")[0] / sizes("2.2", "delta")[-1]),
    ("2.2", "about {:.0f} · 10⁻⁹ of what He's rule gives", lambda: of_he("weight_gradient").min()),
    ("2.2", "about {:.0f} · 10⁻⁹ of what He's rule gives", lambda: of_he("weight_gradient").max()),
    ("2.3", "keeps the signal at q = {:.3f}, where the forward factor is 1", lambda: sizes("2.3", "z")[-1]),
    ("2.4", "\\approx {:.1f} > 1", lambda: predict(load().screens["2.4"].networks[0].config).chi_1),
    ("2.5", "widths together shrink only by {:.0f}", lambda: 4096 / 512),
    ("3.1", "more than {} times smaller", lambda: power_of_ten(smaller_root())),
    (
        "3.3",
        "{:.0f} % is left, against",
        lambda: 100 * sizes("3.3", "delta", scheme="glorot")[0] / sizes("3.3", "delta", scheme="glorot")[-1],
    ),
    ("3.3", "against {:.1g} %", lambda: 100 * sizes("3.3", "delta")[0] / sizes("3.3", "delta")[-1]),
    ("4.1", "make it $2^{{50}} \\approx 10^{{{:.0f}}}$", lambda: np.log10(sizes("4.1", "stream")[-1])),
    ("4.5", "after 100 of them it is still {:.3f}", lambda: separation("4.5", depth=100)[-1]),
    ("4.3", "\\approx {:.2f} \\text{{ a layer.}}", lambda: (sizes("4.3", "delta")[0] / sizes("4.3", "delta")[-1]) ** (1 / 49)),
]


@pytest.mark.parametrize(("step", "sentence", "number"), SENTENCES)
def test_numbers_in_the_texts_are_those_of_theory(step, sentence, number):
    assert sentence.format(number()) in words(step)


def test_what_the_texts_say_without_a_number_is_so():
    z, h = sizes("2.3", "z"), sizes("2.1", "h")
    assert z[2] == pytest.approx(z[-1], rel=0.01) and z[1] != pytest.approx(z[-1], rel=0.01), "E[z²] settles within three layers"
    assert h.max() < 1.25 * h.min(), "forward, the signal is level"
    delta = sizes("2.4", "delta")
    assert np.all((delta[:-1] / delta[1:] > 2.5) & (delta[:-1] / delta[1:] < 3)), "almost three times in every layer"
    config = load().screens["2.4"].networks[0].config
    assert 0.3 < 1 - flat_share(config, predict(config)) < 0.4, "the others, about a third"
    assert f"below {percent(FLAT)} of the steepest" in load().screens["2.4"].question
    for network in range(3):
        gradients = sizes("3.1", "weight_gradient", network)
        assert gradients.max() < 2 * gradients.min(), "all three curves are nearly level"
    assert 1e9 * sizes("2.2", "z")[-1] / sizes("2.2", "z", scheme="he")[-1] == pytest.approx(1, rel=0.1), "the output is as small"
    assert sizes("4.1", "stream")[-1] == pytest.approx(2.0**50, rel=0.01), "the input has E[x²] = 1, to chance"
    assert sizes("4.1", "stream", 1)[-1] < math.e and sizes("4.1", "stream_gradient", 1)[0] < math.e
    for signal in ("stream_gradient", "weight_gradient"):
        assert np.ptp(sizes("4.2", signal)) < 1e-9, "equally large in all blocks"
    first, last = (predict(load().screens["4.2"].networks[0].config).weights[name].log10_second_moment for name in ("W1", "W2"))
    assert np.isneginf(first).all() and np.isfinite(last).all(), "only W₁ has no gradient at first"
    after, batch, before = (sizes("4.3", "delta", network) for network in range(3))
    assert before[1] / before[-2] == pytest.approx(1, rel=1e-6) and batch[1] / batch[-2] > after[1] / after[-2] > 1e7
    for network in range(3):
        louder = sizes("4.3", "delta", network, weight_variance=20.0)
        np.testing.assert_allclose(louder / louder[-1], sizes("4.3", "delta", network) / sizes("4.3", "delta", network)[-1], rtol=1e-6)
    pre, post = (sizes("4.4", "stream_gradient", network) for network in range(2))
    assert pre[0] / pre[-1] == pytest.approx(101 / 2, rel=0.01) and np.ptp(post) < 1e-9 and np.ptp(sizes("4.4", "stream", 1)) < 1e-9
    assert sizes("4.4", "stream")[-1] == pytest.approx(101, rel=0.01)
    expected = moments("relu")
    variance = expected.second(np.ones(1)) - expected.mean(np.ones(1)) ** 2
    assert variance == pytest.approx(1 / 2 - 1 / (2 * math.pi)), "the variance of ReLU at E[z²] = 1"
    assert own_part("4.4", 1) == pytest.approx(2.0**-100, rel=1e-5), "of the input's own part 2⁻¹⁰⁰ is left"
    pre, post, alone = (predict(network.config) for network in load().screens["4.5"].networks)
    tokens, (before, after) = 16, alone.token_separation[2:4]
    assert after == pytest.approx((tokens - 1) / tokens**2 * before**3, rel=0.01)
    np.testing.assert_allclose(post.token_separation[12:] / post.token_separation[11:-1], 0.5, rtol=0.01)
    apart = pre.token_separation * 10**pre.stream.log10_second_moment
    np.testing.assert_allclose(apart[6:], apart[-1], rtol=0.02)
    in_common = np.diff(10**pre.stream.log10_second_moment - apart)[6:]
    assert np.all(np.diff(in_common) > 0) and 0.9 < in_common[-1] < 1, "by ever nearer to 1 in each block"
    by_fan_in, by_fan_out = (sizes("2.5", signal, network) for network, signal in enumerate(("delta", "z")))
    assert by_fan_in[-1] / by_fan_in[0] == pytest.approx(by_fan_out[-1] / by_fan_out[0]) == pytest.approx(8, rel=0.1)


@pytest.mark.slow
def test_narrow_networks_keep_three_times_what_theory_says_by_the_lengths_of_inputs():
    """1.4. The cosine is theory's: what is more than q (1 − c) comes from inputs of unlike length."""
    screen = load().screens["1.4"]
    found = EVIDENCE["parts"](screen.networks[0].config)
    answer = MEASURES["inputs_share"].of([found], "")
    assert "about three times as much" in screen.more and 2.5 < answer.measured / answer.theory < 3.5
    assert 1 - found.scatter.cosine[-1] == pytest.approx(1 - found.expected.cosine[-1], rel=0.25)


@pytest.mark.slow
def test_attention_alone_leaves_nothing_in_three_blocks():
    """4.5. What is measured stands above theory there, since heads of 32 entries do not have Gaussian logits."""
    screen = load().screens["4.5"]
    assert "after three blocks less than $10^{-5}$ is left" in screen.body
    for found in tokens_apart(EVIDENCE["tokens"](screen.networks[2].config)):
        assert found[1] > -3 and found[2] < -5
    for network in screen.networks[:2]:
        measured, expected = tokens_apart(EVIDENCE["tokens"](network.config))
        np.testing.assert_allclose(measured, expected, atol=0.4)
