"""Drift: how the size of a signal changes from layer to layer, the first layers, in which sizes settle, told from the others."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from propagation.expressions import lookup
from propagation.initializers import SCHEMES
from propagation.theory.maps import CRITICAL, length_slope

#: decades a signal may drift through the whole network and still count as level, and a layer in a net of any depth: as ten such add up to
LEVEL = 1.0
LEVEL_PER_LAYER = LEVEL / 9
#: decades a layer below which it is said to keep a size, and from end to end below which a signal is
KEEPS, KEPT = 0.01, 0.3
#: a factor so close to 1 that all layers together change by less than this share is 1: nobody can see it
_UNSEEN = 0.05
#: decades by which all further changes of a layer's factor may move a signal that has settled
_SETTLED = 0.02
#: logarithm of a factor this close to 0 takes a thousand layers to show: until then what is not in proportion to a size decides
_NEARLY = 1e-3
#: settled layers that a measured factor needs, at least, and a tenth of all: over fewer, chance from net to net is as large as the factor
_ENOUGH = 4


@dataclass(frozen=True)
class Drift:
    """How one signal changes along its direction of travel, in decades of its second moment.

    `total` is from end to end, −∞ where it does not arrive; `per_layer` what a layer does once sizes have settled; `transient` what the
    layers before that add.
    """

    total: float
    per_layer: float
    transient: float = 0.0

    @property
    def factor(self) -> float:
        """Return what a settled layer does to the second moment, at most 1e300."""
        return 10 ** min(self.per_layer, 300.0)

    def seen(self, depth: int) -> float:
        """Return the factor, 1 where its power over so many layers cannot be told from 1."""
        return 1.0 if abs(self.factor - 1) * depth <= _UNSEEN else self.factor

    @property
    def first_layers(self) -> float:
        """Return what the layers before do to the second moment in all, at most 1e300."""
        return 10 ** min(self.transient, 300.0)

    @property
    def settled(self) -> float:
        """Return the decades of `total` that settled layers are to blame for."""
        return self.total - self.transient


#: the drifts of the signal forward and of the gradient backward
Pair = tuple[Drift, Drift]


@dataclass(frozen=True)
class Settling:
    """What theory says of the layers of a network.

    From `layer` (from 1) on sizes have settled, None where they do not within the network; from there on a layer adds so many decades,
    `forward` and `backward`. `power_law` where sizes fall or grow like a power of depth and never settle. Where layers are not `alike`,
    nothing settles, and the decades are those of many layers like the median one. `stays` where the size that it all tends to is neither 0
    nor ∞.
    """

    layer: int | None
    forward: float
    backward: float
    power_law: bool = False
    alike: bool = True
    stays: bool = True


def settling(prediction) -> Settling | None:
    """Return where and to what the layers of a Prediction settle; None without a theory of that."""
    q_star, chi = getattr(prediction, "q_star", math.nan), getattr(prediction, "chi_1", math.nan)
    if not (chi > 0) or math.isnan(q_star):
        return None
    config = prediction.config
    z, delta = (np.asarray(prediction.signal(name).log10_second_moment) for name in ("z", "delta"))
    if not (np.isfinite(z).all() and np.isfinite(delta).all()):
        return None
    backward, forward, power_law, stays = math.log10(chi), 0.0, False, 0 < q_star < math.inf
    if not stays:
        slope = float(length_slope(q_star, config.shifted_activation, float(np.median(prediction.weight_variance))))
        if slope <= 0:
            return None
        forward = math.log10(slope)
        straight = lookup(config.shifted_activation).homogeneous and not np.any(prediction.bias_variance)
        power_law = abs(math.log(slope)) < (CRITICAL if straight else _NEARLY)
    if not _alike(prediction):
        return Settling(None, forward, backward, power_law, False, stays)
    off = np.maximum(np.abs(np.diff(z) - forward), np.abs(np.diff(delta) + backward))
    remaining = np.concatenate((np.cumsum(off[::-1])[::-1], [0.0]))
    layer = int(np.argmax(remaining <= _SETTLED)) + 1
    enough = max(_ENOUGH, config.depth // 10)
    return Settling(layer if config.depth - layer >= enough else None, forward, backward, power_law, True, stays)


def _alike(prediction) -> bool:
    """Whether all layers but the first are drawn from one law, to 1 % where the data decide it, and equally wide."""
    config = prediction.config
    same = 1e-2 if SCHEMES[config.scheme].from_data else 1e-12
    return config.depth > 1 and all(
        np.ptp(values[1:]) <= same * abs(values[1]) for values in (prediction.weight_variance, prediction.bias_variance, config.widths)
    )


def drifts(z: np.ndarray, delta: np.ndarray, theory: Settling | None) -> Pair:
    """Return the drift of the signal forward and of the gradient backward from log10 of their second moments, (depth,) each.

    Factors are measured from the layer on where theory says that sizes have settled. Without theory, where hardly a layer has settled or
    layers differ, and where a power of depth is at work, they are the mean over all layers.
    """
    forward, backward = _whole(z), _whole(delta[::-1])
    if theory is None or theory.layer is None or theory.power_law or not np.isfinite([forward.total, backward.total]).all():
        return forward, backward
    first, gaps = theory.layer - 1, len(z) - theory.layer
    onward, back = float(z[-1] - z[first]), float(delta[first] - delta[-1])
    return (
        Drift(forward.total, onward / gaps, forward.total - onward),
        Drift(backward.total, back / gaps, backward.total - back),
    )


def is_level(drift: Drift, theory: Settling | None, backward: bool = False) -> bool:
    """Return whether settled layers keep a signal level: all of them together and, whatever their number, each of them.

    Where nothing has settled yet or layers differ, the mean layer and theory's settled one must be steep, and to the same side. A power of
    depth takes most in the first layers, and only the whole counts.
    """
    rates = [drift.per_layer]
    if theory and theory.layer is None:
        rates.append(theory.backward if backward else theory.forward)
    steep = min(rates) > LEVEL_PER_LAYER or max(rates) < -LEVEL_PER_LAYER
    return abs(drift.settled) <= LEVEL and (not steep or power_law(theory))


def power_law(theory: Settling | None) -> bool:
    """Return whether sizes change like a power of depth."""
    return theory is not None and theory.power_law


def _whole(log10_sizes: np.ndarray) -> Drift:
    """Return the drift from the first layer to the last one that is reached; a single layer has none."""
    alive = np.flatnonzero(np.isfinite(log10_sizes))
    if len(alive) == 0:
        return Drift(-math.inf, -math.inf)
    first, last = int(alive[0]), int(alive[-1])
    change = float(log10_sizes[last] - log10_sizes[first])
    complete = last == len(log10_sizes) - 1
    per_layer = change / (last - first) if last > first else 0.0 if complete else -math.inf
    return Drift(change if complete else -math.inf, per_layer)
