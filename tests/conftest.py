"""Settings of every test: what needs a browser is marked, quick tests come first, and examples are the same on every run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

#: tests with a real server and a real browser
BROWSER = Path(__file__).parent / "browser"

settings.register_profile("same_every_run", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same_every_run")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the browser tests, and put them after the quick tests and before the slow ones."""
    for item in items:
        if item.path.is_relative_to(BROWSER):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: 1 if item.get_closest_marker("browser") else 2 if item.get_closest_marker("slow") else 0)
