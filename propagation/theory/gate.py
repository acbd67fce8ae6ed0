"""Gate: h = φ(z₁) ⊙ z₂ at infinite width, z₁ and z₂ two independent maps of one input.

Products of columns are products of two means, E[h_a h_b] = E[φ(z₁)_a φ(z₁)_b] E[z₂_a z₂_b], and so 1 − c = ε_φ + ε₂ − ε_φ ε₂; gradients
come back as g E[φ′²] E[z₂²] to z₁ and as g E[φ²] to z₂. Source: Shazeer 2020 (arXiv 2002.05202) for the ops.
"""

from __future__ import annotations

from propagation.ops import Gate
from propagation.theory.op import Array, State, Step, TheoryOp, log_sum


class GateLaw(TheoryOp):
    """What joins the two maps; `gate`, `phi` and `up` stand for the ops within."""

    def __init__(self, op: Gate, gate: TheoryOp, phi: TheoryOp, up: TheoryOp) -> None:
        self.op, self.gate, self.phi, self.up = op, gate, phi, up
        self.forward_key = (gate.forward_key, phi.forward_key, up.forward_key)

    def forward(self, state: State) -> State:
        return self.joined(self.phi.forward(self.gate.forward(state)), self.up.forward(state))

    def steps(self, before: State, z: State, opened: State) -> tuple[Step, ...]:
        """Return the steps of the map before φ and of φ."""
        return Step(self.gate, before, z), Step(self.phi, z, opened)

    def joined(self, opened: State, up: State) -> State:
        """Return the state of φ(z₁) ⊙ z₂ from those of the two."""
        up = up.around_zero()
        after = State(opened.log_sizes + up.log_sizes, up.shares, up.pairs, is_gaussian=False)
        if opened.find_ratios is not None and up.find_ratios is not None:
            after.find_ratios = lambda: opened.ratios * up.ratios
        if opened.eps is not None and up.eps is not None:
            after.eps = opened.eps + up.eps - opened.eps * up.eps
        return after

    def deltas(self, log_gradient: Array, step: Step) -> dict[str, Array]:
        """Return ln E[δ²] of z₁ and of z₂, (m,) each, by the names of their maps."""
        _, phi = step.branch
        up = self.up.forward(step.before).around_zero()
        to_gate = self.phi.backward(log_gradient, phi.before) + up.log_sizes
        return {self.op.gate.name: to_gate, self.op.up.name: log_gradient + phi.after.log_sizes}

    def backward(self, log_gradient: Array, state: State) -> Array:
        z = self.gate.forward(state)
        self.phi.prepare([z])
        step = Step(self, state, state, self.steps(state, z, self.phi.forward(z)))
        return self.below(self.deltas(log_gradient, step), state)

    def below(self, deltas: dict[str, Array], state: State) -> Array:
        """Return ln E[(∂C/∂x)²], (m,), for the δ of both maps."""
        by_gate, by_up = (law.backward(deltas[op.name], state) for law, op in ((self.gate, self.op.gate), (self.up, self.op.up)))
        return log_sum(by_gate, by_up)
