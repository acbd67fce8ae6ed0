"""Patience: how long a test waits for a state, whichever it is. No wait has a limit of its own: a busy machine is what breaks it."""

from __future__ import annotations

#: Seconds. Nothing comes near it on an idle machine; on one that also runs something else, some do come near half a minute.
PATIENCE = 240
