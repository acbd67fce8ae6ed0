"""The probe on networks of one odd kind each: what it sees, what it says, and that the numbers are those of the tensors."""

from __future__ import annotations

import base64
import json
import math
import runpy
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from propagation.__main__ import PROBE, main
from propagation.config import Config
from propagation.engine.network import simulate
from propagation.export.code import snippet
from propagation.reports.link import decode
from propagation.reports.read import read
from tests.export.running import FAR

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional

from propagation.probe import Report, probe  # noqa: E402  after the skip

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(3)


def rows(report) -> dict:
    return {(row["name"], row.get("call")): row for row in report.data["modules"]}


def size(x) -> float:
    return math.log10(x.double().square().mean())


def mlp(depth: int = 3, width: int = 20):
    return nn.Sequential(*[part for _ in range(depth) for part in (nn.Linear(width, width), nn.Tanh())])


def test_numbers_are_those_of_the_tensors():
    model, batch = mlp(), torch.randn(16, 20)
    report = probe(model, batch, loss=lambda y: y.pow(3).mean())
    signals = [batch]
    for module in model:
        signals.append(module(signals[-1]))
        signals[-1].retain_grad()
    signals[-1].pow(3).mean().backward()
    for place, module in enumerate(model):
        row = rows(report)[str(place), 1]
        for name, x in (("in", signals[place]), ("out", signals[place + 1]), ("out_gradient", signals[place + 1].grad)):
            assert row[name]["log10_second_moment"][0] == pytest.approx(size(x), abs=1e-5)
            assert row[name]["log10_variance"][0] == pytest.approx(math.log10(x.double().var(correction=0)), abs=1e-4)
            assert row[name]["mean"][0] == pytest.approx(x.double().mean().item(), rel=1e-4, abs=1e-7)
        if isinstance(module, nn.Linear):
            assert row["weight"]["log10_second_moment"][0] == pytest.approx(size(module.weight), abs=1e-5)
            assert row["weight_gradient"]["log10_second_moment"][0] == pytest.approx(size(module.weight.grad), abs=1e-5)
            assert (row["fan_in"], row["fan_out"], row["kind"]) == (20, 20, "linear")
        else:
            assert row["activation"] == "tanh"
            slopes = 1 - signals[place + 1] ** 2
            assert row["saturated"] == pytest.approx((slopes < 0.05).float().mean().item(), abs=1e-6)


def test_an_mlp_of_our_own_code_has_the_apps_numbers():
    """Networks made by the script that `--code pytorch` prints, and those that the app simulates: logarithms, in standard errors."""
    config = Config(depth=5, width=64, activation="tanh", weight_variance=1.5, bias_variance=0.05, inputs=16, trials=24)
    names = {"__name__": "__main__"}
    exec(snippet(config, "pytorch").replace("DRAWS, INPUTS = 24", "DRAWS, INPUTS = 1"), names)

    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = names["Network"]()
            names["initialize"](self.network)

        def forward(self, x):
            return self.network(x)[0]

    try:
        batch = names["draw_inputs"]()
        report = probe(Whole, batch, draws=24)
    finally:
        torch.set_default_dtype(torch.float32)

    def measured(signal: str, kind: str) -> np.ndarray:
        found = [row[signal]["log10_second_moment"] for row in report.data["modules"] if row["kind"] == kind and signal in row]
        return np.array(found).T

    def distance(theirs: np.ndarray, ours: np.ndarray) -> float:
        errors = np.sqrt(theirs.var(axis=0, ddof=1) / len(theirs) + ours.var(axis=0, ddof=1) / len(ours))
        return float(abs((theirs.mean(axis=0) - ours.mean(axis=0)) / errors).max())

    trace = simulate(config)
    ours = {name: trace.signal(name).log10_second_moment for name in ("z", "h", "delta", "weight_gradient")}
    assert distance(measured("out", "linear"), ours["z"]) < FAR
    assert distance(measured("out", "activation"), ours["h"]) < FAR
    assert distance(measured("out_gradient", "linear"), ours["delta"]) < FAR
    costs = math.log10(report.data["inputs"])  # the probe's cost is the sum over inputs
    assert distance(measured("weight_gradient", "linear") - costs, ours["weight_gradient"]) < FAR
    other = simulate(Config(depth=5, width=64, activation="tanh", weight_variance=1.3, bias_variance=0.05, inputs=16, trials=24))
    assert distance(measured("out", "linear"), other.z.log10_second_moment) > FAR  # negative control
    assert distance(measured("out_gradient", "linear"), other.delta.log10_second_moment) > FAR


class Block(nn.Module):
    """A residual block whose sum and activation are functions."""

    def __init__(self, inplace: bool = False):
        super().__init__()
        self.norm, self.up, self.inplace = nn.LayerNorm(12), nn.Linear(12, 12), inplace

    def forward(self, x):
        y = F.relu(self.up(self.norm(x)))
        if self.inplace:
            y = 1.0 * y  # what ReLU gave may not be written to
            y += x
            return y
        return x + 0.5 * y


