"""The command line as people use it: in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from propagation.__main__ import main
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.export.words import layers_shown
from propagation.presets import PRESETS
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[1]
SMALL = ["--width", "16", "--inputs", "4", "--trials", "2"]


def run(*arguments: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "propagation", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE, check=False, **options)


def printed(capsys, *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def test_it_prints_the_table_and_the_verdict():
    done = run("--activation", "relu", "--scheme", "he", "--depth", "50", *SMALL)
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert "ReLU, He 2015" in lines[0]
    rows = [line for line in lines if line[:5].strip().isdigit()]
    assert [int(row[:5]) for row in rows] == layers_shown(50)
    assert any("forward ×" in line for line in lines[-4:])
    assert "\x1b" not in done.stdout and max(map(len, rows)) < 80
    config = Config(activation="relu", scheme="he", depth=50, width=16, inputs=4, trials=2)
    assert float(rows[-1].split()[2]) == pytest.approx(np.median(simulate(config).z.log10_second_moment[:, -1]), abs=0.0051)


def test_every_layer_on_request(capsys):
    assert sum(line[:5].strip().isdigit() for line in printed(capsys, "--all-layers", "--depth", "70", *SMALL).splitlines()) == 70


@pytest.mark.parametrize("depth", [1, 2, 20, 21, 99, 100, 777, 2000])
def test_layers_shown_are_few_and_hold_both_ends(depth):
    layers = layers_shown(depth)
    assert layers[0] == 1 and layers[-1] == depth and len(layers) <= 20
    assert layers_shown(depth, every=True) == list(range(1, depth + 1))


def test_json_and_csv_hold_the_experiment(capsys):
    document = json.loads(printed(capsys, "--json", "--depth", "3", *SMALL))
    assert Config.from_query(document["config"])[0] == Config(depth=3, width=16, inputs=4, trials=2)
    text = printed(capsys, "--csv", "--depth", "3", *SMALL)
    rows = list(csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#")))
    assert [float(row["h_variance_mean"]) for row in rows] == [layer["h_variance_mean"] for layer in document["layers"]]


def test_a_link_and_back(capsys):
    link = printed(capsys, "--link", "https://example.org/app", "--activation", "x*sigmoid(1.7*x)", "--scheme", "pytorch").strip()
    assert link.startswith("https://example.org/app?")
    query = parse_qs(urlsplit(link).query)
    assert query == {"activation": ["x*sigmoid(1.7*x)"], "scheme": ["pytorch"], "weight_law": ["uniform"]}
    assert printed(capsys, "--from-link", link, "--link").strip().split("?")[1] == link.split("?")[1]
    assert printed(capsys, "--link").strip() == "http://localhost:8501/?page=explore"


WITH_ITS_MODULES = """
import atexit, runpy, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
{before}
runpy.run_module("propagation", run_name="__main__", alter_sys=True)
"""


def modules(*arguments: str, before: str = "") -> set[str]:
    """The packages that a command has imported when it ends."""
    command = [sys.executable, "-c", WITH_ITS_MODULES.format(before=before), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE, check=True)
    assert done.stdout
    return {name.split(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize(
    "mode", [[], ["--json"], ["--csv"], ["--link"], ["--code", "flax"], ["--from-link", "http://x/compare?columns=none"]]
)
def test_no_mode_of_it_needs_streamlit(mode):
    assert "streamlit" not in modules("--depth", "2", *SMALL, *mode)


def test_streamlit_would_be_seen():
    """Negative control."""
    assert "streamlit" in modules("--link", before="import streamlit")


def test_what_a_link_says_in_vain_is_told(capsys):
    assert main(["--from-link", "http://x/?page=phase&depth=3&view=h&embed=true&depht=4&activation=%3Cscript%3E", "--link"]) == 0
    out, err = capsys.readouterr()
    assert out.strip().endswith("?depth=3")
    assert "depht" in err and "activation" in err and "view" not in err and "page" not in err and "embed" not in err


def test_of_many_parts_that_cannot_be_read_the_first_are_told(capsys):
    link = "http://x/?depth=3&" + "&".join(f"a{number}=1" for number in range(1200))
    assert main(["--from-link", link, "--link"]) == 0
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out.strip().endswith("?depth=3") and len(lines) == 11
    assert "'a9' is" in lines[9] and lines[10] == "And 1,190 more of this kind."


@pytest.mark.parametrize("link", ["", "  "])
def test_an_empty_link_is_an_error(link, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--from-link", link, "--link"])
    out, err = capsys.readouterr()
    assert out == "" and "from_link is empty: give the address of an experiment" in err


def test_presets_and_what_is_said_beside_them(capsys):
    name = "glorot_2010"
    document = json.loads(printed(capsys, "--preset", name, "--json"))
    assert Config.from_query(document["config"])[0].to_query() == PRESETS[name].config.to_query()
    query = parse_qs(urlsplit(printed(capsys, "--preset", "he_relu", "--weight-variance", "1.9", "--link").strip()).query)
    assert query["weight_variance"] == ["1.9"] and "scheme" not in query


def test_a_stated_std_means_its_scheme(capsys):
    query = parse_qs(urlsplit(printed(capsys, "--preset", "he_relu", "--weight-std", "0.01", "--link").strip()).query)
    assert (query["scheme"], query["weight_std"]) == (["std"], ["0.01"])
    assert "weights of standard deviation 0.01" in printed(capsys, "--weight-std", "0.01", "--depth", "2", "--width", "8")


def test_layers_have_their_own_sizes(capsys):
    query = parse_qs(urlsplit(printed(capsys, "--layer-sizes", "784,300,10", "--link").strip()).query)
    assert query == {"layer_sizes": ["784-300-10"]}
    assert "2 layers of sizes 784-300-10" in printed(capsys, "--layer-sizes", "784-300-10")
    again = printed(capsys, "--from-link", "http://x/?layer_sizes=7-5-3", "--depth", "9", "--link")
    assert parse_qs(urlsplit(again.strip()).query) == {"depth": ["9"], "width": ["7"]}


def test_orthogonal_of_pytorch_means_its_law(capsys):
    query = parse_qs(urlsplit(printed(capsys, "--scheme", "pytorch_orthogonal", "--link").strip()).query)
    assert query["weight_law"] == ["orthogonal"]


def test_a_residual_network_has_a_table_of_its_stream(capsys):
    text = printed(capsys, "--architecture", "residual", "--normalization", "layer", "--depth", "3", "--width", "16", "--expansion", "2")
    settings, _, stream, branch, *_ = text.split("\n\n")
    assert "3 residual blocks of width 16" in settings and "each x + W₂ φ(W₁ norm(x)), hidden layers 2 times as wide" in settings
    assert stream.splitlines()[0].split() == ["layer", "width", "x", "∂C/∂x"] and stream.splitlines()[1].split()[:2] == ["1", "16"]
    assert branch.splitlines()[0].split()[:4] == ["layer", "width", "z", "h"] and branch.splitlines()[1].split()[:2] == ["1", "32"]
    assert max(map(len, [*stream.splitlines(), *branch.splitlines()])) < 80


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_where_theory_has_no_line_it_is_said(form, capsys):
    assert main(["--normalization", "batch", "--norm-position", "post", "--depth", "3", "--width", "16", *form]) == 0
    out, err = capsys.readouterr()
    sentence = "Theory has no line for batch norm here"
    assert (sentence in err and sentence not in out) if form else (sentence in out and not err)


def test_a_branch_scale_makes_the_rule_custom(capsys):
    query = ["--from-link", "http://x/?architecture=residual&branch_rule=sqrt", "--branch-scale", "0.5", "--link"]
    assert parse_qs(urlsplit(printed(capsys, *query).strip()).query) == {"architecture": ["residual"], "branch_scale": ["0.5"]}


def test_a_script_is_printed(capsys):
    assert "nn.init.kaiming_normal_" in printed(capsys, "--code", "pytorch", "--scheme", "he")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--depth", "0"], ["depth = 0", "1 to 2,000"]),
        (["--width", "many"], ["--width", "many"]),
        (["--weight-variance", "nan"], ["weight_variance = nan", "0 to 10,000,000"]),
        (["--scheme", "xavier"], ["--scheme", "xavier", "glorot"]),
        (["--activation", "rellu"], ["activation = 'rellu'", "relu"]),
        (["--activation", "x +"], ["missing"]),
        (["--scheme", "kumar", "--activation", "selu"], ["kumar", "selu"]),
        (["--scheme", "he", "--weight-variance", "3"], ["weight_variance = 3", "he"]),
        (["--scheme", "he", "--weight-std", "1"], ["weight_std = 1", "he"]),
        (["--scheme", "std", "--weight-variance", "2"], ["weight_variance = 2", "std"]),
        (["--weight-std", "1", "--weight-variance", "2"], ["weight_variance = 2", "std"]),
        (["--layer-sizes", "784-x-10"], ["layer_sizes = '784-x-10'", "layer 1"]),
        (["--layer-sizes", "784-10", "--depth", "3"], ["depth = 3 would not be used", "layer_sizes"]),
        (["--weight-std", "-0.1"], ["weight_std = -0.1", "0 to 100"]),
        (["--scheme", "keras", "--bias-variance", "1"], ["bias_variance = 1", "keras"]),
        (["--branch-scale", "0.5"], ["branch_scale = 0.5 would not be used in this network"]),
        (["--architecture", "residual", "--branch-rule", "sqrt", "--branch-scale", "2"], ["branch_scale = 2 would not be used"]),
        (["--architecture", "residual", "--branch-layers", "1", "--expansion", "4"], ["expansion = 4 would not be used"]),
        (["--json", "--csv"], ["not allowed with"]),
        (["--preset", "nothing"], ["nothing"]),
        (["--dep", "3"], ["--dep"]),
    ],
)
def test_wrong_arguments_are_named_in_one_line(arguments, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    out, err = capsys.readouterr()
    usage, *rest = err.strip().splitlines()
    assert stopped.value.code == 2 and out == "" and usage.startswith("usage:")
    assert all(word in " ".join(rest) for word in words)


def test_too_much_is_refused_before_anything_is_allocated(capsys):
    began = time.process_time()
    assert main(["--width", "1000000", "--depth", "2000", "--inputs", "1024"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "GB" in err and "Lower" in err and time.process_time() - began < 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no head")
def test_a_reader_that_leaves_early_is_no_error():
    done = subprocess.run(
        [f"{sys.executable} -m propagation --csv --depth 2000 --width 4 --inputs 1 --trials 1 | head -1"],
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0 and done.stderr == "" and done.stdout.count("\n") == 1


def heard() -> None:
    """Whoever starts the tests may have told everything below to ignore interrupts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals")
