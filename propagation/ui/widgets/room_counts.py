"""Room counts: what others in the visitor's room guess, before the answer is shown."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import streamlit as st

from propagation.ui.session import room

#: seconds between two looks at what others have guessed
_EVERY = 3.0
#: bars that are drawn, however many options there are
_MOST_BARS = 8
#: what is kept of a guess, and for how long
KEPT = "Kept in this server's memory for an hour: which option was chosen. No names, no addresses."

#: whose guesses a server counts, where several serve one address
REPLICAS = "A server counts those who are on it; behind the nginx settings that come with the app, a room is on one of them."


def draw_counts(question: Hashable, options: Sequence[str], said: int | None) -> None:
    """Count what the visitor `said`, by its place among the options, in Markdown, and draw what the room guesses; outside a room nothing.

    Who has not guessed sees how many have, and the rest if they ask for it: what others think is no help in thinking.
    """
    if not room.name():
        return
    if said is not None and (refused := room.tell(question, said)):
        st.caption(f":material/groups: {refused}")
    st.fragment(_counts, run_every=_EVERY)(question, options, said is not None)


def _counts(question: Hashable, options: Sequence[str], guessed: bool) -> None:
    counts = room.counts(question, len(options))
    total = sum(counts)
    with st.container(gap="xsmall"):
        st.markdown(f":material/groups: Room **{room.name()}**: {total:,} {'guess' if total == 1 else 'guesses'} so far")
        if guessed or st.toggle("Show them before I guess", key="room_shown"):
            many = len(options) > _MOST_BARS  # of a slider's range only what somebody chose
            chosen = [place for place in range(len(options)) if counts[place] or not many]
            for place in sorted(sorted(chosen, key=lambda place: -counts[place])[:_MOST_BARS]):
                st.progress(counts[place] / max(total, 1), f"{options[place]} :gray[{counts[place]:,}]")
        st.caption(KEPT)