@pytest.mark.parametrize("inplace", [False, True])
def test_functions_and_sums_are_seen(inplace):
    model, batch = nn.Sequential(Block(inplace), Block(inplace)), torch.randn(8, 12)
    found = rows(probe(model, batch))
    assert [name for name, _ in found] == [f"{block}.{part}" for block in (0, 1) for part in ("norm", "up", "relu", "sum")]
    assert found["1.sum", 1]["out"]["log10_second_moment"][0] == pytest.approx(size(model(batch)), abs=1e-5)
    relu = found["0.relu", 1]
    assert relu["functional"] and relu["kind"] == "activation" and relu["zero"] == relu["saturated"] > 0.2
    assert relu["in"]["log10_second_moment"] == found["0.up", 1]["out"]["log10_second_moment"]
    assert "out_gradient" in found["0.sum", 1]


def test_sums_of_what_is_no_activation_are_none():
    class Rotary(nn.Module):
        def __init__(self):
            super().__init__()
            self.map, self.position = nn.Linear(6, 6), nn.Parameter(torch.randn(4, 6))

        def forward(self, x):
            q = self.map(x) + self.position
            return q * 0.3 + q.flip(-1) * 0.7 + 1.0

    assert [row["kind"] for row in probe(Rotary(), torch.randn(4, 6)).data["modules"]] == ["linear"]


def test_a_shared_module_has_a_row_for_each_call_and_a_gradient_of_both():
    one = nn.Linear(10, 10)
    model, batch = nn.Sequential(one, nn.ReLU(), one), torch.randn(4, 10)
    report = probe(model, batch, loss=lambda y: y.sum())
    assert [(row["name"], row["call"]) for row in report.data["modules"]] == [("0", 1), ("1", 1), ("0", 2)]
    model(batch).sum().backward()
    assert rows(report)["0", 1]["weight_gradient"]["log10_second_moment"][0] == pytest.approx(size(one.weight.grad), abs=1e-5)


def test_what_is_tuple_keyword_or_dict_is_found():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.ids, self.gru, self.head = nn.Embedding(9, 8), nn.GRU(8, 8, batch_first=True), nn.Linear(8, 3)

        def forward(self, ids, scale=1.0):
            states, last = self.gru(input=self.ids(ids))
            return {"loss": None, "logits": self.head(states) * scale, "rest": (last, [states])}

    report = probe(Odd(), {"ids": torch.randint(9, (3, 5)), "scale": 2.0})
    found = rows(report)
    assert found["gru", 1]["out_shape"] == [3, 5, 8] and "in" not in found["ids", 1] and found["ids", 1]["fan_in"] == 1
    assert found["gru", 1]["in"]["log10_second_moment"] == found["ids", 1]["out"]["log10_second_moment"]
    assert found["head", 1]["out_gradient"]["log10_second_moment"][0] == pytest.approx(math.log10(4), abs=0.5)
    assert report.data["batch"] == [[3, 5]] and "3 tensors" in report.data["notes"][0]


