"""The numbers that the app hands out: right, readable by other tools, and enough to make them again."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from propagation.config import Config
from propagation.engine.network import simulate
from propagation.export.numbers import columns_explained, table, to_csv, to_json
from propagation.theory.op import NoLaw
from propagation.theory.prediction import predict

CONFIG = Config(depth=7, width=20, inputs=4, trials=5, width_profile="funnel", seed=3)
DEAD = Config(depth=3, width=16, activation="relu", weight_variance=0, bias_variance=0, trials=2)
RESIDUAL = Config(depth=3, width=20, inputs=4, trials=5, architecture="residual", expansion=3, normalization="layer", input_law="digits")
#: theory has no line for these
POST_ACTIVATION = replace(RESIDUAL, block_order="post_activation")


def predicted(config: Config):
    try:
        return predict(config)
    except NoLaw:
        return None


def table_of(config: Config):
    return table(simulate(config), predicted(config), link="http://localhost/?seed=3")


def data_lines(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


@pytest.mark.parametrize("config", [CONFIG, RESIDUAL, POST_ACTIVATION], ids=lambda config: config.block_order)
def test_columns_are_what_was_measured(config):
    trace, columns = simulate(config), table_of(config).columns
    prediction = predicted(config)
    np.testing.assert_allclose(columns["weight_variance"], 1.5)
    for signal in trace.signals:
        for moment, values in (
            ("second_moment", trace.signal(signal).log10_second_moment),
            ("variance", trace.signal(signal).log10_variance),
        ):
            ordered = np.sort(values, axis=0)
            expected = {"median": np.median(values, axis=0), "mean": values.mean(axis=0), "low": ordered[0], "high": ordered[4]}
            expected["predicted"] = getattr(prediction.signal(signal), f"log10_{moment}") if prediction else np.full(config.depth, np.nan)
            for statistic, column in expected.items():
                np.testing.assert_allclose(columns[f"{signal}_{moment}_{statistic}"], column, atol=6e-7)


def test_fans_are_those_of_the_first_map():
    columns = table_of(CONFIG).columns
    assert columns["fan_in"].tolist() == list(CONFIG.widths[:-1]) and columns["fan_out"].tolist() == list(CONFIG.widths[1:])
    columns = table_of(RESIDUAL).columns
    assert columns["fan_in"].tolist() == [20] * 3 and columns["fan_out"].tolist() == [60] * 3


def test_a_file_explains_the_columns_it_has():
    for config in (CONFIG, RESIDUAL, replace(CONFIG, normalization="batch")):
        explained = columns_explained(config)
        said = {name for names in explained for name in names.split(", ")}
        for column in table_of(config).columns:
            assert column in said or any(column.startswith(f"{name}_") for name in said), column
        assert ("stream" in said) == (config.architecture == "residual")
        assert any("couples" in meaning for meaning in explained.values()) == (config.normalization == "batch")


def test_csv_loads_in_other_tools():
    numbers = table_of(CONFIG)
    text = to_csv(numbers)
    loaded = np.genfromtxt(io.StringIO(data_lines(text)), delimiter=",", names=True)
    assert loaded.dtype.names == tuple(numbers.columns)
    for name, column in numbers.columns.items():
        np.testing.assert_array_equal(loaded[name], column)
    rows = list(csv.DictReader(io.StringIO(data_lines(text))))
    assert len(rows) == 7 and float(rows[2]["delta_variance_mean"]) == numbers.columns["delta_variance_mean"][2]
    assert "seed = 3" in text and "http://localhost/?seed=3" in text
    np.testing.assert_array_equal(np.genfromtxt(io.StringIO(text), delimiter=",", skip_header=text.count("#") + 1)[:, 0], range(1, 8))


def test_pandas_reads_the_comments_too():
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(io.StringIO(to_csv(table_of(DEAD))), comment="#")
    assert frame["z_second_moment_median"].tolist() == [-np.inf] * 3


@pytest.mark.parametrize("own", [CONFIG, replace(CONFIG, layer_sizes="7-5-3", first_weight_variance=0.5, input_mean=1.0), RESIDUAL])
def test_json_makes_the_same_numbers_again(own):
    document = json.loads(to_json(table_of(own)))
    config, problems = Config.from_query(document["config"])
    assert (config, problems) == (own, [])
    again = json.loads(to_json(table_of(config)))
    assert again == document
    assert json.loads(to_json(table_of(replace(config, seed=4))))["layers"] != document["layers"]  # negative control
    assert document["versions"]["numpy"] == np.__version__ and document["link"].endswith("seed=3")


@pytest.mark.parametrize("prediction", [None, predict(DEAD)])
def test_json_has_no_infinite_numbers_and_says_why(prediction):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    text = to_json(table(simulate(DEAD), prediction))
    layer = json.loads(text, parse_constant=refuse)["layers"][0]
    assert layer["z_second_moment_median"] is None and layer["null_because"]["z_second_moment_median"] == "exactly zero"
    if prediction is None:
        assert layer["null_because"]["delta_variance_predicted"] == "no prediction"
    assert "null_because" not in json.loads(to_json(table_of(CONFIG)))["layers"][0]


def test_a_formula_stays_on_its_line():
    config = replace(CONFIG, activation="x*sigmoid(1.7*x)")
    lines = to_csv(table(simulate(config))).splitlines()
    assert sum(not line.startswith("#") for line in lines) == 8
    assert any("x*sigmoid(1.7*x)" in line for line in lines)
