"""Closest: the Config whose network is most like one that was measured, told by its structure, or why there is none.

Known are plain networks of linear maps and one activation, residual networks of such branches, and transformers.
"""

from __future__ import annotations

from propagation.reports import plain, residual, transformer
from propagation.reports.report import Report
from propagation.reports.structure import STRUCTURE, Closest, Unlike


def closest_config(report: Report) -> Closest:
    """Return the Config whose network is most like the one measured."""
    calls = [(place, module) for place, module in enumerate(report.called) if module.kind in STRUCTURE]
    kinds = {module.kind for _, module in calls}
    sums = sum(module.kind == "sum" for _, module in calls)
    try:
        if transformer.has_attention(calls):
            calls = transformer.without_patches(calls)
        if any(module.kind == "convolution" for _, module in calls):
            raise Unlike("The app's own networks have no convolutions over images.")
        if any(module.call > 1 for _, module in calls):
            raise Unlike("A module is called more than once: layers of the app's own networks are drawn one by one.")
        if "linear" not in kinds:
            raise Unlike("It has no linear layers.")
        if sums > 1 and transformer.has_attention(calls):
            return transformer.closest(report, calls)
        if sums > 1:
            return residual.closest(report, calls)
        return plain.closest(report, calls)
    except (Unlike, ValueError) as reason:
        return Closest(None, str(reason))
