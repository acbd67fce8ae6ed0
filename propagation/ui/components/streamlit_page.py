"""Streamlit's page: its parts by the names that Streamlit gives them, for our JavaScript and for tests; releases may change them."""

from __future__ import annotations

import json

#: selectors
APP = "[data-testid=stApp]"
SLIDER = "[data-testid=stSlider]"
#: of `APP`: the attribute that says whether the server is there, and its word for yes
CONNECTION, CONNECTED = "data-test-connection-state", "CONNECTED"
#: the same as a line of JavaScript, before every component's own
NAMES = f"const STREAMLIT = {json.dumps({'app': APP, 'slider': SLIDER, 'connection': CONNECTION, 'connected': CONNECTED})};\n"
