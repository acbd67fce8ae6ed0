"""Compare: up to six initializations of one architecture, on the same inputs and the same noise, and which of them stays healthiest.

The unit noise behind the weights depends on the seed and the weight law alone, so that columns of one law differ in nothing but their
rule. How healthy a column is, is how little its signals drift: for z, δ and ∂C/∂W the decades between the largest and the smallest second
moment over the layers (median over draws); the worst of the three counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from propagation.config import Config
from propagation.engine.trace import Moments, Trace
from propagation.expressions import lookup
from propagation.formatting import from_log10, magnitude, number
from propagation.initializers import SCHEMES, WEIGHT_LAWS, kumar_scale
from propagation.labs.spectrum import SPECTRUM
from propagation.trials import over_trials

MOST_COLUMNS = 6
#: draws of each network: as many as medians need, so that six columns cost about three times what the other pages' one experiment does
MOST_DRAWS = 4
#: decades of drift by which two columns must differ before one of them is called healthier
CLOSE = 0.1
#: width of the network whose condition number is taken: that needs the weights themselves, and all their products
CONDITION_WIDTH = 100
_LONGEST_ACTIVATION = 24


@dataclass(frozen=True)
class Column:
    """One initialization: scheme, activation and weight law by name; σ_w² where the scheme is "custom", and the std where it is "std"."""

    scheme: str
    activation: str
    weight_law: str
    weight_variance: float | None = None
    weight_std: float | None = None

    @property
    def label(self) -> str:
        """Return a few words: He 2015 · ReLU; the law too where it is not that of the scheme's source."""
        activation = lookup(self.activation).label
        if len(activation) > _LONGEST_ACTIVATION:
            activation = activation[: _LONGEST_ACTIVATION - 1] + "…"
        own_law = self.weight_law == SCHEMES[self.scheme].law
        return " · ".join([self._rule, activation] + ([] if own_law else [_short(WEIGHT_LAWS[self.weight_law].label)]))

    @property
    def in_short(self) -> str:
        """Return what a visitor's own setting is called beside others: yours, σ_w² 1.73."""
        return f"yours, {self._rule}"

    @property
    def _rule(self) -> str:
        if self.weight_variance is not None:
            return f"σ_w² {number(self.weight_variance)}"
        return _short(SCHEMES[self.scheme].label) if self.weight_std is None else f"std {number(self.weight_std)}"

    def uses(self, base: Config) -> Config:
        """Return the experiment `base`, in at most MOST_DRAWS networks, with this initialization; ValueError where it does not apply."""
        return replace(
            base,
            trials=min(base.trials, MOST_DRAWS),
            scheme=self.scheme,
            activation=self.activation,
            weight_law=self.weight_law,
            weight_variance=Config.weight_variance if self.weight_variance is None else self.weight_variance,
            weight_std=Config.weight_std if self.weight_std is None else self.weight_std,
            method="auto" if base.method == "implicit" and not WEIGHT_LAWS[self.weight_law].has_implicit_map else base.method,
        )


def column_of(config: Config) -> Column:
    """Return the initialization of an experiment as a column."""
    variance = config.weight_variance if config.scheme == "custom" else None
    std = config.weight_std if SCHEMES[config.scheme].from_std else None
    return Column(config.scheme, config.activation, config.weight_law, variance, std)


def _from_source(scheme: str, activation: str) -> Column:
    """Return a scheme with the law of its source."""
    return Column(scheme, activation, SCHEMES[scheme].law)


#: what the page opens with: dying, fading, level and exploding, side by side
FIRST = (
    Column("lecun", "relu", "gaussian"),
    Column("he", "relu", "gaussian"),
    Column("lecun", "tanh", "gaussian"),
    Column("custom", "tanh", "gaussian", 1.76),
    Column("custom", "tanh", "gaussian", 3.0),
)

#: Glorot & Bengio 2010: their two initializations with each of their three activations
GLOROT_2010 = tuple(_from_source(scheme, act) for act in ("tanh", "softsign", "sigmoid") for scheme in ("glorot_standard", "glorot"))


def common(activation: str) -> tuple[Column, ...]:
    """Return the rules in common use, each with the law of its source; Kumar's only where it applies to this activation."""
    names = ["glorot_standard", "glorot", "he", "kumar", "pytorch", "lsuv"]
    try:
        kumar_scale(activation)
    except ValueError:
        names.remove("kumar")
    return tuple(_from_source(name, activation) for name in names)


