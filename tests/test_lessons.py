"""Lesson files: those that ship can all be read, and whatever is wrong in one is said with file and line while the others work."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propagation import lessons
from propagation.activations import FLAT
from propagation.formatting import percent
from propagation.labs.evidence import EVIDENCE, MEASURES, flat_share, tokens_apart
from propagation.lessons import LessonError, Screen, load, parse
from propagation.theory.moments import moments
from propagation.theory.prediction import predict

GOOD = """---
topic: Before
claim: After
question: What is left?
chart: sizes
rows: z, delta
network: ReLU | depth=5&activation=relu&scheme=he
network: tanh | depth=5
measure: change delta
choice: all | -1 .. 1
choice: nothing | .. -3
answer: It is {measured}; theory says {theory}.
link: Compare | compare | columns=he.relu.gaussian&depth=5
---
Because $x$.
"""
FILES = sorted((lessons.FOLDER / "en").glob("[0-9]*.md"))


def test_all_that_ships_can_be_read():
    lesson = load()
    assert lesson.problems == {} and len(lesson.steps) == len(FILES)
    assert list(lesson.chapters.values()) == [
        "Variance of what?",
        "What is helped?",
        "What is the evidence?",
        "What do modern networks do instead?",
    ]
    for number in lesson.chapters:
        screens = [step for step in lesson.steps if step.startswith(f"{number}.")]
        assert 3 <= len(screens) <= 5 and screens == [f"{number}.{place}" for place in range(1, len(screens) + 1)]


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


#: (screen, sentence, the number in it as theory has it)
SENTENCES = [
    ("1.2", "every layer after the first makes E[z²] {:.3f} times as large", lambda: sizes("1.2", "z")[1] / sizes("1.2", "z")[0]),
    ("2.2", "about {:.0f} · 10⁻⁹, of that in layer 30", lambda: 1e9 * sizes("2.2", "delta")[0] / sizes("2.2", "delta")[-1]),
    ("2.2", "about {:.0f} · 10⁻⁹ of what He's rule gives", lambda: of_he("weight_gradient").min()),
    ("2.2", "about {:.0f} · 10⁻⁹ of what He's rule gives", lambda: of_he("weight_gradient").max()),
    ("2.3", "keeps the signal at q = {:.3f}, where the forward factor is 1", lambda: sizes("2.3", "z")[-1]),
    ("2.4", "\\approx {:.1f} > 1", lambda: predict(load().screens["2.4"].networks[0].config).chi_1),
    ("2.5", "about {:.0f}. A rule can share it", lambda: 4096 / 512),
    ("3.1", "more than $10^{{{}}}$ times smaller", smaller_root),
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
    screen = load().screens[step]
    assert sentence.format(number()) in f"{screen.question}\n{screen.body}"


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
    assert "about three times as much" in screen.body and 2.5 < answer.measured / answer.theory < 3.5
    assert 1 - found.scatter.cosine[-1] == pytest.approx(1 - found.expected.cosine[-1], rel=0.25)


@pytest.mark.slow
def test_attention_alone_leaves_nothing_in_three_blocks():
    """4.5. What is measured stands above theory there, since heads of 32 entries do not have Gaussian logits."""
    screen = load().screens["4.5"]
    assert "After three blocks less than $10^{-5}$ is left" in screen.body
    for found in tokens_apart(EVIDENCE["tokens"](screen.networks[2].config)):
        assert found[1] > -3 and found[2] < -5
    for network in screen.networks[:2]:
        measured, expected = tokens_apart(EVIDENCE["tokens"](network.config))
        np.testing.assert_allclose(measured, expected, atol=0.4)


def test_a_file_becomes_a_screen():
    screen = parse(GOOD, "en/1.1.md")
    assert (screen.topic, screen.claim, screen.chart, screen.rows) == ("Before", "After", "sizes", ("z", "delta"))
    assert (screen.measure, screen.signal, screen.reach, screen.body) == ("change", "delta", None, "Because $x$.")
    assert [network.config.activation for network in screen.networks] == ["relu", "tanh"]
    assert [choice.holds(-7) for choice in screen.choices] == [False, True]
    assert screen.links[0].page == "compare" and screen.links[0].query == {"columns": "he.relu.gaussian", "depth": "5"}


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("---\ntopic", "topic", 1, "opens with"),
        ("topic: Before\n", "", 13, "“topic:” is missing"),
        ("claim: After", "claim", 3, "key: value"),
        ("claim: After", "claim: a\nclaim: b", 4, "given twice"),
        ("claim: After", "colour: red", 3, "“colour” is unknown"),
        ("chart: sizes", "chart: pie", 5, "“pie” is unknown"),
        ("rows: z, delta", "rows: z", 6, "must show delta"),
        ("rows: z, delta", "rows: q", 6, "“q” is unknown"),
        ("rows: z, delta", "rows: stream, delta", 7, "has no stream"),
        ("chart: sizes", "chart: tokens", 9, "in the chart sizes, not in tokens"),
        ("depth=5\nmeasure", "depth=0\nmeasure", 8, "depth"),
        ("network: tanh | depth=5", "network: tanh", 8, "is needed"),
        ("network: tanh", "network: a | depth=5\n" * 4 + "network: tanh", 11, "at most 4"),
        ("change delta", "change", 9, "needs one signal"),
        ("change delta", "flat", 9, "in the chart histogram, not in sizes"),
        ("change delta", "guessing delta", 9, "“guessing” is unknown"),
        ("choice: all | -1 .. 1\n", "", 10, "no question"),
        ("-1 .. 1", "1 .. -1", 10, "smaller one"),
        ("-1 .. 1", "..", 10, "a range such as"),
        ("-1 .. 1", "a .. b", 10, "a range such as"),
        (".. -3", "0 .. 2", 11, "overlaps"),
        ("answer:", "guess: 0 .. 5\nanswer:", 15, "either"),
        ("choice: all | -1 .. 1\nchoice: nothing | .. -3", "guess: 0 .. 500", 10, "at most"),
        ("choice: all | -1 .. 1\nchoice: nothing | .. -3", "guess: 0.5 .. 3", 10, "whole numbers"),
        ("| compare |", "| http://evil |", 13, "as in its address"),
        ("Because $x$.\n", "", 14, "no explanation"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old, new, line, words):
    assert old in GOOD
    with pytest.raises(LessonError) as refused:
        parse(GOOD.replace(old, new, 1), "de/2.3.md")
    assert str(refused.value).startswith(f"de/2.3.md, line {line}: ") and words in str(refused.value)


def test_tokens_are_shown_of_a_network_that_has_some():
    text = GOOD.replace("chart: sizes", "chart: tokens").replace("change delta", "tokens_apart")
    with pytest.raises(LessonError, match="line 7: this network has no tokens"):
        parse(text, "en/4.5.md")
    both = text.replace("depth=5&activation=relu&scheme=he", "architecture=transformer&tokens=4").replace("network: tanh | depth=5\n", "")
    assert parse(both, "en/4.5.md").networks[0].config.tokens == 4


@given(st.text(max_size=400))
def test_any_text_is_a_screen_or_refused_in_words(text):
    try:
        assert isinstance(parse(text, "en/1.1.md"), Screen)
    except LessonError as refused:
        assert "en/1.1.md, line " in str(refused)


@given(st.sampled_from(FILES), st.integers(0, 25), st.text(max_size=60), st.booleans())
def test_any_edited_file_is_a_screen_or_refused_in_words(path, line, text, insert):
    lines = path.read_text(encoding="utf-8").splitlines()
    line = min(line, len(lines) - 1)
    lines[line : line + (0 if insert else 1)] = [text]
    try:
        assert isinstance(parse("\n".join(lines), path.name), Screen)
    except LessonError as refused:
        assert str(refused).startswith(f"{path.name}, line ")


@pytest.fixture
def folder(tmp_path):
    """English with two screens and a chapter's title, German with one of them."""
    (tmp_path / "en").mkdir()
    (tmp_path / "de").mkdir()
    (tmp_path / "en" / "chapters.md").write_text("1: Why?\n")
    (tmp_path / "en" / "1.1.md").write_text(GOOD)
    (tmp_path / "en" / "1.2.md").write_text(GOOD)
    (tmp_path / "de" / "1.1.md").write_text(GOOD.replace("After", "Danach"), encoding="utf-8")
    return tmp_path