def test_an_interrupt_stops_it_without_a_traceback():
    """On a terminal, which is told how far the work is: so it has begun."""
    long = [sys.executable, "-m", "propagation", "--depth", "2000", "--width", "512", "--inputs", "128", "--trials", "64"]
    screen, terminal = os.openpty()
    with subprocess.Popen(long, cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, text=True, preexec_fn=heard) as process:
        try:
            err = b""
            while b"Simulating" not in err:
                assert select.select([screen], [], [], PATIENCE)[0], "nothing begins"
                err += os.read(screen, 1000)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=PATIENCE)
            while select.select([screen], [], [], 0)[0]:
                err += os.read(screen, 1000)
        finally:
            process.kill()
            os.close(terminal)
            os.close(screen)
    said = [line.strip() for line in err.decode().replace("\r", "\n").splitlines() if line.strip()]
    assert process.returncode == 130 and out == "" and said[-1] == "Stopped."
    assert all(line.startswith("Simulating") for line in said[:-1])


def test_a_terminal_without_greek_gets_its_answer():
    done = run("--depth", "2", *SMALL, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and "?_w" in done.stdout


def test_a_script_that_there_is_none_of_is_an_error_with_the_reason():
    done = run("--architecture", "transformer", "--tokens", "4", "--depth", "2", "--code", "numpy")
    assert done.returncode == 2 and "There is no NumPy script for networks with attention." in done.stderr
