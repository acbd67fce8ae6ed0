"""Block plane: order and chaos of a network of blocks, where there is such a plane: the plane to click on, and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from propagation.architecture import linear_maps
from propagation.charts.block_plane import block_plane_chart
from propagation.charts.plane import here_spec
from propagation.config import Config
from propagation.formatting import factor, plain
from propagation.labs.block_plane_text import SHOWN, SHOWN_OF_TOKENS, headline, line, meaning, place
from propagation.labs.slider_sweep import MOST_POSITIONS, spread
from propagation.notation import markdown
from propagation.rules import shown_bias_variance, shown_weight_variance
from propagation.theory.block_plane import BlockPlane, block_places, block_plane
from propagation.theory.depth_law import DepthLaw, depth_law
from propagation.theory.op import NoLaw
from propagation.ui.components.streamlit_page import VERDICT_KEY
from propagation.ui.session import experiment
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.sweep import Answers, Followed, Shown, under_the_hand

#: points across and up, each of which can be clicked
_ACROSS, _UP = 51, 26
#: the key of the chart, and the sliders that it follows, in the order of its axes
_PLANE, _FIELDS = "phase_plane", ("weight_variance", "bias_variance")
_BLOCK = r"x' = s\,x + \alpha\, F(x)"
#: by the law of the plane, or what stands for it in plain layers with dropout and for tokens: what there is to see, and the formulas
_WHAT = {
    "mean": (
        "- Without a norm **the stream has no size at which it stays**, so there is no fixed point, and no phase in the strict sense. "
        "What your blocks do to a gradient differs from block to block; the plane shows the mean.\n"
        "- With a whole skip, s = 1, no place is ordered: a branch adds to the gradient, it takes nothing away. Branches of bounded φ, "
        "such as tanh, add less and less as the stream grows: gradients grow like e to √L. Those of ReLU add the same share in every block."
    ),
    "dropout": (
        "- Dropout that keeps a share p makes the mean square of every signal 1/p times as large, and that of gradients. It drops other "
        "neurons for every input, so that **even equal inputs part**: no place is critical for gradients and for angles at once "
        "(Schoenholz et al. 2017).\n"
        "- Colour is what a layer multiplies squared gradients by, the mean over all layers."
    ),
    "whole": (
        "- The branches get smaller the more blocks there are, so that **all of them together** stay finite at any depth: with α = 1/√L "
        "and ReLU at most e to the power σ_w⁴/2. There is no phase: what counts is that one factor."
    ),
    "power": (
        "- With a norm before every branch **nothing grows exponentially**, at no σ_w². The stream grows like the number of blocks, each "
        "changes it less than the one before, and gradients grow like a power ζ of depth.\n"
        "- Without biases ζ is 1 for ReLU in a branch of two maps, a little more for tanh or GELU, less where φ is nearly the same for all "
        "inputs, as sigmoid is. Biases add to the stream and not to gradients: ζ falls."
    ),
    "settled": (
        "- Norms hold every signal at one size, so there is **one factor for every block**, and without biases σ_w² cancels in a plain "
        "layer. What is the same for all inputs makes a network ordered here: biases, and the mean of a φ such as sigmoid.\n"
        "- The factor for gradients is that for 1 − c of two inputs that are almost alike, too: that is why exploding gradients and chaos "
        "come together. A norm behind an activation with a mean takes that mean away, which makes both grow."
    ),
    "tokens": (
        "- **1 − c** is what tells two tokens of a sequence apart. Where it is small, attention averages tokens that are alike and leaves "
        "nothing new between them; the MLP stretches it by the slopes of φ. $\\lambda_a$ is the logarithm of what a block multiplies it "
        "by.\n"
        "- $\\lambda_g$ is the same for gradients, once those of tokens are as alike as tokens. To attention that is but a linear map, "
        "since it looks at the same thing everywhere."
    ),
}
_FORMULAS = {
    "mean": (_BLOCK, r"q' = s^2 q + \alpha^2 v(q)", r"g = \prod_l \big(s^2 + \alpha^2 \chi_F(q_l)\big)"),
    "dropout": (
        r"q' = \tfrac{1}{p}\, \sigma_w^2\, \mathbb{E}\,\varphi^2 + \sigma_b^2",
        r"g = \prod_l \tfrac{1}{p}\, \sigma_w^2\, \mathbb{E}\,\varphi'(\sqrt{q_l}\, x)^2",
    ),
    "whole": (
        _BLOCK,
        r"g = \prod_l \big(s^2 + \alpha_L^2\, \chi_F(q_l)\big)",
        r"\big(1 + \tfrac{\sigma_w^4}{2L}\big)^L \to e^{\sigma_w^4/2}",
    ),
    "power": (
        _BLOCK,
        r"q_l = q_0 + l\,\alpha^2 v",
        r"g = \prod_l \big(1 + \alpha^2 \chi_F / q_l\big) \sim L^{\zeta}, \quad \zeta = \chi_F / v",
    ),
    "settled": (
        r"\text{residual:}\quad g' = g\, \frac{s^2 + \alpha^2 \chi_F}{s^2 + \alpha^2 v}",
        r"\text{plain:}\quad g' = g\, \frac{\sigma_w^2\, \mathbb{E}\,\varphi'^2}{\sigma_w^2\, \mathbb{E}\,\varphi^2 + \sigma_b^2}",
    ),
    "tokens": (
        r"\text{norm after the sum:}\quad e^{\lambda_a} = \frac{1}{1 + \alpha^2 A}\cdot\frac{1 + \alpha^2 \chi_F}{1 + \alpha^2 v}",
        r"e^{\lambda_g} = \frac{1 + \alpha^2 a}{1 + \alpha^2 A}\cdot\frac{1 + \alpha^2 \chi_F}{1 + \alpha^2 v}",
        r"\text{norm before:}\quad 1 - c \sim l^{\,\chi_F/(A + v) - 1}, \quad g \sim L^{(a + \chi_F)/(A + v)}",
        r"a = \sigma_v^2 \sigma_o^2, \qquad A = a + \text{biases}",
    ),
}


def refusal(config: Config) -> str:
    """Return why a network of blocks has no plane of its own, in sentences; empty where it has one."""
    try:
        _own(config)
    except NoLaw as reason:
        law = _law(config)
        said = f" Here every layer multiplies gradients by **{factor(law.factor)}**." if law and law.factor else ""
        return f"{reason}{said}"
    return ""


def look_for(config: Config) -> str:
    """Return what the colour means, and what one can do, for the head of the page."""
    choices = _choices(config)
    meant = meaning(config, _own(config).law, controls.page_choice_made("plane", choices))
    return f"{plain(meant)} **Click anywhere to go there.**"


def _choices(config: Config) -> dict[str, str]:
    return SHOWN_OF_TOKENS if config.architecture == "transformer" else SHOWN


def draw(config: Config, ends: tuple[float, float]) -> None:
    """Draw the plane of this network, which has one, with these ends, and what it says of where the visitor stands."""
    tokens = config.architecture == "transformer"
    words = _words(config, _own(config), 0)
    with st.container(key=VERDICT_KEY):
        st.header(words["headline"], anchor=False)
        st.markdown(words["line"])
    left, right = st.columns([1.75, 1], gap="medium")
    with left, panel("The plane"):
        shown = controls.page_choice("Colour shows", "plane", _choices(config), "What the colour of the plane means.")
        plane = _grid(_alike(config), *ends)
        across, up = np.linspace(0, ends[0], _ACROSS), np.linspace(0, ends[1], _UP)
        texts = [place(config, plane, weight, bias, (k, m)) for k, bias in enumerate(up) for m, weight in enumerate(across)]
        here = shown_weight_variance(config), shown_bias_variance(config)
        figure = block_plane_chart(plane, across, up, here, texts, shown=shown, tokens=tokens, appearance=appearance())
        draw_figure(figure, key=_PLANE, alt=f"Plane of your own network. {words['headline']}", on_point=controls.point_chosen(_PLANE))
        if remark := _remark(config):
            st.caption(plain(remark))
    with right:
        _explanations("tokens" if tokens else plane.law if config.has_stream or plane.law != "mean" else "dropout")
    under_the_hand(config, Followed(_FIELDS, {_PLANE: ("here",)}, partial(_answers, ends), ends))


@st.cache_data(max_entries=200, show_spinner=False, hash_funcs={Config: repr})
def _law(config: Config) -> DepthLaw | None:
    return depth_law(config)


@st.cache_data(max_entries=200, show_spinner=False, hash_funcs={Config: repr})
def _own(config: Config) -> BlockPlane:
    """Return the one place of this network."""
    return block_places([config])


@st.cache_data(max_entries=64, show_spinner="Walking through the blocks …", hash_funcs={Config: repr})
def _grid(config: Config, weight_end: float, bias_end: float) -> BlockPlane:
    places = np.meshgrid(np.linspace(0, weight_end, _ACROSS), np.linspace(0, bias_end, _UP))

    def look(share: float) -> None:
        experiment.waiting_since()  # which ends a run whose visitor has moved on

    return block_plane(config, *places, progress=look)


def _alike(config: Config) -> Config:
    """The network without what its plane does not depend on: one plane for every place of the cross."""
    return replace(config, scheme="custom", weight_variance=1.0, bias_variance=0.0, seed=0, trials=1)


def _answers(ends: tuple[float, float], config: Config, field: str, values: Sequence[float], here: int) -> Iterator[Answers]:
    """Yield what the page shows at the values of a slider that the plane has room for."""
    within = [value for value in values if value <= ends[_FIELDS.index(field)]]
    chosen = [within[one] for one in spread(len(within), MOST_POSITIONS, here)]
    configs = experiment.imagined(field, within[0]).variants(field, chosen)
    found = block_places(configs)

    def shown(number: int, one: Config) -> Shown:
        at = shown_weight_variance(one), shown_bias_variance(one)
        return Shown({_PLANE: here_spec(ends, *at, appearance=appearance())}, _words(one, found, number))

    yield Answers(chosen, [shown(number, one) for number, one in enumerate(configs)])


def _words(config: Config, plane: BlockPlane, number: int) -> dict[str, str]:
    """Return the headline and the line below it."""
    return {"headline": headline(config, plane, number), "line": line(config, plane, number)}


def _remark(config: Config) -> str:
    """Say where a point of the plane is not quite the visitor's network; nothing where it is."""
    maps = [op for op in linear_maps(replace(config, branch_rule="custom")) if op.name not in ("Wq", "Wk", "Wv")]
    if len({op.weight for op in maps}) == 1:
        return ""
    return "In the plane all maps of a block have one σ_w²; those of your scheme differ, and the cross is where a square one stands."


def _explanations(what: str) -> None:
    """Explain what the plane shows, and the formulas behind it."""
    with st.expander("What am I looking at?", expanded=True):
        st.markdown(
            markdown("Every point is a very wide network with your blocks, and its own σ_w² and σ_b²; the cross is yours.\n\n")
            + markdown(_WHAT[what])
        )
    with st.expander("Formula"):
        st.markdown("\n\n".join(f"$$\n{formula}\n$$" for formula in _FORMULAS[what]))
        st.caption(
            "F is the branch, v the variance that it adds, χ_F by what it multiplies a squared gradient, q the size of the stream. "
            "Yang & Schoenholz 2017 (arXiv 1712.08969), Hayou et al. 2021 (2010.12859), Doshi et al. 2023 (2111.12143), "
            "Cowsik et al. 2024 (2403.02579)."
        )
