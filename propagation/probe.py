"""Probe: measure what passes through a PyTorch network of your own, module by module, forward and backward.

    from probe import probe

    report = probe(model, batch)                    # or probe(make_model, batch, draws=8): as many fresh initializations
    print(report)                                   # a table and a verdict
    report.save("mine.json")                        # for the page "Your network", which shows it beside the theory

`batch` is what the model takes: a tensor, a tuple of arguments or a dict of named ones. The cost is, unless `loss` says another, a random
gradient at the output: each input's own cost is u · output, u ~ N(0, 1). One forward and one backward pass are measured in the mode the
model is in, and it is left as it was: parameters, their `.grad`, buffers, training flags, random numbers. Only buffers are copied.

    with probe.watch(model, every=100) as run:      # around your training loop
        train(model)
    print(run.report)

`probe_keras` and `probe_flax` give the same report for Keras 3 and Flax linen. This file needs PyTorch and numpy alone (Plotly for
`report.figure()`) and works wherever it is copied; it belongs to the Signal Propagation Explorer, which knows the format of its reports.
"""

from __future__ import annotations

import base64
import json
import math
import re
import weakref
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

try:
    import torch
    from torch import nn
    from torch.overrides import TorchFunctionMode
except ImportError:  # `probe_keras` and `probe_flax` do without
    torch = nn = None
    TorchFunctionMode = object

__all__ = ["ProbeError", "Report", "Watch", "probe", "probe_flax", "probe_keras", "watch"]

FORMAT, VERSION = "signal-propagation-report", 1
#: signals of a module: objects of a report
SIGNALS = ("in", "out", "out_gradient", "weight", "bias", "weight_gradient")
RANDOM_COST = "independent random gradient at the output"
NOT_SEEN = (
    "Seen are modules with weights, norms, activations, sums of two activations and calls of functions such as torch.relu. Not seen are "
    "activations written out in arithmetic (x.clamp(0), x * (x > 0)) and what compiled or scripted code does inside."
)
#: float16: half its smallest number, below which all is rounded to 0, and where rounding to infinity begins
HALF_SMALLEST, OVERFLOW = 2.0**-25, 65520.0
#: entries of a tensor that its shares are taken of, at most, and slopes
MOST_SAMPLED, MOST_SLOPES = 2**16, 2**13
#: entries of a tensor that a processor adds up at a time
PIECE = 2**17
#: a slope of an activation is flat below this share of its steepest
FLAT = 0.05
#: characters of a link that browsers and servers pass on
LONGEST_LINK = 8000
#: entries of a weight that are remembered between two steps
MOST_REMEMBERED = 2**14
#: steps of a history, at most, fewer of large models: all modules at all steps together stay within so many
MOST_STEPS, MOST_IN_HISTORY = 100, 16_000


class ProbeError(ValueError):
    """What cannot be measured, in a sentence."""


# --- What is asked for ----------------------------------------------------------------------------------------------------------------


