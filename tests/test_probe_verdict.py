"""What the probe says of what it has measured: the verdict that is printed, beside that of the page, and notes on what is not seen."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from propagation.probe import Report
from propagation.reports.closest import closest_config
from propagation.reports.diagnosis import diagnose
from propagation.reports.read import read

EXAMPLES = sorted((Path(__file__).parents[1] / "assets" / "reports").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_printed_verdict_raises_an_alarm_where_that_of_the_page_does(path):
    text = path.read_text(encoding="utf-8")
    printed = str(Report(json.loads(text)))
    alarms = [finding for finding in diagnose(read(text)) if finding.bad and finding.at is not None]
    assert ("the first module to leave the level" in printed) == bool(alarms)


torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional

from propagation.probe import probe  # noqa: E402  after the skip


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(3)


def rows(report) -> dict:
    return {(row["name"], row.get("call")): row for row in report.data["modules"]}


class PreNorm(nn.Module):
    """A stream to which every block adds as much as `scale` says, with or without a norm before the branch."""

    def __init__(self, depth: int, norm: bool = True, scale: float = 1.0):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(32) if norm else nn.Identity() for _ in range(depth))
        self.maps = nn.ModuleList(nn.Linear(32, 32) for _ in range(depth))
        for part in self.maps:
            nn.init.normal_(part.weight, std=scale / math.sqrt(32))

    def forward(self, x):
        for norm, part in zip(self.norms, self.maps, strict=True):
            x = x + part(norm(x))
        return x


def test_the_gradual_growth_of_a_pre_norm_stream_is_no_alarm():
    report = probe(PreNorm(40), torch.randn(8, 32))
    verdict = str(report).split("\n\n")[-1]
    assert "The residual stream grows, × " in verdict and "That is normal" in verdict
    assert "Gradients grow on their way back, × " in verdict
    assert "first module to leave" not in verdict
    told = diagnose(read(report.to_json()))
    assert not any(finding.bad for finding in told), "as the page says"


@pytest.mark.parametrize("model", [PreNorm(40, norm=False), PreNorm(40, norm=False, scale=3.0)])
def test_growth_without_norms_is_one(model):
    report = probe(model, torch.randn(8, 32))
    verdict = str(report).split("\n\n")[-1]
    assert "The residual stream grows: the first module to leave the level" in verdict and "normal" not in verdict
    assert any(finding.bad for finding in diagnose(read(report.to_json())))


def test_a_healthy_network_is_said_to_be_level():
    assert "Signal and gradients stay level" in str(probe(PreNorm(3, scale=0.1), torch.randn(8, 32)))


def test_attention_written_with_functions():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 16)

        def forward(self, x):
            q, k, v = (part.unflatten(-1, (4, 4)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
            return self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(-2))

    row = rows(probe(Attention(), torch.randn(2, 5, 16)))["scaled_dot_product_attention", 1]
    assert (row["kind"], row["heads"], row["causal"], row["out_shape"]) == ("attention", 4, True, [2, 4, 5, 4])
    assert [note for note in probe(Attention(), torch.randn(2, 5, 16)).data["notes"] if "scores and their softmax are not" in note]


class ByHand(nn.Module):
    """Attention without a function for it."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(16, 16) for _ in range(4))

    def forward(self, x):
        weights = (self.q(x) @ self.k(x).transpose(-1, -2) / 4).softmax(dim=-1)
        return self.out(weights @ self.v(x))


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.norms, self.attention = nn.ModuleList(nn.LayerNorm(16) for _ in range(3)), nn.ModuleList(ByHand() for _ in range(3))

    def forward(self, x):
        for norm, attention in zip(self.norms, self.attention, strict=True):
            x = x + attention(norm(x))
        return x


def test_attention_written_out_by_hand_is_told_of():
    report = probe(Blocks(), torch.randn(2, 5, 16))
    (note,) = [note for note in report.data["notes"] if "by hand" in note]
    assert (
        note.endswith("A softmax is called by attention.0, attention.1, attention.2.")
        and "linear maps before and after it are seen" in note
    )
    assert note in str(report) and note in read(report.to_json()).notes
    assert {row["kind"] for row in report.data["modules"]} == {"norm", "linear", "sum"}
    assert closest_config(read(report.to_json())).config is None, "it is no residual network of four maps"


def test_a_softmax_at_the_end_of_a_classifier_is_no_attention():
    report = probe(nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=-1)), torch.randn(8, 4))
    assert not any("softmax" in note for note in report.data["notes"])


def test_of_a_shared_module_the_call_is_named():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.Linear(16, 16)

        def forward(self, x):
            for _ in range(12):
                x = torch.tanh(self.cell(x))
            return x

    printed = str(probe(Recurrent(), torch.randn(4, 16)))
    assert "the first module to leave the level is cell (" in printed
    table = [line for line in printed.splitlines() if line.startswith(("cell", "tanh"))]
    assert len(table) == 24 and len({line.index(" Linear" if line.startswith("cell") else " tanh") for line in table}) == 1


@pytest.mark.parametrize(("mode", "is_told"), [("eval", True), ("train", False)])
def test_fresh_batch_norms_in_eval_mode_are_told_of(mode, is_told):
    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU())
    told = [note for note in probe(model, torch.randn(16, 8), mode=mode).data["notes"] if "no batch yet" in note]
    assert bool(told) == is_told
    model(torch.randn(16, 8))
    assert not any("no batch yet" in note for note in probe(model, torch.randn(16, 8), mode="eval").data["notes"])
