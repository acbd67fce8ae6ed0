"""The probe leaves a model as it was, whatever happens, and says in a sentence what it cannot measure."""

from __future__ import annotations

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional

from propagation.probe import ProbeError, probe  # noqa: E402  after the skip
from propagation.reports.read import read  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")


class Net(nn.Module):
    """Batch norm, dropout, a parametrization that keeps vectors of its own, and a buffer that is assigned anew."""

    def __init__(self):
        super().__init__()
        self.a, self.norm, self.drop = nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8)), nn.BatchNorm1d(8), nn.Dropout(0.5)
        self.b, self.inner = nn.Linear(8, 4), nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 4))
        self.register_buffer("count", torch.zeros(()))
        self.fails = False

    def forward(self, x):
        x.mul_(1.0)  # it writes into what it is given
        self.count = self.count + 1
        y = self.b(self.drop(self.norm(self.a(x))))
        if self.fails:
            raise KeyError("of the model")
        return self.inner(y)


@pytest.fixture
def model():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Net()
    model(torch.randn(8, 8)).sum().backward()
    model.b.weight.grad = None
    model.inner.eval()
    return model


def everything(model) -> list:
    """All that a measurement might change, as it is now."""
    found = [torch.get_rng_state(), torch.tensor(random.getstate()[1][:-1]), torch.tensor(np.random.get_state()[1].astype(float))]  # noqa: NPY002
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        found += [name, value.detach().clone(), value.requires_grad, None if value.grad is None else value.grad.clone(), id(value)]
    for module in model.modules():
        found += [module.training, len(module._forward_hooks), len(module._forward_pre_hooks), len(module._backward_hooks)]
        found += [sorted(module.__dict__), [id(value._backward_hooks) if value._backward_hooks else None for value in module.parameters()]]
    return found


def same(before: list, after: list) -> bool:
    pairs = zip(before, after, strict=True)
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) else a == b for a, b in pairs)


def test_a_measurement_leaves_no_trace(model):
    batch = torch.randn(8, 8)
    before, kept = everything(model), batch.clone()
    report = probe(model, batch)
    assert same(before, everything(model)) and torch.equal(batch, kept)
    assert report.data["mode"] == "mixed"
    probe(model, batch, mode="train", seed=3)
    assert same(before, everything(model))
    model(torch.randn(8, 8))
    assert not same(before, everything(model))  # negative control


@pytest.mark.parametrize("where", ["model", "loss", "backward"])
def test_nor_does_one_that_fails(model, where):
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x.sum()

        @staticmethod
        def backward(context, gradient):
            raise KeyError("on the way back")

    def loss(output):
        if where == "loss":
            raise KeyError("of the loss")
        return Fails.apply(output)

    model.fails = where == "model"
    batch = torch.randn(8, 8)
    before = everything(model)
    with pytest.raises(KeyError):
        probe(model, batch, loss=None if where == "model" else loss)
    assert same(before, everything(model))
    model.fails = False
    probe(model, batch)  # and it can be measured again


def test_equal_seeds_measure_the_same(model):
    batch = torch.randn(8, 8)
    first, again, other = (probe(model, batch, mode="train", seed=seed).to_json() for seed in (1, 1, 2))
    assert first == again != other


def test_under_no_grad_and_with_checkpoints():
    from torch.utils.checkpoint import checkpoint

    class Saves(nn.Module):
        def __init__(self, old):
            super().__init__()
            self.a, self.b, self.old = nn.Linear(6, 6), nn.Linear(6, 6), old

        def forward(self, x):
            return checkpoint(self.b, self.a(x), use_reentrant=self.old)

    with torch.no_grad():
        rows = probe(Saves(old=False), torch.randn(4, 6)).data["modules"]
    assert [row["name"] for row in rows] == ["a", "b"] and "weight_gradient" in rows[1] and "out_gradient" in rows[0]
    with pytest.raises(ProbeError, match="use_reentrant=False"):
        probe(Saves(old=True), torch.randn(4, 6))


def test_without_a_gradient_signals_are_measured():
    report = probe(nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 4)).requires_grad_(False), torch.tensor([1, 2]))
    assert "out" in report.data["modules"][1] and "No gradient was measured" in report.data["notes"][0]
    assert "out_gradient" not in report.data["modules"][1]


def test_a_compiled_model_is_measured_as_it_was_written():
    compiled = torch.compile(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))
    assert [row["name"] for row in probe(compiled, torch.randn(3, 4)).data["modules"]] == ["0", "1"]