def with_added(columns: Sequence[Column], new: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns and after them the new ones, none twice; where they are more than six, the oldest make room."""
    return tuple([column for column in columns if column not in new] + list(new))[-MOST_COLUMNS:]


@dataclass(frozen=True)
class Summary:
    """What became of one column. `place` is its place in the comparison.

    Factors are per layer, as the diagnosis measures them, and `kind` is its verdict. `drift` maps "signal", "gradients" and "weight
    gradients" to decades between the largest and the smallest layer, ∞ where one is lost. Shares are of the last layer, median over draws.
    `log10_condition` is `condition` of the experiment.
    """

    place: int
    label: str
    depth: int
    kind: str
    forward_factor: float
    backward_factor: float
    drift: dict[str, float]
    saturated: float
    dead: float
    log10_condition: float

    @property
    def widest(self) -> str:
        """Return which of the three drifts most."""
        return max(self.drift, key=self.drift.__getitem__)

    @property
    def worst(self) -> float:
        """Return its drift, in decades."""
        return self.drift[self.widest]


def condition(config: Config) -> float:
    """Return log10 of the condition number of one network: largest over smallest singular value of ∂h^L/∂h⁰, for one input.

    The network is at most CONDITION_WIDTH wide and as deep as `labs.spectrum` goes. ∞ where the smallest is zero or lost to rounding, NaN
    where one input has no Jacobian.
    """
    if SPECTRUM.why_not(config):
        return math.nan
    narrow = config.no_larger(width=CONDITION_WIDTH)
    return SPECTRUM(narrow).log10_condition(-1)


def summarize(place: int, label: str, trace: Trace, verdict, log10_condition: float) -> Summary:
    """Return the summary of a column of this name from its trace, the diagnosis of that trace and its condition number."""
    return Summary(
        place=place,
        label=label,
        depth=trace.config.depth,
        kind=verdict.kind,
        forward_factor=verdict.forward_factor,
        backward_factor=verdict.backward_factor,
        drift={"signal": _drift(trace.forward), "gradients": _drift(trace.backward), "weight gradients": _drift(trace.weight_gradient)},
        saturated=float(over_trials(trace.saturated).median[-1]),
        dead=float(over_trials(trace.dead).median[-1]),
        log10_condition=log10_condition,
    )


def _drift(moments: Moments) -> float:
    """Return the decades between the largest and the smallest layer, of the median over draws; ∞ where a layer has nothing."""
    middle = moments.median()
    return float(np.ptp(middle)) if np.isfinite(middle).all() else math.inf


@dataclass(frozen=True)
class Decision:
    """Which column is healthiest, by its place (None where there is nothing to decide), and why: a headline and a sentence.

    `rank` is what the winner is called in a word or two.
    """

    winner: int | None
    headline: str
    reason: str
    rank: str = ""


_BUT = {
    "saturated": "its neurons saturate",
    "dead": "its neurons die",
    "vanishing": "it vanishes",
    "exploding": "it explodes",
    "uneven": "its layers learn at different speeds",
    "merged": "its inputs merge",
}


def ranked(summaries: Sequence[Summary]) -> list[Summary]:
    """Return the columns with a healthy verdict before the others, and among each the one that drifts least first."""
    return sorted(summaries, key=lambda s: (s.kind != "healthy", s.worst))


def decide(summaries: Sequence[Summary]) -> Decision:
    """Return the healthiest of at least one column, the first of `ranked`, and the reason."""
    best, *others = ranked(summaries)
    if best.depth == 1:
        return Decision(None, "One layer: nothing can drift yet, and nobody wins.", "Add layers to see what repetition does.")
    if not others:
        return Decision(None, f"{best.label}: {_fate(best)}.", "One column alone cannot win: add another.")
    if math.isinf(best.worst):
        return Decision(None, "Nobody wins: every one of them loses its signal or its gradients altogether.", "Try fewer layers.")
    within = f"a factor of {_times(best.worst)} over {best.depth:,} layers"
    ties = [s for s in others if s.kind == best.kind and s.worst - best.worst <= CLOSE]
    if best.kind != "healthy":
        rank = "least harm"
        headline = f"None of these is healthy. {best.label} does least harm: {_fate(best)} over {best.depth:,} layers."
    else:
        rank = "leads" if ties else "healthiest"
        headline = f"{best.label} {'leads' if ties else 'is healthiest'}: nothing drifts by more than {within}."
    if ties:
        rivals = " and ".join(f"{s.label} ({_times(s.worst)})" for s in ties)
        return Decision(best.place, headline, f"Too close to call against {rivals}: another seed may turn it round.", rank)
    return Decision(best.place, headline, _next(best, others[0]), rank)


def _next(best: Summary, second: Summary) -> str:
    """Return a sentence on how far behind the second is."""
    if second.worst < best.worst:
        return f"{second.label} drifts less, by a factor of {_times(second.worst)}, but {_BUT[second.kind]}."
    return f"Next is {second.label}: {_fate(second)}."


def _fate(summary: Summary) -> str:
    """Return the worst that happens to a column, in a few words."""
    if math.isinf(summary.worst):
        return f"its {summary.widest} {'are' if summary.widest != 'signal' else 'is'} lost altogether"
    return f"its {summary.widest} {'drift' if summary.widest != 'signal' else 'drifts'} by a factor of {_times(summary.worst)}"


def _times(decades: float) -> str:
    """Return a factor for people: two digits while that is sensible, then the power of ten."""
    return from_log10(math.log10(float(f"{10**decades:.2g}"))) if decades < 3 else magnitude(decades)


def _short(label: str) -> str:
    """Return a label without its remark in brackets."""
    return label.split(" (")[0]