def test_what_a_language_lacks_is_english(folder):
    lesson = load("de", folder)
    assert [lesson.screens[step].claim for step in lesson.steps] == ["Danach", "After"] and lesson.chapters == {"1": "Why?"}
    (folder / "de" / "chapters.md").write_text("1: Warum?\n")
    assert load("de", folder).chapters == {"1": "Warum?"} and lessons.languages(folder) == ("en", "de")


@pytest.mark.parametrize("language", ["fr", "", "..", "../..", "/etc", "de/.."])
def test_a_language_that_does_not_exist_is_english(folder, language):
    assert [screen.claim for screen in load(language, folder).screens.values()] == ["After", "After"]


def test_a_broken_file_leaves_a_sentence_and_the_others(folder):
    (folder / "de" / "1.1.md").write_bytes(b"\xff\xfe broken")
    (folder / "en" / "2.1.md").write_text(GOOD.replace("chart: sizes", "chart: pie"))
    (folder / "en" / "3.1.md").write_text("x" * 30_000)
    lesson = load("de", folder)
    assert set(lesson.screens) == {"1.2"} and lesson.steps == ("1.1", "1.2", "2.1", "3.1")
    assert lesson.problems["1.1"].startswith("de/1.1.md, line 1:") and "UTF-8" in lesson.problems["1.1"]
    assert lesson.problems["2.1"].startswith("en/2.1.md, line 5:") and "longer than" in lesson.problems["3.1"]
    assert lesson.chapters["2"] == "Chapter 2"


def test_what_is_no_screen_is_not_read(folder):
    (folder / "en" / "notes.md").write_text("nothing")
    (folder / "en" / "1.x.md").write_text("nothing")
    assert load("en", folder).steps == ("1.1", "1.2")


def test_steps_are_in_the_order_of_numbers(folder):
    (folder / "en" / "1.10.md").write_text(GOOD)
    assert load("en", folder).steps == ("1.1", "1.2", "1.10")
