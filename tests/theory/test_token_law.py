"""What a block of a transformer does to tokens that are nearly alike: closed forms, and theory's own lines far down."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from propagation import Config
from propagation.theory.prediction import predict
from propagation.theory.token_law import token_law

BASE = Config(
    architecture="transformer",
    normalization="layer",
    norm_position="post",
    activation="relu",
    depth=40,
    width=64,
    heads=4,
    tokens=8,
    inputs=1,
    bias_variance=0,
    weight_variance=1.0,
)
#: χ_F/v of tanh at size 1, by quadrature elsewhere, and with it the factor of an MLP behind a norm
TANH = 1.0502823560827688


@pytest.mark.parametrize(
    ("fields", "angles", "gradients"),
    [
        ({}, -math.log(2), 0.0),
        ({"tokens": 64, "normalization": "rms", "query_key_variance": 3.0}, -math.log(2), 0.0),
        ({"scheme": "he"}, -math.log(5), 0.0),
        ({"branch_scale": 0.5}, -math.log(1.25), 0.0),
        ({"value_variance": 0.25}, -math.log(1.25), 0.0),
        ({"activation": "tanh"}, math.log(TANH / 2), math.log(TANH)),
        ({"activation": "tanh", "value_variance": 0.0}, math.log(TANH), None),
    ],
)
def test_exponents_in_closed_form(fields, angles, gradients):
    """Tokens that are alike are averaged for nothing: attention leaves all of their common gradients."""
    law = token_law(replace(BASE, **fields))
    assert law.angles == pytest.approx(angles, abs=1e-8)
    assert (law.settled > 0) == (angles > 0)
    if gradients is not None:
        assert law.gradients == pytest.approx(gradients, abs=1e-7)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_far_down_theory_goes_by_these_exponents(activation):
    config = replace(BASE, activation=activation, readout="pooled")
    law, lines = token_law(config), predict(config)
    parted = np.diff(np.log(lines.token_separation))
    assert parted[-1] == pytest.approx(law.angles, abs=1e-3) and abs(parted[0] - law.angles) > 1e-3
    gradients = -np.diff(math.log(10) * lines.backward.log10_second_moment)
    assert gradients[-1] == pytest.approx(law.gradients, abs=1e-3)


@pytest.mark.parametrize(
    "fields",
    [{"norm_position": "pre"}, {"normalization": "none"}, {"tokens": 1}, {"causal": True}, {"shared_blocks": True}, {"keep": 0.9}],
)
def test_where_there_is_no_such_law(fields):
    assert token_law(replace(BASE, **fields)) is None
