"""Theme: the palette of the two appearances, safe for colour blindness (from Okabe & Ito), and a Plotly layout for each."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

#: a legend between the plot and the upper edge: where its entries need more rows, as on a phone, the plot gives way
LEGEND_ABOVE = {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
FONT = '"Source Sans", "Source Sans 3", "Source Sans Pro", "Segoe UI", "Helvetica Neue", Arial, sans-serif'


@dataclass(frozen=True)
class Palette:
    """Colours by role. A `*_text` colour is the role's colour dark or light enough to be read as text (AA)."""

    forward: str
    backward: str
    weight_gradient: str
    forward_text: str
    backward_text: str
    weight_gradient_text: str
    text: str
    muted: str
    warning: str
    background: str
    panel: str
    grid: str
    smaller: str
    larger: str
    neutral: str
    compare: tuple[str, ...]


PALETTES = {
    "light": Palette(
        forward="#0072B2",
        backward="#D55E00",
        weight_gradient="#009E73",
        forward_text="#0072B2",
        backward_text="#B34F00",
        weight_gradient_text="#00775A",
        text="#1B2430",
        muted="#5A6675",
        warning="#B26A00",
        background="#FFFFFF",
        panel="#F5F7FA",
        grid="#E3E8EE",
        smaller="#5B4BB7",
        larger="#B8860B",
        neutral="#EDF0F4",
        compare=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8C6D00", "#5B4BB7"),
    ),
    "dark": Palette(
        forward="#56B4E9",
        backward="#FF8A50",
        weight_gradient="#3DD6A5",
        forward_text="#56B4E9",
        backward_text="#FF8A50",
        weight_gradient_text="#3DD6A5",
        text="#E8EDF3",
        muted="#9AA7B5",
        warning="#F0B429",
        background="#10151C",
        panel="#1A222D",
        grid="#2A3441",
        smaller="#A79BFF",
        larger="#E6C229",
        neutral="#1C2530",
        compare=("#56B4E9", "#FF8A50", "#3DD6A5", "#E79BC3", "#E6C229", "#A79BFF"),
    ),
}


def palette(appearance: str) -> Palette:
    """Return the palette of "light" or "dark"; light for anything else, as a browser that says nothing expects."""
    return PALETTES.get(appearance, PALETTES["light"])


def base_layout(colours: Palette) -> dict:
    """Return what every layout shares: type, transparent ground, hover box. Dragging and zooming survive a redraw by `uirevision`."""
    return {
        "font": {"family": FONT, "size": 14, "color": colours.text},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hoverlabel": {"bgcolor": colours.panel, "bordercolor": colours.grid, "font": {"family": FONT, "size": 14, "color": colours.text}},
    }


def figure(data: list[dict], layout: dict) -> go.Figure:
    """Return the figure as it is: to check every property again would take longer than all the rest."""
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def translucent(colour: str, opacity: float) -> str:
    """Return a #RRGGBB colour as rgba(...)."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
