"""A field is declared once, in Config: everything that asks about it reads its declaration."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Widget

from propagation.config import DEFAULTS, FIELDS, Config
from propagation.fields import Choice, Flag, Number, Text, in_order_of_controls
from propagation.locks import CONTROLS
from propagation.notation import markdown
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "propagation").rglob("*.py"))
#: fields that a dict may set without being a table of them: the scenes of a page set up to so many
MOST_NAMED = 9

EXTRA = """
    pace: int = declared(Number, 3, label="Pace", help="How fast.", option="how fast", bounds=(1, 9), steps=(1, 3, 9), smaller=(1,))
    share: float = declared(Number, 0.5, label="Share", help="How much.", option="how much", bounds=(0.0, 1.0), step=0.1, format="%g")
    twist: str = declared(Choice, "no", label="Twist", help="Which way.", option="which way", choices={"no": "none", "left": "to the left"})
    tied: bool = declared(Flag, False, label="Tied", help="Whether tied.", option="tie them", below="weight_law")

"""


def script() -> None:
    from propagation.ui.widgets import controls

    controls.draw()


def drawn(**query: str) -> dict[str, str]:
    """The widgets of the whole sidebar, key → label, in their order; without those of a locked or hidden field."""
    app = AppTest.from_function(script, default_timeout=PATIENCE)
    app.session_state["more"] = True
    for name, text in query.items():
        app.query_params[name] = text
    app.run()
    assert not app.exception
    return {widget.key: widget.label for widget in app.sidebar if isinstance(widget, Widget) and widget.key}


def test_every_field_is_declared_with_all_there_is_to_know():
    assert [*FIELDS] == [*DEFAULTS] == [field.name for field in fields(Config)]
    for name, field in FIELDS.items():
        assert field.label and field.option and field.help.endswith("."), name
        assert isinstance(field, Choice | Number | Flag | Text)
        assert not isinstance(field, Choice) or DEFAULTS[name] in field.choices
        assert not isinstance(field, Number) or field.optional or field.bounds[0] <= DEFAULTS[name] <= field.bounds[1]
        assert field.checked(name, DEFAULTS[name]) == DEFAULTS[name]
    labels = [field.label for field in FIELDS.values()]
    assert len({*labels}) == len(labels), "sliders are told apart by their labels"


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, field in FIELDS.items() if isinstance(field, Number)])
def test_sliders_stay_within_the_bounds_and_reach_them(name, field):
    low, high = field.bounds
    for places in (field.steps, field.slider_ends, field.smaller):
        assert all(low <= place <= high for place in places)
    assert not field.steps or (field.steps[0], field.steps[-1]) == field.bounds
    assert not field.slider_ends or field.slider_ends[-1] == high
    assert [*field.steps] == sorted({*field.steps}) and [*field.smaller] == sorted({*field.smaller}, reverse=True)


def test_every_field_has_a_control_in_the_order_of_the_locks():
    widgets = drawn(scheme="std")  # the one that asks for a number of its own
    assert [*drawn()] == [key for key in widgets if key != "weight_std"]
    for modern in (
        drawn(architecture="residual", normalization="layer"),
        drawn(architecture="transformer", tokens=4),
        drawn(architecture="convolution"),
    ):
        everything = [key for key in CONTROLS if key in widgets or key in modern]
        assert [key for key in modern if key in CONTROLS] == [key for key in everything if key in modern]
        widgets = {key: (widgets | modern)[key] for key in [*everything, *widgets, *modern]}
    assert [key for key in widgets if key in CONTROLS] == [*CONTROLS] == ["preset", *in_order_of_controls(FIELDS)]
    assert all(widgets[name] == markdown(field.label) for name, field in FIELDS.items())


def tables_of_fields(tree: ast.AST) -> list[int]:
    """Lines of the dicts that say something of more fields than a few."""
    tables = {node.lineno: {getattr(key, "value", None) for key in node.keys} for node in ast.walk(tree) if isinstance(node, ast.Dict)}
    return [line for line, keys in tables.items() if len(keys & FIELDS.keys()) > MOST_NAMED]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_there_is_no_second_table_of_fields(path):
    assert tables_of_fields(ast.parse(path.read_text())) == []


def test_a_second_table_would_be_seen():
    """Negative control."""
    assert tables_of_fields(ast.parse(repr(dict.fromkeys(FIELDS, "help"))))


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> dict:
    """What the app says of four fields more, each of which is one declaration in a copy of block_fields.py."""
    root = tmp_path_factory.mktemp("extended")
    for folder in ("propagation", "assets", "tests"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "screenshots"))
    declarations = root / "propagation" / "block_fields.py"
    declarations.write_text(declarations.read_text().rstrip() + EXTRA.rstrip() + "\n")
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=root, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


ASKED = """
import contextlib, io, json, sys
sys.path += [".", "tests"]
from propagation.__main__ import main
from propagation.budget import _SMALLER
from propagation.config import Config
from propagation.locks import Terms, labels
from propagation.slider_steps import positions
from test_fields import drawn

