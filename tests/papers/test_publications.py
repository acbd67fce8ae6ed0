"""The data file of published numbers: complete, sourced, and refused with a word where it is not."""

from __future__ import annotations

import math

import pytest

from propagation.papers import PAPERS
from propagation.papers.publications import Published, publications, read

HEAD = 'label = "A"\nauthors = "B"\ntitle = "C"\nvenue = "D"\nyear = 2000\nurl = "https://e"\nshowed = "F"\nfigure = "G"\ndiffers = "H"\n'
NUMBER = '[[one.numbers]]\nname = "n"\nwhat = "w"\nwhere = "eq. 1"\nvalue = 2.0\n'


def test_every_paper_has_its_words_and_all_words_have_their_paper():
    assert list(publications()) == list(PAPERS)
    assert all(paper.publication is publications()[name] for name, paper in PAPERS.items())
    years = [publication.year for publication in publications().values()]
    assert years == sorted(years)


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_is_referred_to_in_full(name):
    paper = PAPERS[name].publication
    assert paper.url.startswith("https://") and str(paper.year)[:2] in ("19", "20")
    assert all([paper.authors, paper.title, paper.venue, paper.showed, paper.figure, paper.differs]) and paper.numbers
    for number in paper.numbers:
        assert number.what and number.where and number.text
    names = [number.name for number in paper.numbers]
    assert len(set(names)) == len(names)


def test_numbers_are_compared_as_they_ask():
    about, above, below = (Published("n", "w", "eq. 1", 2.0, 0.1, relation) for relation in ("about", "above", "below"))
    assert about.holds(2.09) and not about.holds(2.11) and not about.holds(math.nan)
    assert above.holds(2.1) and not above.holds(1.9)
    assert below.holds(1.9) and not below.holds(2.1)
    assert Published("n", "w", "eq. 1", math.inf).holds(math.inf) and not Published("n", "w", "eq. 1", math.inf).holds(9e9)
    assert about.text == "2" and Published("n", "w", "eq. 1", 2.0, shown="two").text == "two"


def test_a_good_text_is_read():
    assert read(f"[one]\n{HEAD}{NUMBER}tolerance = 0.1")["one"].numbers[0].value == 2.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"[one]\n{HEAD}colour = 1", "colour"),
        ('[one]\nlabel = "A"', "authors"),
        (f"[one]\n{HEAD}{NUMBER}", "tolerance"),
        (f'[one]\n{HEAD}{NUMBER}relation = "near"', "near"),
        (f"[one]\n{HEAD}{NUMBER}tolerance = 0.1\nagrees = false", "note"),
        (f"[one]\n{HEAD}{NUMBER}size = 1", "size"),
        ("[one\n", "line 1"),
    ],
)
def test_a_broken_text_is_refused_with_the_place(text, words):
    with pytest.raises(ValueError, match=words) as refusal:
        read(text)
    assert words == "line 1" or str(refusal.value).startswith("one")
