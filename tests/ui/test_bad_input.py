"""Any address opens: no parameter, whatever it says, ends the app or comes back as markup."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from propagation.config import CHOICES, Config
from propagation.formatting import plain
from propagation.labs import compare_text
from propagation.locks import CONTROLS, PARAMETERS, Terms
from propagation.rules import settled
from propagation.ui.session import url
from tests.patience import PATIENCE

APP = str(Path(__file__).parents[2] / "app.py")
SMALL = {"depth": "3", "width": "8", "inputs": "2", "trials": "1"}
#: what must never come back as it is: HTML, a link, a picture, a formula, an icon, a colour, a heading
MARKUP = ("<b>", "<script>", "[x](http://y)", "![x](y)", "$a$", ":material/x:", ":red[x]", "**x**", "\n# x", "</div>", "javascript:")
FIELDS = tuple(Config.__dataclass_fields__)
NAMES = (*FIELDS, *url.PAGE_PARAMETERS)
#: kinds of elements whose text Streamlit reads as Markdown
READ_AS_MARKDOWN = ("title", "header", "subheader", "markdown", "caption", "warning", "error", "info", "success", "toast", "latex")

small_numbers = st.integers(1, 12).map(str)
names = st.sampled_from([name for choices in CHOICES.values() for name in choices])
hostile = st.builds("{}{}{}".format, st.text(max_size=6), st.sampled_from(MARKUP), st.text(max_size=6))
broken = st.sampled_from(
    ["", " ", "nan", "inf", "-1", "1e999", "0x10", "1_0", "9" * 400, "\x00", "a" * 5000, "None", "true", "%", "é", "🙂", ","]
)
texts = st.one_of(hostile, broken, st.text(max_size=30), names, small_numbers, st.sampled_from(sorted(CONTROLS)))
parameters = st.one_of(st.sampled_from(NAMES), st.sampled_from(NAMES), st.text(min_size=1, max_size=10), st.sampled_from(MARKUP))
addresses = st.dictionaries(parameters, st.lists(texts, min_size=1, max_size=2), max_size=5)


def opened(query: dict[str, list[str]], app: AppTest | None = None) -> AppTest:
    """The app at an address, of a new visitor or as the next of one. What it says of size is small, or too broken to be large."""
    app = app or AppTest.from_file(APP, default_timeout=PATIENCE)
    app.query_params.clear()
    for name, said in (SMALL | query).items():
        app.query_params[name] = said
    return app.run()


class Visit:
    """A visitor who goes from address to address, which is quick; the terms of a link are for new visitors."""

    def __init__(self) -> None:
        self.app: AppTest | None = None

    def at(self, query: dict[str, list[str]]) -> AppTest:
        on_terms = bool({*query} & {*PARAMETERS})
        app = opened(query, None if on_terms else self.app)
        self.app = None if on_terms or app.exception else app
        return app


@pytest.fixture(scope="module")
def visit() -> Visit:
    return Visit()


def shown(app: AppTest) -> str:
    """All that is read as Markdown: texts, labels, helps, what can be chosen."""
    words = [element.value for kind in READ_AS_MARKDOWN for element in getattr(app, kind, app.get(kind))]
    for kind in (app.selectbox, app.slider, app.select_slider, app.number_input, app.button, app.radio, app.multiselect):
        for widget in kind:
            words += [widget.label, widget.help or "", *getattr(widget, "options", ())]
    return "\n".join(str(word) for word in words)


def reflected(query: dict[str, list[str]], text: str) -> list[str]:
    """Markup of the address that stands in the text as it is."""
    said = "\n".join([*query, *(part for parts in query.values() for part in parts)])
    return [markup for markup in MARKUP if markup in said and markup in text]


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(addresses)
@example({name: ["<b>[x](http://y)$a$"] for name in NAMES})
@example({name: ["1", "<script>"] for name in NAMES})
@example({"lock": ["<b>,$a$,[x](http://y)"], "hide": ["**x**"], "ask": [":red[x]"], "own_seed": ["![x](y)"]})
def test_any_address_opens_and_nothing_comes_back_as_markup(visit, query):
    app = visit.at(query)
    assert not app.exception and not app.error
    assert app.title
    assert reflected(query, shown(app)) == []


def test_markup_that_came_back_would_be_seen():
    """Negative control: the complaints do name what was said, escaped; unescaped it would be found."""
    query = {"depth": ["<b>"], "[x](http://y)": ["1"]}
    warning = opened(query).warning[0].value
    assert plain("<b>") in warning and reflected(query, warning) == []
    assert reflected(query, warning.replace("\\", "")) == ["<b>", "[x](http://y)"]


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(addresses)
def test_any_address_is_a_config_and_a_sentence_for_what_was_lost(query):
    config, problems = url.parsed(query)
    assert config == settled(config)
    assert url.parsed({name: [text] for name, text in config.to_query().items()}) == (config, [])
    unknown = [name for name in query if name not in NAMES]
    assert len(problems) >= len(unknown)
    assert all(len(problem) < 400 and problem.endswith(".") for problem in problems)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(st.one_of(texts, st.lists(texts, max_size=5).map("~".join), st.lists(texts, max_size=5).map(".".join)))
def test_any_text_of_a_comparison_is_columns_and_sentences(text):
    found, problems = compare_text.read(text)
    assert compare_text.read(compare_text.written(found)) == (found, [])
    outside_code = "".join("\n".join(problems).split("`")[::2])
    assert reflected({"columns": [text]}, outside_code) == []


def test_a_link_of_a_newer_version_opens_and_says_what_it_ignored():
    app = opened({"activation": ["swiglu"], "dropout": ["0.1"], "lock": ["depth,dropout"], "hide": ["rope"]})
    text = app.warning[0].value
    assert all(
        plain(word) in text for word in ("swiglu", "'dropout' is not a setting", "'dropout' cannot be locked", "'rope' cannot be hidden")
    )
    assert app.select_slider(key="depth").disabled and app.select_slider(key="depth").value == 3


@pytest.mark.parametrize("cut", range(1, 30, 3))
def test_a_truncated_link_opens(cut):
    whole = "depth=5&width=16&inputs=2&trials=2&activation=relu&scheme=he&lock=depth,width&hide=seed&ask=1"
    pieces = [piece.partition("=") for piece in whole[:-cut].split("&")]
    app = opened({name: [text] for name, _, text in pieces if name})
    assert not app.exception and app.title


def test_repeated_and_contradictory_parameters_are_named():
    text = opened({"width": ["8", "16"], "view": ["z", "h"], "ask": ["1", "0"], "own_seed": ["1"], "seed": ["4"]}).warning[0].value
    for words in ("width is given 2 times", "view is given 2 times", "ask = '1, 0' is ignored", "seed 4 is ignored"):
        assert plain(words) in text


def test_many_complaints_are_counted():
    text = opened({f"unheard{n}": ["1"] for n in range(40)}).warning[0].value
    assert len(text.splitlines()) == 10 and "32 more" in text


def test_a_problem_is_named_on_every_page():
    """The sentence stands under the title, which all pages draw in the same way."""

    def script() -> None:
        from propagation.ui.widgets import controls
        from propagation.ui.widgets.page_header import opening

        controls.draw()
        opening("A page?", "A sentence.")

    app = AppTest.from_function(script)
    app.query_params["warp"] = "9"
    assert "warp" in app.run().warning[0].value


def test_names_of_parameters_do_not_clash():
    assert not {*FIELDS} & {*url.PAGE_PARAMETERS} and {*PARAMETERS} < {*url.PAGE_PARAMETERS}
    assert not Terms()