def probe(
    model: Any,
    batch: Any,
    loss: Callable[[Any], Any] | None = None,
    *,
    draws: int | None = None,
    seed: int = 0,
    mode: str | None = None,
    name: str | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """Return the report of one forward and one backward pass of `batch` through `model`.

    model: an nn.Module, or a function without arguments that makes one; that is called `draws` times (8 unless said), each with a seed
    of its own, `seed`, `seed` + 1 …, and lists of the report have an entry for each. loss: from the model's output to a scalar tensor,
    such as `lambda output: F.cross_entropy(output, labels)`. mode: "train" or "eval"; None leaves each module in its own.
    Raises ProbeError with a sentence where the model has no parameters, its output no tensor, or the loss no single number.
    """
    if torch is None:
        raise ProbeError("PyTorch is not installed here; for a network of Keras or Flax, call probe_keras or probe_flax.")
    if mode not in (None, "train", "eval"):
        raise ProbeError(f"mode = {mode!r} is unknown; choose 'train', 'eval' or None, which leaves each module in its own.")
    made = not isinstance(model, nn.Module)
    if made and not callable(model):
        raise ProbeError(f"model is {_a(model)}: give an nn.Module, or a function that makes one.")
    if not made and draws not in (None, 1):
        raise ProbeError(f"draws = {draws} needs a function that makes a model, such as probe(lambda: Net(), batch, draws={draws}).")
    draws = (8 if made else 1) if draws is None else draws
    if not isinstance(draws, int) or draws < 1:
        raise ProbeError(f"draws = {draws!r}: give a whole number from 1 on.")
    reports = []
    for draw in range(draws):
        with _same_random_numbers(seed + draw):
            one = model() if made else model
            if not isinstance(one, nn.Module):
                raise ProbeError(f"The function made {_a(one)}, not an nn.Module: it has to return the model.")
            reports.append(_measure_once(one, batch, loss, mode))
            del one  # before the next is made: two may not fit
    return _merged(reports, name, notes)


def watch(model: Any, every: int = 100) -> Watch:
    """Return a context that measures every `every`-th forward pass with gradients of `model` while it trains, from the first on.

    Its `report` is that of the last such pass, with a `history`: sizes of what each module gives out, of its gradient and of ∂C/∂W, and the
    share rms(ΔW)/rms(W) by which the optimizer then moves its weight. ∂C/∂W is that of the pass, before clipping; where a loss is scaled,
    as for float16, of the scaled one. Of a long training every other entry goes when there are more than 100.
    """
    return Watch(model, every)


probe.watch = watch  # type: ignore[attr-defined]


class Watch:
    """A running measurement of a network in training, made by `watch`: use it in a `with` statement."""

    def __init__(self, model: Any, every: int):
        if torch is None or not isinstance(model, nn.Module):
            raise ProbeError(f"watch needs an nn.Module, not {_a(model)}.")
        if hasattr(model, "_orig_mod"):
            raise ProbeError("watch cannot see inside a compiled model: give it the model from before torch.compile, and train that.")
        if not isinstance(every, int) or every < 1:
            raise ProbeError(f"every = {every!r}: give a whole number of steps from 1 on.")
        _check(model)
        self._recorder, self._every, self._step = _Recorder(model), every, 0
        self._data: dict[str, Any] | None = None
        self._steps: list[int] = []
        self._history: dict[str, dict[str, list[float | None]]] = {"update_ratio": {}, "out": {}, "out_gradient": {}, "weight_gradient": {}}
        self._before: dict[str, tuple[Any, Any]] = {}
        self._mode: _Functions | None = None
        self._handles: list[Any] = []
        self._listening: list[Any] = []

    def __enter__(self) -> Watch:
        self._recorder.attach()
        model = self._recorder.model
        self._handles = [
            model.register_forward_pre_hook(self._begin, prepend=True, with_kwargs=True),
            model.register_forward_hook(self._end, always_call=True),
        ]
        return self

    def __exit__(self, *problem: Any) -> None:
        self._end()
        self._finish()
        for handle in self._handles:
            handle.remove()
        self._recorder.detach()

    @property
    def report(self) -> Report:
        """Return the report of the last pass that was measured; ProbeError before there is one."""
        if self._recorder.rows:
            self._finish()
        if self._data is None:
            raise ProbeError("Nothing has been measured yet: no forward pass with gradients has gone through the model.")
        return Report(self._data | {"history": {"steps": self._steps, **self._history}})

    def __str__(self) -> str:
        return str(self.report)

    def _begin(self, model: Any, inputs: Any, named: Any) -> None:
        if not torch.is_grad_enabled() or self._recorder.active:
            return
        self._finish()
        if self._step % self._every == 0:
            self._recorder.begin()
            self._shapes = [list(x.shape) for x in _tensors((inputs, named))]
            weights = dict(self._recorder.weights())
            self._before = {name: (weight, _sample(weight.detach(), MOST_REMEMBERED).clone()) for name, weight in weights.items()}
            # an optimizer may have set .grad to None before the next pass
            self._listening = [weight.register_hook(self._noting(name)) for name, weight in weights.items() if weight.requires_grad]
            self._mode = _Functions(self._recorder)
            self._mode.__enter__()
        self._step += 1

    def _noting(self, name: str) -> Callable[[Any], None]:
        def note(gradient: Any) -> None:
            self._recorder.weight_gradient(name, gradient)

        return note

    def _end(self, *call: Any) -> None:
        if self._mode is not None:
            self._mode.__exit__(None, None, None)
            self._mode = None
            self._recorder.end_forward(call[2] if len(call) == 3 else None)

    def _finish(self) -> None:
        """Note what the last measured step did, once its optimizer has moved the weights."""
        recorder = self._recorder
        for handle in self._listening:
            handle.remove()
        self._listening = []
        if not recorder.rows:
            return
        moved = {}
        for name, (weight, before) in self._before.items():
            size = before.float().square().mean().sqrt()
            moved[name] = ((_sample(weight.detach(), MOST_REMEMBERED).float() - before.float()).square().mean().sqrt() / size).item()
        self._before = {}
        self._data = recorder.report("the loss of the training loop", self._shapes)
        self._steps.append(self._step - 1)
        seen = {"update_ratio": moved}
        for signal in ("out", "out_gradient", "weight_gradient"):
            first_calls = (row for row in self._data["modules"] if row.get("call") == 1)
            seen[signal] = {row["name"]: row[signal]["log10_second_moment"][0] for row in first_calls if signal in row}
        for signal, values in seen.items():
            for name in self._history[signal].keys() | values.keys():
                line = self._history[signal].setdefault(name, [])
                line += [None] * (len(self._steps) - 1 - len(line))  # it was not called in the steps before
                value = values.get(name)
                line.append(_rounded(value) if isinstance(value, str) or (value is not None and math.isfinite(value)) else None)
        if len(self._steps) > max(4, min(MOST_STEPS, MOST_IN_HISTORY // len(self._data["modules"]))):
            self._every, self._steps = 2 * self._every, self._steps[::2]
            self._history = {signal: {name: line[::2] for name, line in lines.items()} for signal, lines in self._history.items()}


# --- One pass -------------------------------------------------------------------------------------------------------------------------


def _measure_once(model: Any, batch: Any, loss: Callable[[Any], Any] | None, mode: str | None) -> dict[str, Any]:
    """Return the report of one pass, and leave the model as it was."""
    model = getattr(model, "_orig_mod", model)  # what torch.compile was given: inside compiled code there is nothing to hook
    if type(model).__name__ in ("DataParallel", "DistributedDataParallel"):
        model = model.module
    _check(model)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    frozen = len(parameters) < sum(1 for _ in model.parameters())
    batch, leaves = _own_batch(batch, next(model.parameters()).device, needs_gradient=frozen)
    recorder = _Recorder(model)
    with _as_it_was(model), torch.inference_mode(False), torch.enable_grad(), _eager():
        try:
            if mode is not None:
                model.train(mode == "train")
            modes = {module.training for module in model.modules()}
            recorder.attach()
            recorder.begin()
            with _Functions(recorder):
                output = model(**batch) if isinstance(batch, dict) else model(*batch) if isinstance(batch, tuple) else model(batch)
            recorder.end_forward(output)
            words = _backward(recorder, output, loss, [*parameters, *leaves])
            data = recorder.report(words, [list(x.shape) for x in _tensors(batch)])
        finally:
            recorder.detach()
    return data | {"mode": "mixed" if len(modes) > 1 else "train" if modes == {True} else "eval"}


def _backward(recorder: _Recorder, output: Any, loss: Callable[[Any], Any] | None, wanted: list[Any]) -> str:
    """Pull the gradient of the cost back, hand the recorder what it asks for, and return the cost in words."""
    outputs = [x for x in _tensors(output, ("logits", "last_hidden_state")) if x.is_floating_point() or x.is_complex()]
    if not outputs and loss is None:
        raise ProbeError(f"The output is {_a(output)} without a tensor of real numbers: give a loss that makes one number of it, loss=….")
    if loss is None:
        words = _cost_words(None)
        differentiable = [x for x in outputs if x.requires_grad]
        cost = (differentiable or outputs)[0]
        if len(differentiable) > 1:
            others = f"The output has {len(differentiable)} tensors"
            recorder.notes.append(f"{others}; the cost is of one of them, of shape {tuple(cost.shape)}.")
    else:
        words = _cost_words(loss)
        cost = loss(output)
        if not isinstance(cost, torch.Tensor):
            raise ProbeError(f"The loss gave {_a(cost)}, not a tensor: leave out .item() and float().")
        if cost.numel() != 1:
            raise ProbeError(f"The loss gave a tensor of shape {tuple(cost.shape)}, not one number: take its mean or its sum.")
    if not cost.requires_grad:
        if loss is not None:
            raise ProbeError("No gradient goes from the loss to a weight: something between them is detached, or all is frozen.")
        recorder.notes.append("No gradient was measured: none of the weights that the output depends on asks for one.")
        return words
    start = torch.randn_like(cost) if loss is None else torch.ones_like(cost)
    try:
        gradients = torch.autograd.grad(cost, wanted, start, allow_unused=True)
    except RuntimeError as error:
        if "checkpoint" in str(error).lower():
            raise ProbeError("Checkpoints of the old kind allow no measurement: use_reentrant=False, or turn them off for this.") from error
        raise
    recorder.weight_gradients(dict(zip(map(id, wanted), gradients, strict=True)))
    return words


def _check(model: Any) -> None:
    """Raise ProbeError where there is nothing to measure."""
    if next(model.parameters(), None) is None:
        raise ProbeError(f"{type(model).__name__} has no parameters: there are no weights to measure.")
    if any(isinstance(x, nn.parameter.UninitializedTensorMixin) for x in [*model.parameters(), *model.buffers()]):
        raise ProbeError("Some weights have no shape yet (lazy modules): pass one batch through the model first.")
    if any(x.is_meta for x in model.parameters()):
        raise ProbeError("Some weights are on the device 'meta', without numbers: give them memory first, as with to_empty.")


def _own_batch(batch: Any, device: Any, needs_gradient: bool) -> tuple[Any, list[Any]]:
    """Return a copy of the batch on the device of the model, and its tensors that ask for a gradient.

    They do where a part is frozen: else no gradient would get there. Models may write into a copy.
    """
    leaves = []

    def own(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            value = value.detach().to(device)
            if needs_gradient and value.is_floating_point():
                value = value.requires_grad_()
                leaves.append(value)
            return value.clone()
        if isinstance(value, Mapping):
            return {name: own(part) for name, part in value.items()}
        if isinstance(value, (tuple, list)):
            return tuple(map(own, value))
        return value

    mine = own(batch)
    if not list(_tensors(mine)):
        raise ProbeError(f"batch is {_a(batch)} without a tensor: give a tensor, a tuple of arguments or a dict of named ones.")
    return mine, leaves


class _as_it_was:
    """Put buffers, training flags and gradients back at the end, whatever happens. Parameters are not written to."""

    def __init__(self, model: Any):
        self.training = [(module, module.training) for module in model.modules()]
        self.gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
        self.buffers = [
            (module, name, buffer, buffer.detach().clone())
            for module in model.modules()
            for name, buffer in module._buffers.items()
            if buffer is not None
        ]

    def __enter__(self) -> None:
        pass

    def __exit__(self, *problem: Any) -> None:
        for module, training in self.training:
            module.training = training
        for parameter, gradient in self.gradients:
            parameter.grad = gradient
        for module, name, buffer, values in self.buffers:
            module._buffers[name] = buffer
            if not torch.equal(buffer, values):  # what was not written to stays untouched: a graph of the visitor's may hold it
                with torch.no_grad():
                    buffer.copy_(values)


class _same_random_numbers:
    """Draw from a seed inside, and go on outside as if nothing had been drawn."""

    def __init__(self, seed: int):
        self.seed = seed

    def __enter__(self) -> None:
        self.cpu = torch.get_rng_state()
        self.cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else None
        torch.default_generator.manual_seed(self.seed)
        if self.cuda is not None:
            torch.cuda.manual_seed_all(self.seed)

    def __exit__(self, *problem: Any) -> None:
        torch.set_rng_state(self.cpu)
        if self.cuda is not None:
            torch.cuda.set_rng_state_all(self.cuda)


def _eager() -> Any:
    """Return a context in which parts that torch.compile made run as they were written."""
    return torch.compiler.set_stance("force_eager") if hasattr(torch.compiler, "set_stance") else torch.enable_grad()


# --- What is seen on the way ------------------------------------------------------------------------------------------------------------


class _Recorder:
    """Hooks on all modules of a model, and a row for each call of those that are measured.

    A row holds numbers of signals as tensors on their device until all are fetched at once: no activation is kept, and no device waits.
    """

    def __init__(self, model: Any):
        self.model = model
        self.names = {id(module): name or type(model).__name__ for name, module in model.named_modules()}
        self.prefixes = {id(module): f"{name}." if name else "" for name, module in model.named_modules()}
        self.kinds = {id(module): _kind(module) for module in model.modules()}
        self.active, self.busy = False, False
        self.handles: list[Any] = []
        self._clear()

    def _clear(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.stack: list[tuple[Any, dict[str, Any] | None]] = []
        self.calls: Counter[str] = Counter()
        self.softmaxes: list[str] = []
        self.numbers = _Numbers()
        self.known: dict[int, Any] = {}  # activations, by id: a sum of two of them is one of the network's
        self.remembered: dict[int, tuple[Any, int, Any]] = {}
        self.not_finite: list[tuple[str, str, Any]] = []
        self.backward_order: list[dict[str, Any]] = []
        self.batched: Any = None
        self.channels_first = False
        self.leaf_handles: list[Any] = []
        self.weight_rows: dict[str, dict[str, Any]] = {}

    def attach(self) -> None:
        for module in self.model.modules():
            self.handles.append(module.register_forward_pre_hook(self._before, with_kwargs=True))
            self.handles.append(module.register_forward_hook(self._after, with_kwargs=True, always_call=True))

    def detach(self) -> None:
        for handle in [*self.handles, *self.leaf_handles]:
            handle.remove()
        self.handles, self.leaf_handles, self.active, self.stack = [], [], False, []

    def begin(self) -> None:
        self._clear()
        self.active = True

    def end_forward(self, output: Any) -> None:
        """Stop recording: whatever calls modules after this is a checkpoint that computes again on the way back."""
        self.active, self.stack = False, []
        first = next((x for x in _tensors(output, ("logits", "last_hidden_state")) if x.is_floating_point() and x.dim()), None)
        self.batched = None if first is None else first.shape[0]
        self.known.clear()
        self.remembered.clear()

    # Modules

    def _before(self, module: Any, inputs: Any, named: Any) -> None:
        if not self.active or self.busy:
            return
        self.busy = True
        try:
            given = _first((inputs, named))
            kind, row = self.kinds[id(module)], None
            if kind:
                row = self._row(self.names[id(module)], type(module).__name__, kind) | {"module": module}
                self._input(row, given, lambda z: type(module).forward(module, z), repr(module))
                if row["kind"] == "attention" and isinstance(getattr(module, "num_heads", None), int):
                    row |= {"heads": module.num_heads, "causal": bool(named.get("is_causal", False))}
            for x in _tensors((inputs, named)):
                self._know(x)
            self.stack.append((module, row))
        finally:
            self.busy = False

    def _after(self, module: Any, inputs: Any, named: Any, output: Any) -> None:
        if not self.active or self.busy or not any(entry[0] is module for entry in self.stack):
            return
        self.busy = True
        try:
            while self.stack[-1][0] is not module:
                self.stack.pop()  # modules that an exception ended, which the model caught
            _, row = self.stack.pop()
            for x in _tensors(output):
                self._know(x)
            if row is not None:
                self.channels_first = row["kind"] == "convolution" or (self.channels_first and row["kind"] != "linear")
                self._output(row, _first(output))
        finally:
            self.busy = False

    # Functions

    def function(self, func: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return what a function of PyTorch returns, and record it where it is an activation, attention or a sum of activations."""
        name = getattr(func, "__name__", "")
        what = _FUNCTIONS.get(name)
        inside = self.kinds[id(self.stack[-1][0])] if self.stack else None
        if not self.active or self.busy or what is None or inside not in (None, "other") or not self.stack:
            return func(*args, **named)
        if what == "softmax":
            result = func(*args, **named)
            if isinstance(result, torch.Tensor) and result.dim() > 2 and result.requires_grad:
                self.softmaxes.append(self.names[id(self.stack[-1][0])])
            return result
        operands = [x for x in (*args, *named.values()) if isinstance(x, torch.Tensor) and x.is_floating_point()]
        if what == "sum":
            result = func(*args, **named)
            if self._is_sum(operands, result):
                self._record_function("sum", "sum", result)
            return result
        if not operands or not operands[0].requires_grad or operands[0].dim() < 2:
            return func(*args, **named)
        self.busy = True
        try:
            plain = name.strip("_")
            row = self._function_row(plain, what)
            others = {key: value for key, value in named.items() if key != "input"}
            given = operands[2] if what == "attention" and len(operands) > 2 else operands[0]
            entrywise = repr((name, args[1:], others)) if len(operands) == 1 else ""
            self._input(row, given, lambda z: func(z, *args[1:], **others), entrywise)
            if what == "attention":
                row["heads"] = operands[0].shape[-3] if operands[0].dim() > 3 else 1
                if named.get("is_causal") or named.get("attn_mask") is None:
                    row["causal"] = bool(named.get("is_causal"))
            elif (words := _activation_words(plain, args[1:], others)) is not None:
                row["activation"] = words
        finally:
            self.busy = False
        result = func(*args, **named)
        self.busy = True
        try:
            self._know(result)
            self._output(row, result)
        finally:
            self.busy = False
        return result

    def _record_function(self, name: str, kind: str, result: Any) -> None:
        self.busy = True
        try:
            row = self._function_row(name, kind)
            self._know(result)
            self._output(row, result)
        finally:
            self.busy = False

    def _function_row(self, name: str, kind: str) -> dict[str, Any]:
        prefix = self.prefixes[id(self.stack[-1][0])] + name
        self.calls[f"{prefix}()"] += 1
        times = self.calls[f"{prefix}()"]
        return self._row(prefix if times == 1 else f"{prefix}_{times}", name, kind) | {"functional": True}

    def _is_sum(self, operands: list[Any], result: Any) -> bool:
        """Return whether two activations of the network were added: both are known, or one is and the other is as large and no weight."""
        if len(operands) != 2 or not isinstance(result, torch.Tensor) or result.dim() < 2:
            return False
        a, b = operands
        if isinstance(a, nn.Parameter) or isinstance(b, nn.Parameter) or result.shape not in (a.shape, b.shape):
            return False
        known = [self._knows(x) for x in operands]
        return all(known) or (any(known) and a.shape == b.shape)

    # Rows

    def _row(self, name: str, type_name: str, kind: str) -> dict[str, Any]:
        self.calls[name] += 1
        return {"name": name[:200], "type": type_name, "kind": kind, "call": self.calls[name]}

    def _input(self, row: dict[str, Any], x: Any, function: Callable[[Any], Any], key: str) -> None:
        if x is None or not x.numel():
            return
        row["in"] = self._size(x)
        if row["kind"] == "activation" and key:
            row["saturated"] = self.numbers.flat(x, function, key)

    def _output(self, row: dict[str, Any], x: Any) -> None:
        self.rows.append(row)
        if x is None or not x.numel():
            return
        row["out_shape"] = list(x.shape)
        row["out"] = self._size(x)
        if row["kind"] == "activation" and row["type"].lower() in ("relu", "relu6") and x.dim() > 1:
            unit = 1 if self.channels_first or x.dim() == 2 else x.dim() - 1
            highest = x.detach().amax([axis for axis in range(x.dim()) if axis != unit])
            row["dead"] = self.numbers.later(1 / highest.numel(), (highest == 0).sum())
        if x.requires_grad:
            handle = x.register_hook(lambda gradient: self._gradient(row, gradient))
            if x.is_leaf:
                self.leaf_handles.append(handle)

    def _gradient(self, row: dict[str, Any], gradient: Any) -> None:
        if "out_gradient" not in row and gradient is not None and gradient.numel():
            row["out_gradient"] = self._size(gradient)
            self.backward_order.append(row)

    def _size(self, x: Any) -> Any:
        """Return the numbers of a tensor; those of one that was measured before, and has not been written to, are remembered."""
        version = 0 if x.is_inference() else x._version
        kept = self.remembered.get(id(x))
        if kept and kept[0]() is x and kept[1] == version:
            return kept[2]
        size = self.numbers.size(x.detach())
        self.remembered[id(x)] = (weakref.ref(x), version, size)
        return size

    def _know(self, x: Any) -> None:
        if isinstance(x, torch.Tensor):
            self.known[id(x)] = weakref.ref(x)

    def _knows(self, x: Any) -> bool:
        return id(x) in self.known and self.known[id(x)]() is x

    # Weights

    def weights(self) -> Iterator[tuple[str, Any]]:
        """Yield the weight of every measured module that has one, by the module's name."""
        for module in self.model.modules():
            if self.kinds[id(module)] and (weight := _weight(module)) is not None:
                yield self.names[id(module)][:200], weight

    def weight_gradients(self, gradients: dict[int, Any]) -> None:
        """Measure ∂C/∂W of every module; `gradients` is by id of the parameter."""
        for name, weight in self.weights():
            gradient = gradients.get(id(weight))
            if gradient is not None:
                self.weight_gradient(name, gradient)

    def weight_gradient(self, name: str, gradient: Any) -> None:
        """Measure ∂C/∂W of the module of this name, where it is the first one of this pass."""
        if "weight_gradient" not in (row := self.weight_rows.setdefault(name, {})):
            gradient = gradient.detach().coalesce().to_dense() if gradient.is_sparse else gradient.detach()
            row["weight_gradient"] = self.numbers.size(gradient)

    # The report

    def report(self, cost: str, shapes: list[list[int]]) -> dict[str, Any]:
        """Return all that was recorded as a report of one draw, and forget it."""
        modules = {self.names[id(module)][:200]: module for module in self.model.modules()}
        rows = [*self.rows]
        called = {row["name"] for row in rows}
        for name, module in modules.items():
            if (kind := self.kinds[id(module)]) and name not in called:
                rows.append({"name": name, "type": type(module).__name__, "kind": kind, "never_called": True, "module": module})
        for row in rows:
            module = row.get("module")
            if module is not None and row.get("call", 1) == 1:
                self._describe(row, module)
        data = {
            "format": FORMAT,
            "version": VERSION,
            "model": type(self.model).__name__,
            "framework": f"torch {torch.__version__.split('+')[0]}",
            "mode": "train" if self.model.training else "eval",
            "dtype": _dtype(self.model),
            "loss": cost,
            "batch": shapes,
            "inputs": self.batched,
            "draws": 1,
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
            "notes": self.notes,
            "modules": rows,
        }
        fetched = self.numbers.fetch()
        data["modules"] = [_filled(row, fetched) for row in rows]
        self._equal_weights(data["modules"], modules)
        self._add_notes(data, modules)
        order = [(_forward(data["modules"]), "forward"), ([_filled(row, fetched) for row in self.backward_order], "backward")]
        data |= _first_not_finite(order)
        for row in data["modules"]:
            row.pop("module", None)
        self._clear()
        return data

    def _describe(self, row: dict[str, Any], module: Any) -> None:
        """Add what a module is: fans, weight, bias, function."""
        weight = _weight(module)
        own = list(module.parameters(recurse=False))
        if own and not any(parameter.requires_grad for parameter in own):
            row["frozen"] = True
        if row["kind"] == "activation" and (words := _module_words(module)) is not None:
            row["activation"] = words
        if weight is None or not weight.numel():
            return
        effective = _effective(module, weight)
        fans = _fans(module, weight)
        if fans:
            row |= {"fan_in": fans[0], "fan_out": fans[1]}
        row |= {"weight_shape": list(weight.shape), "weight": self.numbers.size(effective.detach())}
        bias = getattr(module, "bias", None)
        bias = getattr(module, "in_proj_bias", None) if bias is None else bias
        if isinstance(bias, torch.Tensor) and bias.numel() and bias.is_floating_point():
            row["bias"] = self.numbers.size(bias.detach())
        row |= self.weight_rows.get(row["name"], {})

    def _equal_weights(self, rows: list[dict[str, Any]], modules: dict[str, Any]) -> None:
        """Add names of earlier modules whose weights are the same tensor, or another with the same numbers."""
        seen: dict[Any, list[tuple[str, Any]]] = {}
        for row in rows:
            if "weight" not in row:
                continue
            weight = _weight(modules[row["name"]])
            size = row["weight"]
            key = (tuple(weight.shape), size["log10_second_moment"][0], size["mean"][0])
            for name, other in seen.get(key, ()):
                if other is weight:
                    row["tied_to"] = name
                elif size["log10_variance"][0] != "zero" and torch.equal(other.detach(), weight.detach().to(other.device)):
                    row["same_weights_as"] = name
                else:
                    continue
                break
            else:
                seen.setdefault(key, []).append((row["name"], weight))

    def _add_notes(self, data: dict[str, Any], modules: dict[str, Any]) -> None:
        rows = data["modules"]
        idle = [row["name"] for row in rows if row.get("never_called")]
        used = [row["name"] for row in rows if row.get("never_called") and "weight_gradient" in row]
        if used:
            data["notes"].append(f"Used by another module's code, so that their signals are not seen: {_listed(used)}.")
        if unused := [name for name in idle if name not in used]:
            data["notes"].append(f"Never called: {_listed(unused)}.")
        if tied := [f"{row['name']} and {row['tied_to']}" for row in rows if "tied_to" in row]:
            data["notes"].append(f"One weight for both, and a gradient that is the sum of theirs: {_listed(tied)}.")
        measured = {id(weight) for _, weight in self.weights()}
        loose = [name for name, p in self.model.named_parameters() if id(p) not in measured and p.dim() > 1 and p.numel() > 1]
        if loose:
            data["notes"].append(f"Weights that are no module's `weight` and were not measured: {_listed(loose)}.")
        if fused := [row["name"] for row in rows if row.get("functional") and row["kind"] == "attention"]:
            seen = "the values it is given and what it gives out are seen; scores and their softmax are not"
            data["notes"].append(f"Of attention that a module's own code calls, {seen}: {_listed(fused)}.")
        if self.softmaxes:
            seen = "the linear maps before and after it are seen; scores, softmax and the sum that mixes values are not"
            callers = _listed([*dict.fromkeys(self.softmaxes)])
            data["notes"].append(f"Of attention written out by hand, {seen}. A softmax is called by {callers}.")
        norms = [module for module in modules.values() if isinstance(module, nn.modules.batchnorm._BatchNorm) and not module.training]
        if any(module.num_batches_tracked is not None and not module.num_batches_tracked for module in norms):
            told = "Batch norms are in eval mode and have seen no batch yet: they hand on what they are given"
            data["notes"].append(f"{told}. As in training they are measured with mode='train'.")
        if any(isinstance(module, torch.jit.ScriptModule) for module in modules.values()):
            data["notes"].append("Scripted parts are seen from outside alone.")
        data["notes"].append(NOT_SEEN)


class _Functions(TorchFunctionMode):
    """Sees calls of PyTorch's functions while a recorder records: sums and activations that are no modules."""

    def __init__(self, recorder: _Recorder):
        super().__init__()
        self.recorder = recorder

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.recorder.function(func, args, kwargs or {})


# --- Numbers of a tensor ------------------------------------------------------------------------------------------------------------------


class _Numbers:
    """Numbers of tensors, kept on their devices until `fetch` brings all of them at once.

    What is asked for gets a ticket: a place in `asked`, (what, known numbers, tensors of one entry each).
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[float, ...], list[Any]]] = []
        self.steepest: dict[str, Any] = {}

    def later(self, scale: float, number: Any) -> int:
        return self._ticket("share", (scale,), [number])

    def _ticket(self, what: str, known: tuple[float, ...], numbers: list[Any]) -> int:
        self.asked.append((what, known, numbers))
        return len(self.asked) - 1

    def size(self, x: Any) -> int:
        """Ask for mean, variance and second moment of all entries, and the shares that float16 would lose, of at most 65,536 of them."""
        if x.is_complex():
            x = torch.view_as_real(x)
        if x.dtype in (torch.float16, torch.bfloat16) or x.element_size() < 2:
            x = x.float()
        one_sample = _sample(x, MOST_SAMPLED).abs()
        shares = [(one_sample == 0).sum(), (one_sample < HALF_SMALLEST).sum(), (one_sample >= OVERFLOW).sum()]
        # Squares of float32 leave it from 1e-19 down. A processor says at once whether they would, and adds up a piece at a time, which
        # stays in its cache. A GPU would have to be waited for: it adds up in float64 instead
        if x.device.type == "cuda" and x.dtype == torch.float32:
            sizes, scaled = [*torch.aminmax(x), x.sum(dtype=torch.float64), torch.linalg.vector_norm(x, dtype=torch.float64)], 0.0
        elif x.device.type == "cpu":
            sizes = _in_pieces(x)
            top = max(-sizes[0].item(), sizes[1].item())
            scaled = float(top > 0 and not 1e-12 < top < 1e12)
            sizes = sizes[:2] + _in_pieces(x / top)[2:] if scaled else sizes
        else:
            lowest, highest = torch.aminmax(x)
            top, scaled = torch.maximum(-lowest, highest), 1.0
            x = x / torch.where(top > 0, top, 1)
            sizes = [lowest, highest, x.sum(), torch.linalg.vector_norm(x)]
        return self._ticket("size", (x.numel(), one_sample.numel(), scaled), [*sizes, *shares])

    def flat(self, z: Any, function: Callable[[Any], Any], key: str) -> int | None:
        """Ask for the share of z where an entrywise function is flat: slopes below FLAT of its steepest. None if it is not one."""
        z = z.detach()
        z = z.float() if z.element_size() < 4 else z
        try:
            if key not in self.steepest:
                self.steepest[key] = _slopes(torch.linspace(-10, 10, 2001, dtype=z.dtype, device=z.device), function).max()
            slopes = _slopes(_sample(z, MOST_SLOPES), function)
        except (RuntimeError, TypeError, ValueError, IndexError):
            return None
        return self.later(1 / slopes.numel(), (slopes < FLAT * self.steepest[key]).sum())

    def fetch(self) -> list[Any]:
        """Return what was asked for, by ticket."""
        flat = [number for _, _, numbers in self.asked for number in numbers]
        groups: dict[Any, list[int]] = {}
        for place, number in enumerate(flat):
            groups.setdefault((number.device, number.dtype), []).append(place)
        values = np.zeros(len(flat))
        for places in groups.values():
            values[places] = torch.stack([flat[place] for place in places]).cpu().double().numpy()
        found, start = [], 0
        for what, known, numbers in self.asked:
            mine = values[start : start + len(numbers)].tolist()
            start += len(numbers)
            found.append(mine[0] * known[0] if what == "share" else _size(*known, *mine))
        return found


def _size(count: float, sampled: float, scaled: float, *numbers: float) -> dict[str, Any]:
    """Return the object of a signal, with what float16 would lose of it and what is not finite."""
    lowest, highest, total, norm, zero, below, above = numbers
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        what = "nan" if math.isnan(lowest) or math.isnan(highest) else "infinite"
        return {"mean": [None], "log10_variance": [None], "log10_second_moment": [None], "what": what}
    top = max(-lowest, highest)
    scale = top if scaled and top > 0 else 1.0
    mean, square = total / count, norm**2 / count
    variance = 0.0 if lowest == highest else max(square - mean**2, 0.0)
    logs = ["zero" if value == 0 else math.log10(value) + 2 * math.log10(scale) for value in (variance, square)]
    shares = {"zero": zero / sampled, "below_float16": (below - zero) / sampled, "above_float16": above / sampled}
    return {"mean": [mean * scale], "log10_variance": [logs[0]], "log10_second_moment": [logs[1]], "shares": shares}


def _filled(row: dict[str, Any], fetched: list[Any]) -> dict[str, Any]:
    """Return a row with its numbers in place of tickets."""
    row = dict(row)
    for name in SIGNALS:
        if isinstance(ticket := row.get(name), int):
            row[name] = dict(fetched[ticket])
    for name in ("saturated", "dead"):
        if name in row:
            ticket = row.pop(name)
            row |= {} if ticket is None else {name: fetched[ticket]}
    return _filled_shares(row)


def _in_pieces(x: Any) -> list[Any]:
    """Return the lowest and highest entry of a tensor, the sum of all and the root of the sum of their squares."""
    pieces = x.reshape(-1).split(PIECE) if x.is_contiguous() else [x]
    found = [(*torch.aminmax(piece), piece.sum(), torch.linalg.vector_norm(piece)) for piece in pieces]
    lowest, highest, sums, norms = map(torch.stack, zip(*found, strict=True))
    return [lowest.min(), highest.max(), sums.double().sum(), torch.linalg.vector_norm(norms.double())]


def _slopes(z: Any, function: Callable[[Any], Any]) -> Any:
    """Return |φ′(z)| of an entrywise function; ValueError if it is none."""
    with torch.enable_grad():
        z = z.detach().clone().requires_grad_()
        h = function(z.clone())  # of a copy: it may write into what it is given
        if not isinstance(h, torch.Tensor) or h.shape != z.shape:
            raise ValueError("not entrywise")
        return torch.autograd.grad(h.sum(), z)[0].abs()


def _sample(x: Any, most: int) -> Any:
    """Return at most so many entries of a tensor, (k,), evenly from all of it; its last axis has no common measure with the step."""
    flat = x.permute(0, 2, 3, 1) if x.dim() == 4 and not x.is_contiguous() else x
    flat = flat.reshape(-1)
    if flat.numel() <= most:
        return flat
    step = -(-flat.numel() // most)
    while math.gcd(step, flat.numel()) > 1:
        step += 1
    return flat[::step]


def _tensors(value: Any, first: Sequence[str] = ()) -> Iterator[Any]:
    """Yield the tensors in nested tuples, lists and dicts, those of the keys in `first` before others."""
    if isinstance(value, torch.Tensor):
        if not value.is_nested and value.layout == torch.strided:
            yield value
    elif isinstance(value, Mapping):
        for key in sorted(value, key=lambda key: key not in first):
            yield from _tensors(value[key], first)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _tensors(part, first)


def _first(value: Any) -> Any:
    """Return the first tensor of real numbers, or None."""
    return next((x for x in _tensors(value) if x.is_floating_point() or x.is_complex()), None)


# --- What a module is -------------------------------------------------------------------------------------------------------------------

#: functions that are measured where a model calls them itself, by name
_FUNCTIONS = {
    **dict.fromkeys(("add", "add_", "__add__", "__radd__", "__iadd__"), "sum"),
    "scaled_dot_product_attention": "attention",
    "softmax": "softmax",
    **dict.fromkeys(("relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "elu", "elu_", "selu", "selu_", "celu"), "activation"),
    **dict.fromkeys(("gelu", "silu", "mish", "softplus", "hardswish", "hardtanh", "hardsigmoid", "softsign"), "activation"),
    **dict.fromkeys(("tanh", "tanh_", "sigmoid", "sigmoid_", "sin", "sin_", "tanhshrink", "logsigmoid"), "activation"),
}
_ACTIVATION = re.compile(r"relu|gelu|silu|swish|mish|sigmoid|tanh|elu\b|softplus|^sine?$|snake|activation$", re.IGNORECASE)
#: modules of PyTorch's file of activations that are none: they mix entries
_MIXING = ("Softmax", "Softmin", "Softmax2d", "LogSoftmax", "MultiheadAttention")


def _kind(module: Any) -> str | None:
    """Return the kind of a module that is measured, None of one that is not."""
    name, leaf = type(module).__name__, next(module.children(), None) is None
    own = [parameter for parameter in module.parameters(recurse=False) if parameter is not None]
    weight = _weight(module)
    if isinstance(module, nn.modules.conv._ConvNd):
        return "convolution"
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return "embedding"
    if isinstance(module, nn.MultiheadAttention):
        return "attention"
    if isinstance(module, (nn.Linear, nn.Bilinear)) or (leaf and own and name in ("Conv1D", "Linear")):
        return "linear"
    if isinstance(module, nn.modules.batchnorm._NormBase) or (leaf and "norm" in name.lower()):
        return "norm"
    entrywise = type(module).__module__ == "torch.nn.modules.activation" or _ACTIVATION.search(name)
    if leaf and entrywise and name not in _MIXING and (weight is None or weight.dim() < 2):
        return "activation"
    if weight is not None and (leaf or weight.dim() > 1):
        linear = leaf and weight.dim() == 2 and "linear" in name.lower()
        return "linear" if linear else "other" if leaf or isinstance(getattr(module, "weight", None), torch.Tensor) else None
    return None


def _weight(module: Any) -> Any:
    """Return the parameter that is the weight of a module itself, or None."""
    own = {name: parameter for name, parameter in module._parameters.items() if parameter is not None and parameter.is_floating_point()}
    if "weight" in own:
        return own["weight"]
    if "weight" in getattr(module, "parametrizations", ()):
        return [*module.parametrizations["weight"].parameters(recurse=False)][-1]
    for parameter in sorted(own.values(), key=lambda parameter: parameter.dim() < 2):
        return parameter
    return None


def _effective(module: Any, weight: Any) -> Any:
    """Return the weight as it multiplies: with parametrizations and norms of weights applied, where they do not change its shape."""
    if "weight" not in getattr(module, "parametrizations", ()):
        value = getattr(module, "weight", weight)
        return value if isinstance(value, torch.Tensor) and value.shape == weight.shape else weight
    parts = [(part, part.training) for part in module.parametrizations.modules()]
    module.parametrizations.eval()  # else a look at the weight changes it
    with torch.no_grad():
        value = module.weight
    for part, training in parts:
        part.training = training
    return value if value.shape == weight.shape else weight


def _fans(module: Any, weight: Any) -> tuple[int, int] | None:
    """Return how many numbers one output of a module adds up, and to how many outputs one input goes, on average."""
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return 1, weight.shape[1]
    if isinstance(module, nn.modules.conv._ConvNd):
        taps, steps = math.prod(module.kernel_size), math.prod(module.stride)
        ins, outs = module.in_channels // module.groups, module.out_channels // module.groups
        return (max(1, ins * taps // steps), outs * taps) if module.transposed else (ins * taps, outs * taps)
    if weight.dim() != 2:
        return None
    rows, columns = weight.shape
    return (rows, columns) if type(module).__name__ == "Conv1D" else (columns, rows)


#: in the words of the app, for a name in small letters without "activation"
_WORDS = {
    **{name: name for name in ("relu", "gelu", "silu", "tanh", "sigmoid", "selu", "mish", "softplus")},
    **dict.fromkeys(("newgelu", "fastgelu", "gelutanh", "pytorchgelutanh"), "gelu_tanh"),
    "swish": "silu",
    "sin": "sin(x)",
}


def _module_words(module: Any) -> str | None:
    """Return the function of an activation module in the app's words, None where they cannot be told."""
    name = type(module).__name__.lower().removesuffix("activation")
    options = {"approximate": getattr(module, "approximate", "none"), "negative_slope": getattr(module, "negative_slope", None)}
    options |= {"alpha": getattr(module, "alpha", 1.0)}
    if name in ("sine", "sin") and isinstance(getattr(module, "w0", None), (int, float)):
        return f"sin({module.w0:g}*x)"
    return _activation_words({"leakyrelu": "leaky_relu"}.get(name, name), (), options)


def _activation_words(name: str, args: Sequence[Any], named: Mapping[str, Any]) -> str | None:
    if name == "gelu" and (named.get("approximate") == "tanh" or "tanh" in args):
        return "gelu_tanh"
    if name == "leaky_relu":
        slope = named.get("negative_slope", args[0] if args else 0.01)
        return f"leaky_relu(x, {slope:g})" if isinstance(slope, (int, float)) else None
    if name == "elu":
        return "elu" if named.get("alpha", args[0] if args else 1.0) == 1 else None
    return _WORDS.get(name)


def _dtype(model: Any) -> str:
    """Return the format of the weights, and that of autocast where it is on."""
    first = next(model.parameters())
    dtypes = sorted({str(parameter.dtype).removeprefix("torch.") for parameter in model.parameters()})
    device = first.device.type
    if torch.is_autocast_enabled(device):
        return f"{', '.join(dtypes)}; autocast to {str(torch.get_autocast_dtype(device)).removeprefix('torch.')}"
    return ", ".join(dtypes)


# --- Keras and Flax ---------------------------------------------------------------------------------------------------------------------


def probe_keras(
    model: Any, batch: Any, loss: Callable[[Any], Any] | None = None, *, training: bool = False, seed: int = 0, name: str | None = None
) -> Report:
    """Return the report of a model of Keras 3: layers with weights, norms and activations, also those inside Dense(activation=…).

    Gradients with the backends torch and jax; with others, signals alone. Sums of activations are seen where they are layers (Add).
    The arguments are those of `probe`; non-trainable weights, such as running statistics, are put back.
    """
    import keras

    layers = [layer for layer in model._flatten_layers(include_self=False, recursive=True) if not list(layer._flatten_layers())[1:]]
    if not model.weights:
        raise ProbeError(f"{type(model).__name__} has no weights yet: build it, or pass one batch through it, first.")
    seen, before = _Seen(), [_array(weight).copy() for weight in model.non_trainable_variables]
    try:
        for layer in layers:
            _tap_keras(layer, seen)
        output = model(batch, training=training)
        shapes = [list(np.shape(x)) for x in (batch if isinstance(batch, (tuple, list)) else [batch])]
        backend, words = keras.backend.backend(), _cost_words(loss)
        trainable = model.trainable_variables
        if backend == "jax":
            values = [variable.value for variable in trainable]
            fixed = [variable.value for variable in model.non_trainable_variables]

            def run(some: Any) -> Any:
                return model.stateless_call(some, fixed, batch, training=training)[0]

            gradients = _jax_gradients(seen, run, values, output, loss, seed)
        elif backend == "torch":
            gradients = _torch_gradients(seen, lambda: model(batch, training=training), trainable, loss, seed)
        else:
            gradients = {}
            seen.notes.append(f"With the backend {backend} gradients are not measured.")
    finally:
        for layer in layers:
            _untap_keras(layer)
        for weight, value in zip(model.non_trainable_variables, before, strict=True):
            weight.assign(value)
    by_variable = {id(variable): gradients[place] for place, variable in enumerate(trainable) if place in gradients}
    for layer in layers:
        kernel = next((w for w in layer.weights if w.name in ("kernel", "embeddings", "gamma", "depthwise_kernel")), None)
        seen.describe(layer.name, kernel, by_variable.get(id(kernel)), getattr(layer, "bias", None))
    seen.notes.append("Seen are layers with weights, norms, activations and Add; functions that a model calls itself are not.")
    about = {"model": name or type(model).__name__, "framework": f"keras {keras.__version__} ({backend})", "loss": words, "batch": shapes}
    return seen.report(about | {"mode": "train" if training else "eval", "dtype": str(model.variable_dtype)}, output, model.count_params())


def probe_flax(
    module: Any,
    variables: Any,
    batch: Any,
    loss: Callable[[Any], Any] | None = None,
    *,
    rngs: Any = None,
    seed: int = 0,
    name: str | None = None,
    **options: Any,
) -> Report:
    """Return the report of a module of Flax linen: what its submodules with parameters give out, as `capture_intermediates` names it.

    variables: as `module.init` made them; options go to `module.apply` (train=True …). Gradients of outputs and weights are measured, too.
    Functions (nn.relu) and sums are not seen: Flax has no modules for them. Nothing is written to: Flax is functional.
    """
    import flax
    import jax
    from flax import linen

    if not isinstance(module, linen.Module):
        raise ProbeError(f"module is {_a(module)}, not a module of flax.linen; those of NNX cannot be measured.")
    if not variables.get("params"):
        raise ProbeError(f"{type(module).__name__} has no parameters: there are no weights to measure.")
    seen, inputs = _Seen(), batch if isinstance(batch, tuple) else (batch,)
    own = {"kernel", "embedding", "scale"}

    def tap(call: Any, args: Any, named: Any, context: Any) -> Any:
        output = call(*args, **named)
        weights = context.module.variables.get("params", {})
        if context.method_name != "__call__" or not own & set(weights) or not hasattr(output, "dtype"):
            return output
        path, kind = ".".join(context.module.path), _kind_by_name(type(context.module).__name__)
        return seen.see(path, type(context.module).__name__, kind, output, args[0] if args else None)

    def run(parameters: Any) -> Any:
        rest = {key: value for key, value in variables.items() if key != "params"}
        with linen.intercept_methods(tap):
            return module.apply({"params": parameters, **rest}, *inputs, rngs=rngs, mutable=list(rest), **options)[0]

    output = run(variables["params"])
    leaves, tree = jax.tree_util.tree_flatten(variables["params"])
    gradients = _jax_gradients(seen, lambda some: run(jax.tree_util.tree_unflatten(tree, some)), leaves, output, loss, seed)
    paths = [[part.key for part in path] for path, _ in jax.tree_util.tree_flatten_with_path(variables["params"])[0]]
    found = {".".join(path): (leaves[place], gradients.get(place)) for place, path in enumerate(paths)}
    for row in seen.rows:
        weights = (found[f"{row['name']}.{key}"] for key in sorted(own) if f"{row['name']}.{key}" in found)
        weight, gradient = next(weights, (None, None))
        seen.describe(row["name"], weight, gradient, found.get(f"{row['name']}.bias", (None,))[0])
    seen.notes.append("Flax has no modules for activation functions and sums, so that these are not seen.")
    about: dict[str, Any] = {"model": name or type(module).__name__, "framework": f"flax {flax.__version__}", "loss": _cost_words(loss)}
    about |= {"mode": "train" if options.get("train") else "eval", "dtype": str(leaves[0].dtype), "batch": [list(x.shape) for x in inputs]}
    return seen.report(about, output, sum(leaf.size for leaf in leaves))


class _Seen:
    """Signals of a network of Keras or Flax. The first pass notes them; the second adds zeros, whose gradients are those of signals."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.outputs: list[Any] = []
        self.zeros: Sequence[Any] | None = None
        self.place = 0
        self.calls: Counter[str] = Counter()
        self.notes: list[str] = []
        self.described: set[str] = set()

    def see(self, name: str, type_name: str, kind: str, output: Any, given: Any = None) -> Any:
        """Note what a module gives out, and return it."""
        if self.zeros is not None:
            self.place += 1
            return output + self.zeros[self.place - 1]
        self.calls[name] += 1
        row = {"name": name[:200], "type": type_name, "kind": kind, "call": self.calls[name], "out_shape": list(output.shape)}
        for signal, x in (("in", given), ("out", output)):
            values = None if x is None or not hasattr(x, "shape") else _array(x)
            if values is not None and values.dtype.kind == "f" and values.size:
                row[signal] = _array_size(values)
        if kind == "activation":
            row["activation"] = _WORDS.get(type_name.lower(), type_name.lower())
        self.rows.append(row)
        self.outputs.append(output)
        return output

    def gradients(self, gradients: Sequence[Any]) -> None:
        for row, gradient in zip(self.rows, gradients, strict=True):
            if gradient is not None:
                row["out_gradient"] = _array_size(_array(gradient))

    def describe(self, name: str, weight: Any, gradient: Any, bias: Any = None) -> None:
        """Add the weight of a module, whose last axis is its outputs, to its first call."""
        row = next((row for row in self.rows if row["name"] == name[:200] and row["call"] == 1), None)
        if weight is None or row is None or name in self.described:
            return
        self.described.add(name)
        values = _array(weight)
        row |= {"weight_shape": list(values.shape), "weight": _array_size(values)}
        if values.ndim > 1:
            outs = values.shape[-1]
            fan_in = 1 if row["kind"] == "embedding" else values.size // outs
            taps = math.prod(values.shape[:-2]) if row["kind"] == "convolution" else 1
            row |= {"fan_in": fan_in, "fan_out": outs * taps}
        if bias is not None:
            row["bias"] = _array_size(_array(bias))
        if gradient is not None:
            row["weight_gradient"] = _array_size(_array(gradient))

    def report(self, about: dict[str, Any], output: Any, parameters: int) -> Report:
        if not self.rows:
            raise ProbeError("None of the modules that were called has weights of its own that can be told.")
        first = output[0] if isinstance(output, (tuple, list)) else output
        fetched = [_filled_shares(row) for row in self.rows]
        data = {"format": FORMAT, "version": VERSION, **about, "inputs": int(first.shape[0]), "draws": 1, "parameters": int(parameters)}
        data |= {"notes": self.notes, "modules": fetched, **_first_not_finite([(fetched, "forward"), (fetched[::-1], "backward")])}
        return _merged([data], None, ())


def _tap_keras(layer: Any, seen: _Seen) -> None:
    """Put a tap behind a layer, and another before its activation function where it has one."""
    kind, call = _kind_by_name(type(layer).__name__), layer.call
    if kind == "other" and not layer.weights:
        return
    function: Any = getattr(layer, "activation", None) if kind in ("linear", "convolution") else None
    inner = function is not None and getattr(function, "__name__", "") != "linear"
    given: list[Any] = [None]

    def tapped(*args: Any, **named: Any) -> Any:
        given[0] = args[0] if args else None
        output = call(*args, **named)
        return output if inner or not hasattr(output, "shape") else seen.see(layer.name, type(layer).__name__, kind, output, given[0])

    def activation(z: Any) -> Any:
        z = seen.see(layer.name, type(layer).__name__, kind, z, given[0])
        title = getattr(function, "__name__", type(function).__name__)
        return seen.see(f"{layer.name}.{title}", title, "activation", function(z), z)

    layer.__dict__["call"] = tapped
    if inner:
        layer.__dict__["_activation_before_probe"] = function
        layer.activation = activation


def _untap_keras(layer: Any) -> None:
    layer.__dict__.pop("call", None)
    if inner := layer.__dict__.pop("_activation_before_probe", None):
        layer.activation = inner


def _jax_gradients(seen: _Seen, run: Callable[[Any], Any], values: Any, output: Any, loss: Any, seed: int) -> dict[int, Any]:
    """Give the rows their gradients, and return those of the weights by their places."""
    import jax
    import jax.numpy as jnp
    from jax import random

    first = output[0] if isinstance(output, (tuple, list)) else output
    direction = random.normal(random.key(seed), first.shape, first.dtype)

    def cost(some: Any, zeros: Any) -> Any:
        seen.zeros, seen.place = zeros, 0
        result = run(some)
        if loss is not None:
            return _scalar(loss(result))
        return jnp.sum((result[0] if isinstance(result, (tuple, list)) else result) * direction)

    of_weights, of_zeros = jax.grad(cost, argnums=(0, 1))(values, [jnp.zeros(x.shape, x.dtype) for x in seen.outputs])
    seen.gradients(of_zeros)
    return dict(enumerate(of_weights))


def _torch_gradients(seen: _Seen, run: Callable[[], Any], variables: Any, loss: Any, seed: int) -> dict[int, Any]:
    with _same_random_numbers(seed):
        seen.zeros, seen.place = [torch.zeros_like(x).requires_grad_() for x in seen.outputs], 0
        result = run()
        result = result if loss is not None else result[0] if isinstance(result, (tuple, list)) else result
        cost = _scalar(loss(result)) if loss is not None else (result * torch.randn_like(result)).sum()
        wanted = [*(variable.value for variable in variables), *seen.zeros]
        gradients = torch.autograd.grad(cost, wanted, allow_unused=True)
    seen.gradients(gradients[len(variables) :])
    return {place: gradient for place, gradient in enumerate(gradients[: len(variables)]) if gradient is not None}


def _scalar(cost: Any) -> Any:
    if getattr(cost, "shape", None) != ():
        shape = f"something of shape {tuple(cost.shape)}" if hasattr(cost, "shape") else _a(cost)
        raise ProbeError(f"The loss gave {shape}, not one number: take its mean or its sum.")
    return cost


def _cost_words(loss: Any) -> str:
    return RANDOM_COST if loss is None else getattr(loss, "__name__", type(loss).__name__).replace("<lambda>", "a loss of your own")


def _kind_by_name(name: str) -> str:
    """Return the kind of a layer by the name of its class, as Keras and Flax have them."""
    small = name.lower()
    for kind, words in (("norm", "norm"), ("embedding", "embed"), ("convolution", "conv"), ("linear", "dense"), ("sum", "^add$")):
        if re.search(words, small):
            return kind
    return "activation" if _ACTIVATION.search(name) else "other"


def _array(x: Any) -> np.ndarray:
    """Return the numbers of an array of any framework."""
    x = getattr(x, "value", x)
    x = x.detach().cpu() if hasattr(x, "detach") else x
    return np.asarray(x.float() if str(getattr(x, "dtype", "")) == "torch.bfloat16" else x)


def _array_size(x: np.ndarray) -> dict[str, Any]:
    """Return the object of a signal, as `_Numbers` does for tensors."""
    x = x.astype(float).ravel()
    top = float(abs(x).max())
    y = x / top if 0 < top < math.inf else x
    size = abs(x)
    shares = (size == 0).sum(), (size < HALF_SMALLEST).sum(), (size >= OVERFLOW).sum()
    return _size(x.size, x.size, 1.0, *map(float, (x.min(), x.max(), y.sum(), np.linalg.norm(y), *shares)))


def _filled_shares(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose shares stand beside its signals, as the format has them."""
    row = dict(row)
    for signal in SIGNALS:
        shares = row[signal].pop("shares", {}) if signal in row else {}
        row |= shares if signal == "out" else {}
        row |= {f"gradient_{key}": value for key, value in shares.items() if signal == "out_gradient" and key != "zero"}
    return row


# --- The report -------------------------------------------------------------------------------------------------------------------------


class Report:
    """What was measured: `data` is the JSON object that `save` writes.

    data["modules"] is a list of calls of modules, each when it ended; `in`, `out`, `out_gradient`, `weight`, `bias` and `weight_gradient`
    have `mean`, `log10_variance` and `log10_second_moment` with one number a draw: None where it is not finite, "zero" where it is 0.
    """

    def __init__(self, data: dict[str, Any]):
        self.data = data

    def __str__(self) -> str:
        return "\n\n".join(filter(None, [_headline(self.data), _table(self.data), "\n".join(_verdict(self.data))]))

    __repr__ = __str__

    def to_json(self) -> str:
        """Return the report as one line of JSON, logarithms to 4 decimals and all other numbers to 4 digits."""
        return json.dumps(_rounded(self.data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def save(self, path: str | Path) -> None:
        """Write the report to a file, for the page "Your network"."""
        Path(path).write_text(self.to_json() + "\n", encoding="utf-8")

    def link(self, address: str) -> str:
        """Return an address of the explorer that holds the report, under 8,000 characters; its notes say what was left out for that.

        ProbeError where even the sizes alone are too many: then save the report, and paste it.
        """
        for data in _shorter(self.data):
            packed = zlib.compress(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(), 9)
            text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
            link = f"{address.split('?')[0].rstrip('/')}/network?report={text}"
            if len(link) < LONGEST_LINK:
                return link
        raise ProbeError(f"A link cannot hold {len(self.data['modules']):,} modules: save the report, and paste the file on the page.")

    def figure(self) -> Any:
        """Return a Plotly figure of the sizes of signal, gradient and weight gradient, in the order of the calls."""
        return _figure(self.data)


def _merged(reports: list[dict[str, Any]], name: str | None, notes: Sequence[str]) -> Report:
    """Return one report of all draws. Shares are medians over them, and a module that a draw did not call has None there."""
    data = dict(reports[0])
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    found = [{(row["name"], row.get("call", 0)): row for row in one["modules"]} for one in reports]
    for one in found:
        rows |= {key: dict(row) for key, row in one.items() if key not in rows}
    for key, row in rows.items():
        same = [one.get(key, {}) for one in found]
        for signal in SIGNALS:
            if any(signal in one for one in same):
                parts = ("mean", "log10_variance", "log10_second_moment")
                row[signal] = {part: [one[signal][part][0] if signal in one else None for one in same] for part in parts}
        for share in {share for one in same for share, value in one.items() if isinstance(value, float)}:
            row[share] = float(np.median([one[share] for one in same if share in one]))
    data["modules"] = list(rows.values())
    data["draws"] = len(reports)
    data["notes"] = [*notes, *dict.fromkeys(note for one in reports for note in one["notes"])]
    bad = [place for place, one in enumerate(reports) if "first_not_finite" in one]
    if bad:
        data["first_not_finite"] = reports[bad[0]]["first_not_finite"]
        if len(reports) > 1:
            data["notes"].insert(0, f"{len(bad)} of {len(reports)} draws have numbers that are not finite.")
    if name is not None:
        data["model"] = name
    return Report(data)


def _first_not_finite(passes: list[tuple[list[dict[str, Any]], str]]) -> dict[str, Any]:
    """Return where the first NaN or infinity arose, as the entry of a report, {} if nowhere.

    Where a module was given one, and none before it gave one out, it arose in code between them, "after" the one before.
    """
    for rows, way in passes:
        signal = "out" if way == "forward" else "out_gradient"
        for place, row in enumerate(rows):
            if place == 0 and way == "forward" and row.get("in", {}).get("what"):
                return {"first_not_finite": {"module": "the batch", "what": row["in"]["what"], "pass": way}}
            if what := row.get(signal, {}).get("what"):
                first = {"module": row["name"], "what": what, "pass": way}
                given = way == "forward" and row.get("in", {}).get("what")
                return {"first_not_finite": first | ({"after": rows[place - 1]["name"]} if given else {})}
    return {}


def _forward(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of modules that were called and give something out."""
    return [row for row in rows if "out" in row]


def _rounded(value: Any) -> Any:
    """Return a value of a report with four digits, which is more than a draw is worth."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    if isinstance(value, float):
        return round(value, 4) if abs(value) >= 1 else float(f"{value:.4g}")
    return value


def _shorter(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the report for a link: with less and less in it."""
    few = "Left out of this link: means, shapes of weights, what modules are given, and draws but for the median, 10 % and 90 %."
    more = "Left out of this link: all but second moments, variances of weights and shares, and draws but for the median."
    most = "Left out of this link: norms and activations, and draws but for the median; the sizes of others have one decimal."
    steps = ((3, ("in",), True, few), (2, ("in", "bias"), False, more), (1, ("in", "bias"), False, most))
    for decimals, dropped, bands, note in steps:
        rows = [row for row in data["modules"] if decimals > 1 or row["kind"] not in ("norm", "activation", "other")]
        short = {key: value for key, value in data.items() if key not in ("history", "modules")}
        yield short | {
            "summary": True,
            "notes": [*(note for note in data["notes"] if note != NOT_SEEN), note],
            "modules": [_short_row(row, decimals, dropped, bands) for row in rows],
        }


def _short_row(row: dict[str, Any], decimals: int, dropped: Sequence[str], bands: bool) -> dict[str, Any]:
    short: dict[str, Any] = {}
    for key, value in row.items():
        if key in ("mean", "weight_shape", *dropped) or value is False or (key == "call" and value == 1 and decimals < 3):
            continue
        if isinstance(value, float):
            if round(value, 2):
                short[key] = round(value, 2)
        elif key in SIGNALS:
            kept = ("log10_variance", "log10_second_moment") if bands or key in ("weight", "bias") else ("log10_second_moment",)
            parts = {part: _summary(value[part], decimals, bands) for part in kept}
            if parts.get("log10_variance") == parts["log10_second_moment"] and key not in ("weight", "bias"):
                del parts["log10_variance"]
            short[key] = parts
        else:
            short[key] = value
    return short


def _summary(numbers: Sequence[Any], decimals: int, bands: bool) -> list[Any]:
    """Return the median of the draws, and their 10 % and 90 % where they are kept and differ; zeros are last in that order."""
    order = _sorted(numbers)
    if not order:
        return [None]
    picked = [order[round(place * (len(order) - 1))] for place in ((0.5, 0.1, 0.9) if bands and len(order) > 1 else (0.5,))]
    return [value if isinstance(value, str) else round(value, decimals) for value in picked]


def _sorted(numbers: Sequence[Any]) -> list[Any]:
    return sorted((number for number in numbers if number is not None), key=lambda number: -math.inf if number == "zero" else number)


def _numbers(numbers: Sequence[Any]) -> list[float]:
    return [-math.inf if number == "zero" else float(number) for number in numbers if number is not None]


def _middle(row: dict[str, Any], signal: str, part: str = "log10_second_moment") -> float | None:
    """Return the median over draws of log10 of a signal's size: −∞ where it is zero, None where it is unknown."""
    numbers = _numbers(row.get(signal, {}).get(part, ()))
    if not numbers:
        return None
    numbers.sort()
    low, high = numbers[(len(numbers) - 1) // 2], numbers[len(numbers) // 2]
    return low if low == high else (low + high) / 2


# --- In words ---------------------------------------------------------------------------------------------------------------------------

#: decades of a mean square that a signal may change and still be called level
LEVEL = 1.0
#: the same of the gradient from end to end of a residual stream whose branches have norms, before it needs attention
STREAM_LEVEL = 4.0
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: rows of a printed table, at most
_MOST_ROWS = 80
_BOUNDED = ("tanh", "sigmoid", "hardtanh", "hardsigmoid", "softsign")


def _headline(data: dict[str, Any]) -> str:
    shapes = ", ".join(" × ".join(map(str, shape)) or "one number" for shape in data["batch"])
    return (
        f"{data['model']}: {data['parameters']:,} parameters, {data['dtype']}, {data['mode']} mode, {data['framework']}; batch {shapes}; "
        f"{_counted(data['draws'], 'draw')}; cost: {data['loss']}"
    )


def _table(data: dict[str, Any]) -> str:
    """Return log10 of the mean squares, medians over draws, and σ_w² = fan_in · Var W, one line a call."""
    rows = [row for row in data["modules"] if not row.get("never_called")]
    left_out = max(0, len(rows) - _MOST_ROWS)
    wide = min(44, max([6, *(len(_label(row)) for row in rows)]))
    kind_wide = min(22, max([4, *(len(row["type"]) for row in rows)]))
    lines = [
        f"log10 of mean squares{', medians over draws' if data['draws'] > 1 else ''}; σ_w² = fan_in · Var W",
        "",
        f"{'module':{wide}}  {'type':{kind_wide}}  {'out':>7}  {'∂C/∂out':>8}  {'∂C/∂W':>7}  {'σ_w²':>8}",
    ]
    for place, row in enumerate(rows):
        if left_out and place == _MOST_ROWS // 2:
            lines.append(f"… {left_out:,} more: report.data['modules'] has them all")
        if left_out and _MOST_ROWS // 2 <= place < _MOST_ROWS // 2 + left_out:
            continue
        name = _label(row) if len(_label(row)) <= wide else "…" + _label(row)[1 - wide :]
        sizes = (_log(row, "out", 7), _log(row, "out_gradient", 8), _log(row, "weight_gradient", 7))
        variance = _weight_variance(row)
        shown = "" if variance is None else f"{variance:8.3g}"
        remarks = [f"{_percent(row[share])} {share}" for share in ("dead",) if row.get(share, 0) >= 0.01]
        if row["kind"] == "activation" and _is_bounded(row) and row.get("saturated", 0) >= 0.01:
            remarks.append(f"{_percent(row['saturated'])} saturated")
        lines.append(f"{name:{wide}}  {row['type'][:kind_wide]:{kind_wide}}  {'  '.join(sizes)}  {shown:>8}  {', '.join(remarks)}".rstrip())
    return "\n".join(lines)


def _label(row: dict[str, Any]) -> str:
    """Return the name of a module, and which of its calls this is where there are more."""
    return f"{row['name']} ({row['call']})" if row["call"] > 1 else row["name"]


def _verdict(data: dict[str, Any]) -> list[str]:
    """Return what happens in the network, in sentences: which module first leaves the level, forward and backward, and what else shows."""
    rows = _forward(data["modules"])
    first = next((place for place, row in enumerate(rows) if row["kind"] in ("linear", "convolution", "attention")), 0)
    trunk = [row for row in rows[first:] if row["kind"] == "sum"]  # sums of embeddings come before
    whole = trunk if len(trunk) > 1 else [row for row in rows if row["kind"] in ("linear", "convolution")]
    if len(trunk) < 2:
        trunk = whole[1:-1] if len(whole) > 3 else whole  # what is given to the first layer and asked of the last has a size of its own
    stream = trunk and trunk[0]["kind"] == "sum"
    sentences = []
    if bad := data.get("first_not_finite"):
        what = "NaN" if bad["what"] == "nan" else "infinity"
        where = "in the batch itself" if bad["module"] == "the batch" else f"in what {bad['module']} gives out"
        if "after" in bad:
            where = f"in what {bad['module']} is given: it arises after {bad['after']}, in code that is no module"
        back = f"in the gradient at {bad['module']}, on the way back"
        sentences.append(f"The first {what} is {where if bad['pass'] == 'forward' else back}.")
    who = "The residual stream" if stream else "The signal"
    norms = bool(stream) and any(row["kind"] == "norm" for row in rows)
    sentences += _gone(whole, "out", who) or (norms and _normal_growth(trunk, "out")) or _way(trunk, "out", who)
    homeward = trunk[::-1]
    gradients = (norms and _normal_growth(homeward, "out_gradient")) or _way(homeward, "out_gradient", "Gradients")
    sentences += _gone(whole[::-1], "out_gradient", "Gradients") or gradients
    if not sentences and trunk:
        sentences.append("Signal and gradients stay level: within a factor of ten from end to end.")
    sentences += _advice(rows, sentences)
    sentences += _float16(rows)
    for row in rows:
        if row["kind"] == "activation" and row.get("dead", 0) > 0.5:
            sentences.append(f"{_percent(row['dead'])} of the units of {row['name']} are dead: they give 0 on every input of the batch.")
            break
    flat = [row for row in rows if row["kind"] == "activation" and _is_bounded(row) and row.get("saturated", 0) > 0.5]
    if flat:
        sentences.append(f"Neurons saturate: {_percent(flat[0]['saturated'])} of them stand where {flat[0]['name']} is flat.")
    if same := [row for row in data["modules"] if "same_weights_as" in row]:
        first = same[0]
        subject = "module has" if len(same) == 1 else "modules have"
        sentences.append(
            f"{len(same):,} {subject} the same weights as an earlier one, {first['name']} those of {first['same_weights_as']}: copies "
            "are not independent draws, and their branches add up in step. Initialize each anew."
        )
    return sentences + data["notes"]


def _gone(trunk: list[dict[str, Any]], signal: str, who: str) -> list[str]:
    """Return from where on a signal is exactly zero, as a list of no or one sentence."""
    name = next((_label(row) for row in trunk if _middle(row, signal) == -math.inf), None)
    if name is None:
        return []
    return [
        f"Gradients die: from {name} down they are exactly zero."
        if who == "Gradients"
        else f"{who} dies: from {name} on it is exactly zero."
    ]


def _way(trunk: list[dict[str, Any]], signal: str, who: str) -> list[str]:
    """Return where a signal first leaves the level in its direction of travel, and what becomes of it, as a list of no or one sentence.

    Gradients are compared by their squared length an input, since a convolution may change the number of entries.
    """
    sizes = _sizes(trunk, signal)
    many = who == "Gradients"
    if len(sizes) < 2:
        return []
    (start_row, start), (last_row, end) = sizes[0], sizes[-1]
    left = next(((row, size) for row, size in sizes if abs(size - start) > LEVEL), None)
    if left is None:
        return []
    row, size = left
    verb = "grow" if size > start else "vanish" if many else "fade"
    of = f"of {'their squared length' if many else 'its mean square'} at {_label(start_row)}"
    ending = "" if row is last_row else f", and {_factor(end - start)} at {_label(last_row)}"
    return [
        f"{who} {verb}{'' if many else 's'}: the first module to leave the level is {_label(row)} ({row['type']}), "
        f"at {_factor(size - start)} {of}{ending}."
    ]


def _normal_growth(trunk: list[dict[str, Any]], signal: str) -> list[str]:
    """Return what becomes of a residual stream with norms where it needs no attention, as a list of no or one sentence.

    It grows a little with each block, and the more slowly the larger it is: norms divide that out before each branch.
    """
    sizes = _sizes(trunk, signal)
    change = sizes[-1][1] - sizes[0][1] if len(sizes) > 1 else 0.0
    if signal == "out" and change > LEVEL:
        return [f"The residual stream grows, {_factor(change)} from end to end. That is normal: norms before the branches take it back."]
    if signal == "out_gradient" and LEVEL < abs(change) <= STREAM_LEVEL:
        verb = "grow" if change > 0 else "shrink"
        return [
            f"Gradients {verb} on their way back, {_factor(change)} from end to end. With norms that is normal, and Adam divides it out."
        ]
    return []


def _sizes(trunk: list[dict[str, Any]], signal: str) -> list[tuple[dict[str, Any], float]]:
    """Return rows with log10 of their mean squares, or of the squared length of an input's gradient, where they were measured."""
    sizes = []
    for row in trunk:
        size = _middle(row, signal)
        if size is not None:
            length = math.log10(max(1, math.prod(row["out_shape"][1:]))) if signal == "out_gradient" else 0.0
            sizes.append((row, size + length))
    return sizes


def _advice(rows: list[dict[str, Any]], sentences: list[str]) -> list[str]:
    """Return the line that mends a plain network with PyTorch's default weights, where the signal fades for that reason."""
    weights = [variance for row in rows if row["kind"] in ("linear", "convolution") and (variance := _weight_variance(row)) is not None]
    default = [variance for variance in weights if abs(variance - 1 / 3) < 0.04]
    if not any("fade" in sentence or "vanish" in sentence for sentence in sentences) or any(row["kind"] in ("norm", "sum") for row in rows):
        return []
    if not weights or len(default) < len(weights) / 2:
        return []
    found = Counter(row.get("activation") for row in rows if row["kind"] == "activation").most_common(1)
    lines = {
        "relu": "ReLU keeps it at σ_w² = 2: nn.init.kaiming_normal_(module.weight, nonlinearity='relu')",
        "tanh": "tanh keeps it at σ_w² = 1 and bias 0: nn.init.kaiming_normal_(module.weight, nonlinearity='linear')",
    }
    line = lines.get(found[0][0] or "" if found else "", "The gain lab of the explorer has the σ_w² for your activation")
    return [f"{len(default)} of {len(weights)} weights have σ_w² = 1/3, the default of PyTorch's nn.Linear and nn.Conv. {line}."]


def _float16(rows: list[dict[str, Any]]) -> list[str]:
    sentences = []
    lost = [row for row in rows[::-1] if row.get("gradient_below_float16", 0) > 0.5]
    if lost:
        more = f", and at {_counted(len(lost) - 1, 'other module')}" if len(lost) > 1 else ""
        sentences.append(f"More than half of the gradients are below float16's smallest number, 2⁻²⁴, at {lost[0]['name']}{more}.")
    if high := [row["name"] for row in rows if row.get("above_float16", 0) > 0]:
        sentences.append(f"Outputs are above float16's largest number, 65504: {_listed(high)}.")
    return sentences


def _is_bounded(row: dict[str, Any]) -> bool:
    return (row.get("activation") or row["type"].lower()) in _BOUNDED


def _weight_variance(row: dict[str, Any]) -> float | None:
    """Return σ_w² = fan_in · Var W of a linear map, None of what is none."""
    variance = _middle(row, "weight", "log10_variance") if row["kind"] in ("linear", "convolution", "embedding") else None
    return None if variance is None or "fan_in" not in row else row["fan_in"] * 10**variance


def _log(row: dict[str, Any], signal: str, wide: int) -> str:
    size = _middle(row, signal)
    if size is None:
        return f"{'no num' if signal in row else '':>{wide}}"
    return f"{'zero' if size == -math.inf else f'{size:.2f}':>{wide}}"


def _factor(decades: float) -> str:
    """Write a factor: × 0.083, × 120, × 10⁻⁷."""
    if abs(decades) > 3:
        return "× 10" + str(round(decades)).translate(_SUPERSCRIPTS)
    return f"× {float(f'{10**decades:.2g}'):g}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.095 else f"{100 * share:.1g} %"


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'s' * (count != 1)}"


def _listed(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _a(value: Any) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _figure(data: dict[str, Any]) -> Any:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    rows = [row for row in data["modules"] if not row.get("never_called")]
    shown = (
        ("out", "forward → out", "#0072B2"),
        ("out_gradient", "backward ← ∂C/∂out", "#D55E00"),
        ("weight_gradient", "∂C/∂W", "#009E73"),
    )
    figure = make_subplots(rows=3, shared_xaxes=True, vertical_spacing=0.04)
    for line, (signal, title, colour) in enumerate(shown, start=1):
        sizes = {place: size for place, row in enumerate(rows) if (size := _middle(row, signal)) is not None and size > -math.inf}
        ranges = [[n for n in _numbers(rows[place][signal]["log10_second_moment"]) if n > -math.inf] for place in sizes]
        figure.add_trace(
            go.Scatter(
                x=list(sizes),
                y=list(sizes.values()),
                mode="lines+markers",
                line={"color": colour, "width": 1},
                marker={"color": colour, "size": 5},
                error_y={
                    "array": [max(several) - middle for several, middle in zip(ranges, sizes.values(), strict=True)],
                    "arrayminus": [middle - min(several) for several, middle in zip(ranges, sizes.values(), strict=True)],
                    "width": 0,
                    "thickness": 1,
                },
                customdata=[f"{rows[place]['name']} ({rows[place]['type']})" for place in sizes],
                hovertemplate="%{customdata}<br>log10 of mean square: %{y:.2f}<extra></extra>",
            ),
            row=line,
            col=1,
        )
        figure.update_yaxes(title_text=title, row=line, col=1)
    figure.update_xaxes(title_text="calls of modules, in their order", row=3, col=1)
    figure.update_layout(title=data["model"] + ": log10 of mean squares", showlegend=False, template="plotly_white", height=640)
    return figure
