"""Every lab keeps to one protocol: what it uses of a config, progress up to 1, the way out by raising, a result that stays as it is."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from dataclasses import replace
from itertools import pairwise

import pytest

from propagation import labs as package
from propagation.config import Config
from propagation.labs import width
from propagation.labs.compare import FIRST, GLOROT_2010
from propagation.labs.protocol import Lab, part_of, reported
from propagation.labs.trainability import training_by
from propagation.labs.training import Recipe
from propagation.papers import PAPERS
from propagation.presets import PRESETS

SMALL = Config(depth=3, width=16, inputs=3, trials=2, seed=7)
#: modules that measure nothing of one config by themselves, and why
OTHERS = {
    "protocol": "says what a lab is",
    "watch": "runs what others look at",
    "block_plane_text": "says in words what a plane of theory shows",
    "training": "goes on from snapshot to snapshot",
    "trainability": "trains by a recipe, see `training_by`",
    "sweep": "trains a grid of networks",
    "slider_sweep": "runs one experiment at many values, as planned",
    "race": "trains several networks in step",
    "compare": "sets several configs side by side",
    "compare_networks": "sets networks of several architectures side by side",
    "compare_text": "writes such a comparison into an address",
    "gain_text": "puts rules of theory into words",
    "reading": "makes a table that ships, and reads it",
    "reading_text": "puts that table into words",
    "measures": "takes one number from what the lab of a chart found",
}


def labs_of(name: str) -> list[Lab]:
    """The labs that a module makes itself."""
    module = importlib.import_module(f"propagation.labs.{name}")
    values = [value for value in vars(module).values() if isinstance(value, (Lab, dict))]
    found = [lab for value in values for lab in (value.values() if isinstance(value, dict) else [value])]
    return [lab for lab in found if isinstance(lab, Lab) and lab.measure.__module__ == module.__name__]


MODULES = [module.name for module in pkgutil.iter_modules(package.__path__)]
LABS = {lab.name: lab for name in MODULES for lab in labs_of(name)} | {"training": training_by(Recipe(steps=20, batch=8))}
REPEATED = {f"paper {name}": paper.lab for name, paper in PAPERS.items()}

every_lab = pytest.mark.parametrize("lab", LABS.values(), ids=LABS)
every_lab_and_paper = pytest.mark.parametrize("lab", (LABS | REPEATED).values(), ids=LABS | REPEATED)


@pytest.fixture(autouse=True)
def few_numbers(monkeypatch):
    """The widest networks take seconds, and do nothing that the narrow ones do not."""
    monkeypatch.setattr(width, "MOST_DRAWN", 10_000)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_a_lab_or_a_reason_why_not(name):
    assert bool(labs_of(name)) != (name in OTHERS)


def test_names_are_no_other_labs():
    names = {lab.name: lab for lab in (LABS | REPEATED).values()}
    assert len(names) == len(LABS | REPEATED) and set(OTHERS) <= set(MODULES)
    assert {name for module in MODULES for name in (lab.name for lab in labs_of(module))} <= set(names)


@pytest.mark.parametrize("preset", PRESETS)
@every_lab_and_paper
def test_what_a_lab_uses_it_uses_whole(lab, preset):
    own = lab.uses(PRESETS[preset].config)
    assert lab.uses(own) == own


@pytest.mark.parametrize("sizes", ["1-1", "1-40-2", "70-2000-30-1", "-".join(["9"] * 150)])
@every_lab
def test_a_lab_takes_layers_of_any_sizes(lab, sizes):
    own = lab.uses(Config(layer_sizes=sizes))
    assert lab.uses(own) == own
    if lab.name != "training":
        lab.measure(replace(own, trials=min(own.trials, 2)) if lab.name != "width" else own)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("column", FIRST + GLOROT_2010, ids=lambda column: column.label)
def test_what_a_column_uses_it_uses_whole(column, preset):
    own = column.uses(PRESETS[preset].config)
    assert column.uses(own) == own


@every_lab
def test_progress_rises_to_one_and_the_result_is_frozen(lab):
    shares: list[float] = []
    result = lab(SMALL, shares.append)
    assert shares and all(before <= after for before, after in pairwise(shares)) and shares[-1] == pytest.approx(1)
    assert 0 <= shares[0] <= 1
    for part in parts_of(result):
        assert dataclasses.is_dataclass(part)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(part, dataclasses.fields(part)[0].name, None)


def parts_of(result) -> list:
    """A result, or what a tuple or a dict of them holds."""
    return list(result.values()) if isinstance(result, dict) else list(result) if isinstance(result, tuple) else [result]


@every_lab
def test_nobody_needs_to_listen(lab):
    assert lab(SMALL) is not None


class Gone(Exception):
    """A visitor has moved on."""


@every_lab
def test_whoever_moves_on_stops_it_at_once(lab):
    shares = []

    def leave(share: float) -> None:
        shares.append(share)
        raise Gone

    with pytest.raises(Gone):
        lab(replace(SMALL, seed=8), leave)
    assert len(shares) == 1


def test_a_part_of_the_work_is_a_part_of_its_progress():
    shares: list[float] = []
    part_of(shares.append, 0.5, 1.0)(0.5)
    assert shares == [0.75] and part_of(None, 0.0, 1.0) is None


def test_pieces_are_reported_after_they_are_done():
    seen: list[object] = []
    for item in reported("ab", seen.append):
        seen.append(item)
    assert seen == ["a", 0.5, "b", 1.0] and list(reported("ab", None)) == ["a", "b"]
