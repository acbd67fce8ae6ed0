"""The examples of the README, run as they stand there, and what the package hands out to a notebook."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

import propagation.charts
from propagation import Config, predict, simulate
from propagation.charts import Curves, compare_chart, signals_chart

README = (Path(__file__).parent.parent / "README.md").read_text()


def outcomes(source: str) -> list[Any]:
    """Run a piece of Python as a notebook does, and return the values of its expressions in order."""
    names: dict[str, Any] = {}
    values = []
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Expr):
            values.append(eval(compile(ast.Expression(statement.value), "README", "eval"), names))
        else:
            exec(compile(ast.Module([statement], []), "README", "exec"), names)
    return values


def test_the_example_of_the_readme_runs_and_gives_what_it_says():
    examples = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "signals_chart" in block]
    assert len(examples) == 1
    delta, headline, figure = outcomes(examples[0])
    assert delta.shape == (Config().trials, 50)
    assert f"# {headline!r}" in examples[0]
    assert isinstance(figure, go.Figure) and {"z", "delta", "weight_gradient"} <= {trace.name for trace in figure.data}
    assert "plotly" in figure._repr_html_(), "a notebook shows it"


def test_the_example_of_the_docstring_runs():
    docstring = inspect.getdoc(propagation.charts) or ""
    source = "\n".join(line.removeprefix("    ") for line in docstring.splitlines() if line.startswith("    "))
    (figure,) = outcomes(source)
    assert isinstance(figure, go.Figure) and figure.layout.font.color == "#E8EDF3"


def test_figures_of_several_networks_are_public_too():
    configs = [Config(depth=4, width=16, weight_variance=variance) for variance in (1.0, 2.0)]
    figure = compare_chart([Curves(place, f"σ_w² {c.weight_variance}", simulate(c), predict(c)) for place, c in enumerate(configs)])
    assert {trace.name for trace in figure.data if trace.showlegend} == {"σ_w² 1.0", "σ_w² 2.0"}


def test_a_public_figure_can_be_saved_as_a_page(tmp_path):
    config = Config(depth=3, width=8, trials=2)
    signals_chart(simulate(config)).write_html(tmp_path / "figure.html")
    assert (tmp_path / "figure.html").stat().st_size > 1e6


def test_whoever_wants_numbers_alone_loads_no_charts():
    source = "import sys, propagation; sys.exit(bool({'plotly', 'streamlit', 'propagation.charts'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", source], cwd=Path(__file__).parent.parent).returncode == 0
