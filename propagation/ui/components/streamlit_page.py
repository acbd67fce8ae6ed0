"""Streamlit's page: its parts by the names that Streamlit gives them, for our JavaScript and for tests; releases may change them.

A style sheet cannot be told names: screen.css, which lays these parts out, has its own.
"""

from __future__ import annotations

import json

#: selectors
APP = "[data-testid=stApp]"
SLIDER = "[data-testid=stSlider]"
#: what scrolls
MAIN = "[data-testid=stMain]"
#: the sidebar, the controls in it, one below the other, the menu where it stands there, and what stands beside
SIDEBAR, CONTROLS = "[data-testid=stSidebar]", "[data-testid=stSidebarUserContent] > div > [data-testid=stVerticalBlock]"
MENU, CONTENT = "[data-testid=stSidebarNav]", "[data-testid=stMainBlockContainer]"
#: the words beside a control
LABEL = "[data-testid=stWidgetLabel]"
#: how the container or control of a key is found: this and the key
OF_KEY = ".st-key-"
#: the app once it has answered
STATE = "data-test-script-state"
IDLE = f"{APP}[{STATE}=notRunning]"
#: the first heading of a page that has no container for its verdict
HEADLINE = "[data-testid=stMain] h2"
#: what `:gray-badge[…]` becomes, and the words of a heading
BADGE, HEADING = ".stMarkdownBadge", "[data-heading-text], h2"
#: the key of the container of headline, numbers and chart, and how it is found
VERDICT_KEY = "verdict"
VERDICT = f"{OF_KEY}{VERDICT_KEY}"
#: the key of the container of what does not follow the hand, and how it is found
LATER_KEY = "later"
LATER = f"{OF_KEY}{LATER_KEY}"
#: the same of a sentence that stands elsewhere and follows the hand, too
REMARK_KEY = "remark"
REMARK = f"{OF_KEY}{REMARK_KEY}"
#: how the keys begin of what says that an entry could not be used: charts, which are of what was there before, are pale meanwhile
REFUSED = "refused_"
#: of `APP`: the attribute that says whether the server is there, and its word for yes
CONNECTION, CONNECTED = "data-test-connection-state", "CONNECTED"
#: the same as a line of JavaScript, before every component's own
_FOR_SCRIPTS = {
    "app": APP,
    "slider": SLIDER,
    "main": MAIN,
    "label": LABEL,
    "of_key": OF_KEY,
    "sidebar": SIDEBAR,
    "controls": CONTROLS,
    "menu": MENU,
    "content": CONTENT,
    "idle": IDLE,
    "state": STATE,
    "headline": HEADLINE,
    "verdict": VERDICT,
    "later": LATER,
    "remark": REMARK,
    "badge": BADGE,
    "heading": HEADING,
    "connection": CONNECTION,
    "connected": CONNECTED,
}
NAMES = f"const STREAMLIT = {json.dumps(_FOR_SCRIPTS)};\n"
