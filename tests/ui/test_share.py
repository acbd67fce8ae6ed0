"""Handing an experiment on: links, terms and what a visitor on them can and cannot do; without a browser."""

from __future__ import annotations

from dataclasses import fields
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from propagation import qr
from propagation.config import Config
from propagation.labs import compare_text
from propagation.labs.compare import MOST_COLUMNS, Column
from propagation.locks import CONTROLS, Terms
from propagation.notation import markdown
from propagation.ui.session import url
from propagation.ui.widgets import share
from tests.patience import PATIENCE
from ui.shown import SMALL, opened

#: every field away from its default, with texts as long as they get
LONGEST = {
    "depth": 1999,
    "width": 999_999,
    "activation": "softsign",
    "scheme": "custom",
    "weight_variance": 12.345678901234567,
    "bias_variance": 0.12345678901234567,
    "weight_law": "truncated_gaussian",
    "width_profile": "bottleneck",
    "inputs": 1023,
    "input_law": "uniform",
    "input_variance": 123456.78901234567,
    "cost": "cross_entropy",
    "trials": 63,
    "seed": 2**32 - 1,
    "method": "dense",
    "weight_std": 12.345678901234567,
    "input_mean": -123.45678901234567,
    "first_weight_variance": 12.345678901234567,
    "bias_mean": -12.345678901234567,
    "normalization": "layer",
    "norm_position": "post",
    "keep": 0.12345678901234567,
}
#: what a residual network says beside these, and what it does not say
RESIDUAL = {
    "architecture": "residual",
    "branch_rule": "deepnorm",
    "branch_scale": 12.345678901234567,
    "branch_layers": 1,
    "expansion": 7,
    "block_order": "pre_activation",
    "skip_scale": 1.2345678901234567,
    "shared_blocks": True,
}
#: and what a transformer says
TRANSFORMER = {
    **{name: value for name, value in RESIDUAL.items() if name not in ("branch_layers", "block_order")},
    "architecture": "transformer",
    "input_law": "uniform",
    "width": 65536,
    "inputs": 16,
    "gated": True,
    "tokens": 64,
    "heads": 128,
    "causal": True,
    "token_correlation": 0.12345678901234567,
    "sublayers": "attention",
    "query_key_variance": 1234.5678901234567,
    "value_variance": 1234.5678901234567,
    "readout": "pooled",
}
#: and a convolution
CONVOLUTION = {"positions": 64, "taps": 9}
PLAIN = ("width_profile", "first_weight_variance")
#: fields without which a control is not drawn
SHOWN_WITH = {
    "weight_std": {"scheme": "std"},
    "norm_position": {"normalization": "layer"},
    **{name: {"architecture": "transformer", "tokens": "4"} for name in TRANSFORMER if name not in LONGEST},
    **{name: {"architecture": "residual"} for name in RESIDUAL},
    "gated": {"architecture": "residual"},
    **{name: {"architecture": "convolution"} for name in CONVOLUTION},
    "architecture": {},
}
#: fields that a link carries in place of others, with texts as long as a visitor likes
UNBOUNDED = {"layer_sizes"}


def told(app: AppTest, name: str) -> str | None:
    """What the address says of a parameter."""
    said = app.query_params.get(name)
    return said if isinstance(said, str) or said is None else said[-1]


def panel_of(app: AppTest) -> AppTest:
    """The panel, alone: its widgets run again without the page, which a test cannot do."""

    def script() -> None:
        from propagation.ui.session import experiment
        from propagation.ui.widgets import share

        experiment.sync_from_url()
        experiment.sync_to_url()
        share.draw()

    panel = AppTest.from_function(script, default_timeout=PATIENCE)
    for name, value in app.query_params.items():
        panel.query_params[name] = value
    panel.run()
    assert not panel.exception and not panel.error
    return panel


def handed_out(panel: AppTest) -> list[str]:
    """The texts that can be copied."""
    return [
        text.split('"text": "', 1)[1].split('", "label"', 1)[0].replace('\\"', '"')
        for text in (element.proto.json for element in panel.get("bidi_component") if element.proto.component_name == "copy_box")
    ]


