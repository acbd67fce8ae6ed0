"""Scales: where the sliders of an experiment's numbers can stand."""

from __future__ import annotations

DEPTHS = (*range(1, 11), 12, 15, *range(20, 51, 5), *range(60, 101, 10), 120, 150, 200, 300, 400, 500, 700, 1000, 1500, 2000)
WIDTHS = (*(2**k for k in range(1, 20)), 1_000_000)
INPUTS = tuple(2**k for k in range(11))
#: the steps of σ_w²: hundredths as far as 5, where nearly all networks are, and towards either end as fine as needed there
WEIGHT_VARIANCES = (
    0.0,
    *(k / 10_000 for k in range(2, 100, 2)),
    *(k / 100 for k in range(1, 500)),
    *(k / 10 for k in range(50, 100, 2)),
    *(float(k) for k in (*range(10, 20), *range(20, 100, 5))),
    *(float(k * 10**power) for power in range(2, 7) for k in (1, 2, 5)),
    1e7,
)
#: ends of the slider of σ_b²: the useful range, and wider ones for larger values
BIAS_VARIANCES = (5.0, 10.0, 20.0, 50.0, 100.0)