def printed(*arguments):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main(arguments)
        except SystemExit:
            pass
    return out.getvalue()

given = {"pace": "9", "share": "0.25", "twist": "left", "tied": "1"}
config, problems = Config.from_query(given)
refused = Config.from_query({"pace": "10", "share": "much", "twist": "right", "tied": "perhaps"})
print(json.dumps({
    "config": [config.pace, config.share, config.twist, config.tied], "problems": problems, "query": config.to_query(),
    "same": refused[0] == Config(), "refused": refused[1],
    "link": printed("--pace", "9", "--share", "0.25", "--twist", "left", "--tied", "--link"), "help": printed("--help"),
    "locked": labels(Terms.from_query({"lock": ["tied,pace,share,twist"]})[0].locked), "smaller": _SMALLER["pace"],
    "steps": [*positions("pace", Config()).values()], "drawn": drawn(), "hidden": drawn(hide="pace,tied"),
}))
"""


class TestOneDeclaration:
    """Four fields that Config does not have, one of each kind, are everywhere once they are declared."""

    def test_the_address_reads_and_writes_them(self, extended):
        assert extended["config"] == [9, 0.25, "left", True] and extended["problems"] == []
        assert extended["query"] == {"pace": "9", "share": "0.25", "twist": "left", "tied": "1"}

    def test_what_they_cannot_be_is_refused_in_words(self, extended):
        assert extended["same"]
        for words in (
            "pace = 10 is out of range: a whole number from 1 to 9",
            "share = 'much' is not a number. It stays at 0.5",
            "no, left",
            "1 nor 0",
        ):
            assert any(words in sentence for sentence in extended["refused"]), words

    def test_the_command_line_takes_them(self, extended):
        assert extended["link"].strip().endswith("?pace=9&share=0.25&twist=left&tied=1")
        for words in ("--pace N", "--share X", "--twist {no,left}", "--tied, --no-tied", "how fast (default: 3); from 1 to 9"):
            assert words in extended["help"]

    def test_they_can_be_locked_and_hidden(self, extended):
        assert extended["locked"] == "Tied, Pace, Share and Twist"
        assert {*extended["drawn"]} - {*extended["hidden"]} == {"pace", "tied"}

    def test_they_have_a_control_in_the_folded_part(self, extended):
        keys = [*extended["drawn"]]
        assert keys[keys.index("weight_law") + 1] == "tied" and keys[-3:] == ["pace", "share", "twist"]
        assert [extended["drawn"][key] for key in keys[-3:]] == ["Pace", "Share", "Twist"]

    def test_sliders_and_the_budget_know_their_steps(self, extended):
        assert extended["steps"] == [1, 3, 9] and extended["smaller"] == [1]
