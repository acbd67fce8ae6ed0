"""Network choice: which architectures are compared or raced."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from propagation.labs import compare_networks
from propagation.labs.compare import MOST_COLUMNS
from propagation.labs.compare_networks import NETWORKS, Network
from propagation.ui.session import experiment


def draw(chosen: Sequence[Network]) -> None:
    """Offer the architectures, those that are chosen among them; one more than fit is not taken."""
    key = experiment.show(compare_networks.PARAMETER, [network.name for network in chosen])

    def choose() -> None:
        wanted = [network for name, network in NETWORKS.items() if name in st.session_state[key]]
        if len(wanted) > MOST_COLUMNS:
            st.toast(f"{MOST_COLUMNS} fit: take one away first.")
        else:
            experiment.order_page_parameter(compare_networks.PARAMETER, compare_networks.written(wanted))

    st.pills(
        f"Architectures, up to {MOST_COLUMNS}",
        list(NETWORKS),
        selection_mode="multi",
        format_func=lambda name: NETWORKS[name].label,
        key=key,
        on_change=choose,
    )
