"""Numbers: the curves of one experiment as a table, one row a layer, and that table as CSV or JSON that say by themselves what they are."""

from __future__ import annotations

import csv
import io
import json
import math
import platform
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from propagation.architecture import is_coupled, linear_maps, signals_of
from propagation.config import Config
from propagation.engine.trace import Trace
from propagation.expressions import lookup
from propagation.ops import FIRST_MAPS
from propagation.signals import BACKWARD, FORWARD, SIGNALS
from propagation.trials import over_trials, sizes_over_trials

#: decimals of a logarithm, which is as far as gradients in single precision go
_DECIMALS = 6
_MOMENTS = {"second_moment": "log10_second_moment", "variance": "log10_variance"}
_STATISTICS = ("median", "mean", "low", "high", "predicted")

TITLE = "Signal Propagation Explorer: sizes in every layer of a network that has learned nothing yet"


def columns_explained(config: Config) -> dict[str, str]:
    """Return what the columns of a config's table mean, by their names."""
    plain = not config.has_stream
    cost = "C, the sum of all inputs' costs, which batch norm couples" if is_coupled(config) else "one input's cost C"
    signals = signals_of(config)
    directions = (([name for name in signals if name in FORWARD], ""), ([name for name in signals if name in BACKWARD], f" of {cost}"))
    return {
        "layer": "1 is the first layer, whose input has fan_in numbers" if plain else "a layer is a residual block; 1 is the first",
        "fan_in, fan_out": "neurons before and after " + ("the layer's weights" if plain else "the first weights of the block's branch"),
        "weight_variance": "σ_w² = fan_in · Var[W] as drawn, median over draws" + ("" if plain else ", of those weights"),
        **{", ".join(names): " and ".join(SIGNALS[name].meaning for name in names) + end for names, end in directions},
        "second_moment, variance": "over all neurons (entries) and inputs of one draw, as log10; dimensionless",
        "median, mean": "over draws, of the log10",
        "low, high": "the draws that bound the band from 10 to 90 %",
        "predicted": "exact theory of infinitely wide layers; nan, in JSON null, where there is none",
    }


@dataclass(frozen=True)
class Table:
    """The numbers of one experiment: `columns` by name, all (depth,) arrays; `draws` networks were measured."""

    config: Config
    columns: dict[str, np.ndarray]
    link: str = ""


def table(trace: Trace, prediction=None, link: str = "") -> Table:
    """Return one row a layer: fans, σ_w², then of every signal log10 of second moment and variance.

    Of each: median, mean, and the draws at 10 and 90 % as the chart's band has them, and what theory predicts (NaN without one). What is
    exactly zero is −inf. `link` is the address that shows the experiment.
    """
    config = trace.config
    first_maps = [op for op in linear_maps(config) if op.name in FIRST_MAPS]
    columns: dict[str, np.ndarray] = {
        "layer": np.arange(1, config.depth + 1),
        "fan_in": np.array([op.fan_in for op in first_maps]),
        "fan_out": np.array([op.fan_out for op in first_maps]),
        "weight_variance": _rounded(over_trials(trace.weight_variance).median, significant=True),
    }
    for signal, moments in trace.signals.items():
        for moment, attribute in _MOMENTS.items():
            values = getattr(moments, attribute)
            predicted = getattr(prediction.signal(signal), attribute) if prediction and signal in prediction.signals else None
            for statistic, column in zip(_STATISTICS, _statistics(values, predicted), strict=True):
                columns[f"{signal}_{moment}_{statistic}"] = _rounded(column)
    return Table(config, columns, link)


def to_csv(numbers: Table) -> str:
    """Return comment lines that begin with #, a line of names, one line a layer; zero is -inf and an absent prediction nan."""
    out = io.StringIO()
    out.writelines(f"# {line}\n" for line in _about(numbers))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(numbers.columns)
    writer.writerows(zip(*(column.tolist() for column in numbers.columns.values()), strict=True))
    return out.getvalue()


def to_json(numbers: Table) -> str:
    """Return one object: what it is, config, versions, what columns mean, a list of layers. No number is inf or NaN: null, with a word."""
    layers = []
    for place in range(numbers.config.depth):
        row: dict[str, Any] = {name: _plain(column[place]) for name, column in numbers.columns.items()}
        missing = {name: _word(column[place]) for name, column in numbers.columns.items() if row[name] is None}
        layers.append(row | ({"null_because": missing} if missing else {}))
    document = {
        "title": TITLE,
        "link": numbers.link,
        "config": asdict(numbers.config),
        "versions": versions(),
        "columns": columns_explained(numbers.config),
        "layers": layers,
    }
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def versions() -> dict[str, str]:
    """Return what the numbers depend on beside the config: the random streams are NumPy's."""
    return {"python": platform.python_version(), "numpy": np.__version__}


def _statistics(values: np.ndarray, predicted: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """Return median, mean, low, high over trials (T, depth), and the prediction, each (depth,). What is not a number counts as gone."""
    median, low, high = sizes_over_trials(values)
    mean = np.where(np.isnan(values), -np.inf, values).mean(axis=0)
    theory = np.full(values.shape[1], np.nan) if predicted is None else np.asarray(predicted, dtype=float)
    return median, mean, low, high, theory


def _rounded(values: np.ndarray, significant: bool = False) -> np.ndarray:
    if significant:
        return np.array([float(f"{value:.7g}") for value in values])
    return np.round(values, _DECIMALS) + 0.0  # and no −0


def _about(numbers: Table) -> list[str]:
    """Return the comment lines of a CSV: each of them one line, whatever a formula holds."""
    config = ", ".join(f"{name} = {value}" for name, value in asdict(numbers.config).items())
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    lines = [TITLE, f"activation: {lookup(numbers.config.activation).label}", config, used]
    lines += [f"link: {numbers.link}"] * bool(numbers.link)
    return [*lines, *(f"{name}: {meaning}" for name, meaning in columns_explained(numbers.config).items())]


def _plain(value: np.generic) -> int | float | None:
    number = value.item()
    return number if math.isfinite(number) else None


def _word(value: np.floating) -> str:
    if np.isnan(value):
        return "no prediction"
    return "exactly zero" if value < 0 else "infinite"