def test_a_locked_control_is_shown_and_cannot_be_moved():
    app = opened(lock="depth,weight_variance", scheme="custom")
    assert app.select_slider(key="depth").disabled and app.select_slider(key="weight_variance").disabled
    assert app.number_input(key="weight_variance_exactly").disabled and app.selectbox(key="scheme").disabled
    assert not app.select_slider(key="width").disabled and not app.selectbox(key="activation").disabled
    assert any("locks" in caption.value and "Depth" in caption.value for caption in app.caption)
    assert "Locked" in app.select_slider(key="depth").help


def test_a_hidden_control_is_not_drawn_and_keeps_its_value():
    app = opened(hide="depth,seed,weight_variance", seed="5")
    keys = {widget.key for kind in (app.slider, app.select_slider, app.number_input, app.selectbox) for widget in kind}
    assert not keys & {"depth", "seed", "weight_variance", "weight_variance_exactly"} and "width" in keys
    app.select_slider(key="width").set_value(32).run()
    assert (told(app, "depth"), told(app, "seed"), told(app, "hide")) == ("6", "5", "depth,seed,weight_variance")


@pytest.mark.parametrize("control", [name for name in CONTROLS if name != "preset"])
def test_every_control_can_be_hidden_under_the_label_the_panel_shows(control):
    def drawn(app: AppTest) -> dict[str, str]:
        kinds = (app.slider, app.select_slider, app.number_input, app.selectbox, app.text_input, app.toggle)
        return {widget.key: widget.label for kind in kinds for widget in kind}

    shows_it = SHOWN_WITH.get(control, {})
    assert drawn(opened(**shows_it))[control] == markdown(CONTROLS[control])
    assert control not in drawn(opened(**shows_it, hide=control))


def test_all_hidden_leaves_no_empty_fold():
    app = opened(hide=",".join(CONTROLS))
    assert not app.sidebar.expander and not app.sidebar.slider


def test_a_preset_keeps_what_is_locked_and_says_so():
    app = opened(lock="depth", hide="seed")
    app.selectbox(key="preset").set_value("sigmoid_vanishing").run()
    assert (app.selectbox(key="activation").value, app.select_slider(key="depth").value) == ("sigmoid", 6)
    assert "Depth" in app.toast[0].value
    app.select_slider(key="width").set_value(32).run()
    assert not app.toast


def test_buttons_that_would_move_a_locked_control_are_shut():
    app = opened(lock="seed,weight_variance")
    buttons = [button for button in app.button if "Draw again" in button.label or "critical" in button.label]
    assert buttons and all(button.disabled for button in buttons)


def test_the_answer_waits_until_it_is_asked_for():
    app = opened(ask="1")
    assert app.title[0].value == "What do you expect?" and not app.header
    app.radio(key="expectation").set_value(0).run()
    app.button(key="reveal").click().run()
    assert app.title[0].value != "What do you expect?" and "layers" in app.header[0].value
    assert any("fade away" in caption.value for caption in app.caption)
    app.select_slider(key="depth").set_value(7).run()
    assert app.header and told(app, "ask") == "1"


def test_without_a_guess_the_answer_comes_too():
    app = opened(ask="1")
    app.button(key="reveal").click().run()
    assert app.header and not any("expected" in caption.value for caption in app.caption)


def test_everyone_gets_a_seed_of_their_own_that_a_reload_keeps():
    seeds = {told(opened(own_seed="1"), "seed") for _ in range(3)}
    assert len(seeds) > 1  # three alike: once in 10¹² times
    app = opened(own_seed="1", lock="seed")
    assert told(app, "own_seed") is None
    again = opened(**{name: told(app, name) for name in app.query_params})
    assert again.number_input(key="seed").value == app.number_input(key="seed").value != 0


def test_a_seed_beside_an_own_seed_is_ignored_with_a_word():
    assert "seed 7 is ignored" in opened(own_seed="1", seed="7").warning[0].value


def test_the_terms_stand_in_the_address_as_they_came():
    app = opened(lock="width,depth,nonsense")
    assert "nonsense" in app.warning[0].value
    app.selectbox(key="activation").set_value("relu").run()
    assert told(app, "lock") == "width,depth,nonsense" and not app.warning


