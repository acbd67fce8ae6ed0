"""The command line: `python -m propagation --activation relu --scheme he --depth 50` prints the table and the verdict of one experiment."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from propagation import locks
from propagation.config import DEFAULTS, FIELDS, SIZED, Config
from propagation.diagnosis import diagnose
from propagation.engine.cost import work
from propagation.engine.network import simulate
from propagation.export import words
from propagation.export.code import FRAMEWORKS, snippet
from propagation.export.numbers import table, to_csv, to_json
from propagation.fields import Choice, Field, Number, Text, text_of
from propagation.formatting import number
from propagation.initializers import SCHEMES
from propagation.presets import PRESETS
from propagation.rules import LIBRARY_DEFAULTS, moved, overruled, settled
from propagation.theory.op import NoLaw
from propagation.theory.prediction import Prediction, predict
from propagation.ui import pages

OK, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
#: where `streamlit run app.py` answers
HERE = "http://localhost:8501/"
#: numbers that a scheme may bring itself
_OF_SCHEMES = ("weight_variance", "weight_std", "bias_variance")
#: what measures a visitor's own network: one file, printed as it is
PROBE = Path(__file__).with_name("probe.py")
#: what the command line takes on
MOST_BYTES, MOST_SECONDS = 8 * 2**30, 1800.0
#: seconds of work from which on a terminal is told how far it is
_PATIENCE = 1.0
#: complaints about an address that are told one by one
_MOST_PROBLEMS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 if it failed or was refused, 2 for wrong arguments, 130 if it was interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without σ shows ? in its place
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr, flush=True)
        return INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.probe:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")  # as Python reads it, wherever it is sent
        print(PROBE.read_text(encoding="utf-8"), end="")
        return OK
    try:
        config = _experiment(given)
    except ValueError as error:
        parser.error(str(error))
    # an address that says nothing of an experiment opens another page
    query = config.to_query() or {pages.PARAMETER: pages.EXPERIMENTS}
    link = f"{(given.link or HERE).split('?')[0]}?{urlencode(query)}"
    if given.link is not None:
        print(link)
        return OK
    if given.code:
        if problem := FRAMEWORKS[given.code].why_not(config):
            parser.error(problem)
        print(snippet(config, given.code), end="")
        return OK
    estimate = work(config)
    if estimate.bytes > MOST_BYTES or estimate.seconds > MOST_SECONDS:
        print(
            f"This would take {number(estimate.bytes / 2**30)} GB and {number(estimate.seconds / 60)} minutes; the command line stops at "
            f"{number(MOST_BYTES / 2**30)} GB and {number(MOST_SECONDS / 60)} minutes. Lower width, depth, inputs or trials.",
            file=sys.stderr,
        )
        return FAILED
    trace = simulate(config, _progress())
    prediction, no_law = _predicted(config)
    numbers = table(trace, prediction, link)
    if given.json:
        print(to_json(numbers), end="")
    elif given.csv:
        print(to_csv(numbers), end="")
    else:
        verdict = words.verdict_text(diagnose(trace, prediction))
        print(words.settings(config), words.table_text(numbers, given.all_layers), verdict, sep="\n\n")
    if no_law:
        print(no_law, file=sys.stderr if given.json or given.csv else sys.stdout)
    return OK


def _predicted(config: Config) -> tuple[Prediction | None, str]:
    """Return what theory expects, or None and a sentence that says why there is no such thing."""
    try:
        return predict(config), ""
    except NoLaw as reason:
        return None, str(reason)


def _parser() -> argparse.ArgumentParser:
    """Return a parser with one option a field of Config, in a group of its own, and what to do with the experiment."""
    parser = argparse.ArgumentParser(
        prog="python -m propagation",
        description="Pushes a batch through random networks, pulls gradients back, and prints what every layer measures beside the theory.",
        usage="%(prog)s [--preset NAME | --from-link URL] [the experiment] [--all-layers | --json | --csv | --link | --code NAME]",
        epilog="Start the app itself with: streamlit run app.py",
        allow_abbrev=False,
    )
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--preset", choices=PRESETS, metavar="NAME", help=f"begin from one of {', '.join(PRESETS)}")
    start.add_argument("--from-link", metavar="URL", help="begin from an address of the app; what it cannot read is said on stderr")
    experiment = parser.add_argument_group("the experiment")
    for name, field in FIELDS.items():
        experiment.add_argument(f"--{name.replace('_', '-')}", **_option(field, DEFAULTS[name]))
    output = parser.add_argument_group("what to print").add_mutually_exclusive_group()
    output.add_argument("--all-layers", action="store_true", help="every layer in the table, however deep")
    output.add_argument("--json", action="store_true", help="all numbers, with the experiment and what they mean")
    output.add_argument("--csv", action="store_true", help="the same as a table; comment lines begin with #")
    output.add_argument("--link", nargs="?", const=HERE, metavar="BASE", help=f"only the address that shows it (BASE: {HERE})")
    output.add_argument("--code", choices=FRAMEWORKS, help="a script that draws this initialization and measures these curves")
    output.add_argument("--probe", action="store_true", help="probe.py, one file that measures a network of your own in PyTorch")
    return parser


def _option(field: Field, default: Any) -> dict[str, Any]:
    """Return what argparse needs to know of the option of a field."""
    about = f"{field.option} (default: {default})".replace("%", "%%")
    if isinstance(field, Number):
        kind, low, high = (int, *map("{:,}".format, field.bounds)) if field.whole else (float, *map(number, field.bounds))
        about = field.option if field.optional else about
        return {"type": kind, "metavar": "N" if field.whole else "X", "help": f"{about}; from {low} to {high}"}
    if isinstance(field, Text):
        return {"metavar": "TEXT", "help": about if default else field.option}
    if isinstance(field, Choice):
        return {"help": about} | ({"choices": field.choices} if field.lookup is None else {"metavar": "NAME"})
    return {"help": about, "action": argparse.BooleanOptionalAction}


def _experiment(given: argparse.Namespace) -> Config:
    """Return the config that the arguments describe; ValueError names the field, its value and what is allowed."""
    values = {name: value for name in FIELDS if (value := getattr(given, name)) is not None}
    config = PRESETS[given.preset].config if given.preset else _linked(given.from_link) if given.from_link is not None else Config()
    if "scheme" in values and values["scheme"] in LIBRARY_DEFAULTS:
        values.setdefault("weight_law", SCHEMES[values["scheme"]].law)  # a library's default means its law too
    for name in ("weight_variance", "weight_std"):
        if name in values and "scheme" not in values:
            config = moved(config, name, values[name])[0]  # which makes the scheme custom, or that of a stated std, as on the page
    if "branch_scale" in values and "branch_rule" not in values:
        config = replace(config, branch_rule="custom")  # as on the page, too
    sized = next((name for name in SIZED if name in values), "")
    if sized and values.get("layer_sizes"):
        raise ValueError(f"{sized} = {values[sized]} would not be used: layer_sizes says it; leave one of them out")
    config = replace(config, layer_sizes="" if sized else config.layer_sizes)
    config = replace(config, **values)
    unused = next((name for name in _OF_SCHEMES if name in values and _overruled(config, name)), None)
    if unused:
        raise ValueError(
            f"{unused} = {values[unused]:g} would not be used: scheme = {config.scheme!r} brings its own; leave one of them out"
        )
    kept = settled(config)
    unused = next((name for name in values if name not in _OF_SCHEMES and getattr(kept, name) != getattr(config, name)), None)
    if unused:
        raise ValueError(f"{unused} = {text_of(values[unused])} would not be used in this network; leave it out")
    return kept


def _overruled(config: Config, name: str) -> bool:
    """Return whether the scheme says what this number is."""
    takers = {"weight_variance": "custom", "weight_std": "std"}
    return config.scheme != takers[name] if name in takers else overruled(config, name)


def _linked(url: str) -> Config:
    """Return the config of an address; what it also says and is ignored goes to stderr."""
    if not url.strip():
        raise ValueError(f"from_link is empty: give the address of an experiment, such as {HERE}?activation=relu&depth=20")
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    if not query:
        print("This address says nothing about the experiment: it is the one the app opens with.", file=sys.stderr)
    pages_own = {pages.PARAMETER, *pages.PARAMETERS, *locks.PARAMETERS}
    kept = {name: texts for name, texts in query.items() if name not in pages_own and not name.startswith("embed")}
    config, problems = Config.from_query(kept)
    for problem in problems[:_MOST_PROBLEMS]:
        print(problem, file=sys.stderr)
    if more := len(problems[_MOST_PROBLEMS:]):
        print(f"And {more:,} more of this kind.", file=sys.stderr)
    return settled(config)


def _progress() -> Callable[[float], None] | None:
    """Return what writes on stderr how far long work is, where somebody is watching."""
    if not sys.stderr.isatty():
        return None
    began = time.monotonic()

    def show(share: float) -> None:
        if time.monotonic() - began > _PATIENCE:
            print(f"\rSimulating … {share:4.0%}" if share < 1 else "\r" + " " * 20 + "\r", end="", file=sys.stderr, flush=True)

    return show


if __name__ == "__main__":
    code = main()
    if code == INTERRUPTED:
        os._exit(code)  # without waiting for the trials that threads are in the middle of
    sys.exit(code)