LINEAR = nn.Linear(4, 2)
BATCH = torch.randn(3, 4)


class Words(nn.Linear):
    def forward(self, x):
        return ["no tensor", 3]


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        ((nn.Sequential(nn.ReLU()), BATCH), {}, "Sequential has no parameters"),
        ((3, BATCH), {}, "model is an int"),
        ((lambda: 3, BATCH), {}, "The function made an int"),
        ((LINEAR, BATCH), {"draws": 4}, "needs a function that makes a model"),
        ((lambda: LINEAR, BATCH), {"draws": 0}, "from 1 on"),
        ((LINEAR, BATCH), {"mode": "trian"}, "'trian' is unknown"),
        ((LINEAR, [1, 2]), {}, "without a tensor"),
        ((Words(4, 2), BATCH), {}, "The output is a list without a tensor"),
        ((LINEAR, BATCH), {"loss": lambda y: y.mean(dim=0)}, r"shape \(2,\), not one number"),
        ((LINEAR, BATCH), {"loss": lambda y: y.mean().item()}, "The loss gave a float"),
        ((LINEAR, BATCH), {"loss": lambda y: y.detach().mean()}, "No gradient goes from the loss"),
        ((nn.Sequential(nn.LazyLinear(3)), BATCH), {}, "no shape yet"),
        ((nn.Linear(4, 2, device="meta"), BATCH), {}, "device 'meta'"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(arguments, options, sentence):
    with pytest.raises(ProbeError, match=sentence):
        probe(*arguments, **options)


def test_errors_of_the_model_are_its_own():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        probe(LINEAR, torch.randn(3, 5))


def test_watch_keeps_a_history_of_training():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 1))
    optimizer, batch = torch.optim.SGD(model.parameters(), lr=0.1), torch.randn(16, 6)
    before = [len(module._forward_hooks) for module in model.modules()]
    moves, gradients = [], []
    with probe.watch(model, every=3) as run:
        for _ in range(7):
            optimizer.zero_grad()
            model(batch).square().mean().backward()
            old = model[0].weight.detach().clone()
            gradients.append(model[0].weight.grad.double().square().mean().log10().item())
            optimizer.step()
            moves.append(((model[0].weight.detach() - old).square().mean() / old.square().mean()).sqrt().item())
            with torch.no_grad():
                model(batch)  # a look at the validation set is no step
    history = run.report.data["history"]
    assert history["steps"] == [0, 3, 6]
    assert history["update_ratio"]["0"] == pytest.approx([moves[0], moves[3], moves[6]], rel=1e-3)
    assert all(len(line) == 3 and None not in line for line in [*history["out"].values(), *history["out_gradient"].values()])
    assert history["weight_gradient"].keys() == {"0", "2"}
    assert history["weight_gradient"]["0"] == pytest.approx([gradients[0], gradients[3], gradients[6]], abs=1e-3)
    assert run.report.data["modules"][0]["weight_gradient"]["log10_second_moment"][0] == pytest.approx(gradients[6], abs=1e-3)
    assert not any(parameter._backward_hooks for parameter in model.parameters())
    assert read(run.report.to_json()).history.weight_gradient["0"] == tuple(history["weight_gradient"]["0"])
    assert [len(module._forward_hooks) for module in model.modules()] == before
    assert "out_gradient" in run.report.data["modules"][0] and "loss of the training loop" in str(run)
    with pytest.raises(ProbeError, match="Nothing has been measured"):
        str(probe.watch(model))
    with pytest.raises(ProbeError, match="every = 0"):
        probe.watch(model, every=0)


def test_a_long_training_has_a_short_history():
    model = nn.Linear(3, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with probe.watch(model, every=2) as run:
        for _ in range(900):
            optimizer.zero_grad(set_to_none=True)
            model(torch.ones(2, 3)).sum().backward()
            optimizer.step()
    history = run.report.data["history"]
    assert history["steps"] == list(range(0, 900, 16))
    assert all(
        len(line) == len(history["steps"]) and None not in line
        for lines in history.values()
        if lines is not history["steps"]
        for line in lines.values()
    )
    assert set(history["update_ratio"]["Linear"]) == {0.0} and len(history["weight_gradient"]["Linear"]) == 57


def test_watch_goes_when_training_fails():
    model = nn.Linear(3, 3)
    with pytest.raises(RuntimeError), probe.watch(model, every=1):
        model(torch.randn(2, 4))
    assert not model._forward_hooks and not model._forward_pre_hooks
    F.relu(torch.randn(2))  # nothing listens to functions any more