def test_what_is_frozen_idle_tied_or_copied_is_told():
    class Parts(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.idle, self.tied = (nn.Linear(8, 8) for _ in range(4))
            self.norms = nn.Sequential(nn.LayerNorm(8), nn.LayerNorm(8))
            self.b.load_state_dict(self.a.state_dict())
            self.tied.weight = self.a.weight
            self.a.requires_grad_(False)

        def forward(self, x):
            return self.tied(self.norms(self.b(self.a(x))))

    report = probe(Parts(), torch.randn(4, 8))
    found = rows(report)
    assert found["a", 1]["frozen"] and "out_gradient" in found["a", 1] and "weight_gradient" not in found["a", 1]
    assert found["idle", None]["never_called"] and "out" not in found["idle", None]
    assert found["b", 1]["same_weights_as"] == "a" and found["tied", 1]["tied_to"] == "a"
    assert not any("same_weights_as" in found[f"norms.{place}", 1] for place in (0, 1))
    assert "Never called: idle." in report.data["notes"]


def test_nn_transformer_encoder_starts_identical():
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    text = str(probe(nn.TransformerEncoder(layer, 3, enable_nested_tensor=False), torch.randn(2, 5, 16)))
    assert "the same weights as an earlier one" in text
    assert "layers.0.self_attn.out_proj" in text  # another module's code uses it


def test_where_numbers_stop_being_finite():
    class Broken(nn.Module):
        def __init__(self, where):
            super().__init__()
            self.a, self.b, self.where = nn.Linear(6, 6), nn.Linear(6, 6), where

        def forward(self, x):
            y = self.a(x)
            return self.b(y / 0 if self.where == "between" else y.abs().sqrt() * 0 if self.where == "back" else y)

    batch = torch.randn(4, 6)
    assert probe(Broken("between"), batch).data["first_not_finite"] == {"module": "b", "what": "nan", "pass": "forward", "after": "a"}
    assert "The first NaN is in what b is given: it arises after a, in code that is no module" in str(probe(Broken("between"), batch))
    batch[0] = 0
    broken = Broken("back")
    nn.init.zeros_(broken.a.bias)
    back = probe(broken, batch)
    assert back.data["first_not_finite"] == {"module": "a", "what": "nan", "pass": "backward"}
    assert rows(back)["a", 1]["out_gradient"]["log10_second_moment"] == [None]
    assert "The first NaN is in the gradient at a" in str(back)
    batch[0] = math.inf
    assert probe(mlp(1, 6), batch).data["first_not_finite"]["module"] == "the batch"


def test_formats_smaller_than_float32():
    half = probe(mlp().to(torch.bfloat16), torch.randn(8, 20, dtype=torch.bfloat16))
    assert half.data["dtype"] == "bfloat16" and rows(half)["2", 1]["out"]["log10_second_moment"][0] is not None
    with torch.autocast("cpu", torch.bfloat16):
        mixed = probe(mlp(), torch.randn(8, 20))
    assert mixed.data["dtype"] == "float32; autocast to bfloat16"
    assert "weight_gradient" in rows(mixed)["0", 1]


def test_signals_far_outside_float32s_squares():
    model = mlp(5)
    for module in model[::2]:
        nn.init.constant_(module.weight, 1e-12)
        nn.init.zeros_(module.bias)
    report = probe(model, torch.ones(2, 20))
    found = rows(report)
    assert found["2", 1]["out"]["log10_second_moment"][0] == pytest.approx(2 * math.log10(20 * 20e-24), abs=0.01)
    assert found["0", 1]["out"]["log10_variance"] == ["zero"] and found["0", 1]["below_float16"] == 1
    assert found["8", 1]["out"]["log10_second_moment"] == ["zero"] and found["8", 1]["zero"] == 1
    assert "dies: from" in str(report)
    json.loads(report.to_json())


def test_several_draws_and_a_link(tmp_path):
    report = probe(lambda: mlp(50), torch.randn(8, 20), draws=5, name="mine")
    assert all(len(row["out"]["log10_second_moment"]) == 5 for row in report.data["modules"]) and len(report.data["modules"]) == 100
    assert len(set(rows(report)["0", 1]["out"]["log10_second_moment"])) == 5
    link = report.link("https://example.org/app/?x=1")
    address, _, text = link.partition("?report=")
    assert len(link) < 8000 and address == "https://example.org/app/network"
    held = json.loads(zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    assert held["summary"] and held["notes"][-1].startswith("Left out of this link") and held["model"] == "mine"
    middle = float(np.median(rows(report)["0", 1]["out"]["log10_second_moment"]))
    assert held["modules"][0]["out"]["log10_second_moment"][0] == pytest.approx(middle, abs=0.006)
    report.save(tmp_path / "mine.json")
    assert json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))["draws"] == 5
    assert max(map(len, str(report).splitlines()[:-3])) < 200
    figure = report.figure()
    assert [len(trace.y) for trace in figure.data] == [100, 100, 50]


def test_one_file_that_works_where_it_is_copied(tmp_path, capsys):
    assert main(["--probe"]) == 0
    copied = tmp_path / "probe.py"
    copied.write_text(capsys.readouterr().out, encoding="utf-8")
    assert copied.read_bytes() == PROBE.read_bytes()
    code = (
        "import sys, torch; from probe import probe; print(probe(torch.nn.Linear(3, 2), torch.randn(4, 3)), 'propagation' in sys.modules)"
    )
    options = {"cwd": tmp_path, "capture_output": True, "text": True, "encoding": "utf-8", "timeout": 120, "check": False}
    done = subprocess.run([sys.executable, "-c", code], **options)
    assert done.returncode == 0 and "σ_w²" in done.stdout and done.stdout.strip().endswith("False"), done.stderr


def test_the_gallery_holds_what_its_script_makes():
    script = Path(__file__).parent / "gallery" / "make_reports.py"
    made = runpy.run_path(str(script))["REPORTS"]
    kept = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (script.parents[2] / "assets" / "reports").glob("*.json")}
    assert kept.keys() == made.keys()
    for report in kept.values():
        assert (report["format"], report["version"]) == ("signal-propagation-report", 1)


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "assets" / "reports").glob("*.json")), ids=lambda path: path.stem)
def test_the_page_reads_what_the_probe_writes(path):
    text = path.read_text(encoding="utf-8")
    whole = read(text)
    linked = decode(Report(json.loads(text)).link("https://example.org").partition("?report=")[2])
    kept = {module.name for module in linked.modules}
    assert len(whole.modules) == len(json.loads(text)["modules"]) and kept <= {module.name for module in whole.modules}
    assert {module.name for module in whole.modules if module.kind in ("linear", "convolution", "sum")} <= kept
