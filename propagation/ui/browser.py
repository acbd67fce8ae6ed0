"""Browser: the app without a server, in the visitor's own browser; what is different there, beside a slower processor."""

from __future__ import annotations

from streamlit import runtime

from propagation.runtime.platform import IN_BROWSER


def complete_streamlit() -> None:
    """Give stlite's Streamlit the two methods that components ask for, and that this edition has as functions only."""
    if IN_BROWSER and not hasattr(runtime.Runtime, "instance"):
        for name, function in (("exists", runtime.exists), ("instance", runtime.get_instance)):
            setattr(runtime.Runtime, name, staticmethod(function))