def test_the_panel_hands_out_this_experiment():
    link, *_ = handed_out(panel_of(opened(seed="3", view="h")))
    said = parse_qs(urlsplit(link).query)
    assert {name: texts[0] for name, texts in said.items()} == SMALL | {"seed": "3", "view": "h"}


def test_a_teachers_link_is_put_together_and_read_back():
    panel = panel_of(opened(seed="3"))
    panel.multiselect(key="teach_lock").set_value(["depth", "activation"])
    panel.multiselect(key="teach_hide").set_value(["bias_variance"])
    panel.toggle(key="teach_ask").set_value(True)
    panel.toggle(key="teach_seed").set_value(True).run()
    said = parse_qs(urlsplit(handed_out(panel)[-1]).query)
    terms, problems = Terms.from_query(said)
    assert not problems and terms == Terms(frozenset({"depth", "activation", "seed"}), frozenset({"bias_variance"}), True, True)
    assert "seed" not in said and said["depth"] == ["6"]


def test_a_visitor_on_terms_hands_them_on_and_makes_none():
    panel = panel_of(opened(lock="depth", ask="1"))
    assert not panel.multiselect
    said = parse_qs(urlsplit(handed_out(panel)[0]).query)
    assert (said["lock"], said["ask"]) == (["depth"], ["1"])


@pytest.mark.parametrize("appearance", ["", "light", "dark"])
def test_the_snippet_is_one_frame_that_shows_the_link(appearance):
    frames = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            frames.append((tag, dict(attributes)))

    link = "https://example.org/phase?depth=6&activation=x%22%3E%3Cb%3E"
    Reader().feed(share.snippet(link, appearance, 700))
    [(tag, attributes)] = frames
    assert tag == "iframe" and attributes["height"] == "700" and attributes["title"]
    said = parse_qs(urlsplit(attributes["src"]).query)
    assert said["embed"] == ["true"] and said["depth"] == ["6"] and said["activation"] == ['x"><b>']
    assert said.get("embed_options", [""]) == [f"{appearance}_theme" if appearance else ""]


def test_links_stay_below_two_thousand_characters():
    """All fields away from their defaults and all terms; a formula of 200 characters beside them too, whatever it is made of."""
    assert {*LONGEST, *RESIDUAL, *TRANSFORMER, *CONVOLUTION} | UNBOUNDED == {field.name for field in fields(Config)}
    blocks = {name: value for name, value in LONGEST.items() if name not in PLAIN}
    for said in (LONGEST, blocks | RESIDUAL, blocks | TRANSFORMER):
        assert_short(Config(**said))


def assert_short(config: Config) -> None:
    page = {"view": "h", "over": "neurons"} | Terms(frozenset(CONTROLS), asks=True, room="x" * 32).to_query()
    link = url.link_from("https://a-rather-long-name-of-a-school.example.org/distributions", config, page)
    assert 400 < len(link) < share.MOST_CHARACTERS
    object.__setattr__(config, "activation", "+" * 200)  # three characters each, the worst there is
    assert len(url.link_from("https://a-rather-long-name-of-a-school.example.org/distributions", config, page)) < share.MOST_CHARACTERS


def test_a_link_that_is_too_long_says_what_makes_it_so():
    formula = "tanh(x) + " * 19 + "x"
    compared = [Column("custom", f"{formula} + {n}", "gaussian", 1.5) for n in range(MOST_COLUMNS)]
    link = url.link_from("https://example.org/compare", Config(), {"columns": compare_text.written(compared)})
    assert len(link) > share.MOST_CHARACTERS and "the comparison" in share.too_long(link)
    sizes = "-".join(["1000"] * 500)
    assert "the list of layer sizes" in share.too_long(url.link_from("https://example.org", Config(layer_sizes=sizes), {}))
    assert "the typed formula" in share.too_long("https://example.org/?activation=" + "x" * 3000 + "&depth=3")


def test_a_link_too_long_for_a_code_is_still_handed_out():
    def script() -> None:
        from propagation.ui.components.qr_code import qr_code

        qr_code("https://example.org/?" + "x" * 3000, "long")

    app = AppTest.from_function(script).run()
    assert not app.exception and f"{qr.MOST_BYTES:,}" in app.info[0].value
