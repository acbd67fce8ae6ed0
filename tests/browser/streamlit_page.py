"""Streamlit's page as tests look at it: the app's own names of its parts, and those that only tests need."""

from __future__ import annotations

from propagation.ui.components.streamlit_page import APP, CONNECTED, CONNECTION, MAIN

__all__ = ["MAIN"]
#: JavaScript: whether the page has its server
IS_CONNECTED = f"document.querySelector('{APP}').getAttribute('{CONNECTION}') === '{CONNECTED}'"

SIDEBAR = "[data-testid=stSidebar]"
UNFOLD_SIDEBAR = "[data-testid=stExpandSidebarButton]"
MENU_IN_SIDEBAR = "[data-testid=stSidebarNavItems]"
#: a group of pages in the menu at the top, and a page of it
MENU_GROUP, PAGE_OF_GROUP = "[data-testid=stTopNavSection]", "[data-testid=stTopNavDropdownLink]"
SEGMENTS = "[data-testid=stButtonGroup]"
TABLE = "[data-testid=stTable]"
CODE = "[data-testid=stCode]"
ALERT = "[data-testid=stAlert]"
EXCEPTION = "[data-testid=stException]"
