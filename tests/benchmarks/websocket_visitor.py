"""A visitor of the app without a browser, over the real websocket."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import isnan, nan
from urllib.parse import parse_qs, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Slider_pb2 import Slider
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from propagation.notation import markdown
from propagation.slider_steps import step_text

MOVED = markdown("Weight variance σ_w²")
#: seconds after which an answer is given up
PATIENCE = 60.0
_PLOTS = ("plot", "better_plot")


@dataclass
class Move:
    """One move and its answer: seconds to the first chart that shows it, or a later one, and to the whole page that does."""

    value: float | None
    sent: float
    chart: float = nan
    whole: float = nan


class Visitor:
    """A browser without a window: it opens a page, keeps its sliders, moves one, and hears what the server says."""

    def __init__(self, socket: ClientConnection, address: str, query: str) -> None:
        self._socket = socket
        self._address = address
        self._query = query
        self._page = ""
        self._values: dict[str, list[float]] = {}
        self._texts: dict[str, list[str]] = {}  # of sliders over steps, which say the text of a step
        self._moved: str | None = None
        self._latest = 0
        self._sweep = ("", "")  # the component that tables are asked for from, and the fragment that it stands in
        self._pressed = nan
        self.tables: list[float] = []
        self.presses = 0
        self.moves: list[Move] = []
        self.errors: list[str] = []
        self.bytes = 0
        self.idle = asyncio.Event()

    def _message(self) -> BackMsg:
        """What a browser sends with whatever is done: where it is, and where its sliders stand."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self._query, self._page
        if not self._page:
            state.page_name = urlsplit(self._address).path.strip("/")
        state.context_info.url = f"{self._address}?{self._query}"
        for id, values in self._values.items():
            state.widget_states.widgets.add(id=id).double_array_value.data.extend(values)
        for id, texts in self._texts.items():
            state.widget_states.widgets.add(id=id).string_array_value.data.extend(texts)
        return message

    async def press(self) -> None:
        """Press on the slider: a table of its range is asked for."""
        message, (component, fragment) = self._message(), self._sweep
        asked = json.dumps([{"event": "asked", "value": {"field": "weight_variance"}}])
        message.rerun_script.widget_states.widgets.add(id=f"$$STREAMLIT_INTERNAL_KEY_{component}__events", json_trigger_value=asked)
        message.rerun_script.fragment_id = fragment
        self._pressed = time.perf_counter()
        self.presses += 1
        await self._socket.send(message.SerializeToString())

    async def move(self, value: float | None = None) -> None:
        """Open the page, or let the slider go at a value."""
        if value is not None:
            self._texts[self._moved] = [step_text(value)]
        message = self._message()
        self.moves.append(Move(value, time.perf_counter()))
        self.idle.clear()
        await self._socket.send(message.SerializeToString())

    async def settle(self, patience: float = PATIENCE) -> None:
        """Wait for the whole answer to the last move."""
        try:
            await asyncio.wait_for(self.idle.wait(), patience)
        except TimeoutError:
            self.errors.append(f"no answer within {patience:g} s")

    async def listen(self) -> None:
        """Take in what the server says, for as long as there is a connection."""
        async for data in self._socket:
            self.bytes += len(data)
            self._hear(ForwardMsg.FromString(data))

    def _hear(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self._page = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
            told = float(parse_qs(self._query).get("weight_variance", ["nan"])[0])
            self._latest = next((place for place, move in enumerate(self.moves) if move.value == told), self._latest)
        elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            self._answered("whole")
            if self._latest == len(self.moves) - 1:
                self.idle.set()
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._see(message.delta.new_element, message.delta.fragment_id)

    def _see(self, element: Element, fragment: str) -> None:
        """Take in one element of the page."""
        if element.HasField("slider"):
            slider = element.slider
            if slider.type == Slider.SELECT_SLIDER and (slider.set_value or slider.id not in self._texts):
                chosen = slider.raw_value if slider.set_value else [slider.options[int(place)] for place in slider.default]
                self._texts[slider.id] = list(chosen)
            elif slider.type == Slider.SLIDER and (slider.set_value or slider.id not in self._values):
                self._values[slider.id] = list(slider.value if slider.set_value else slider.default)
            if slider.label == MOVED:
                self._moved = slider.id
        elif element.HasField("exception") or (element.HasField("alert") and element.alert.format == element.alert.ERROR):
            self.errors.append(element.exception.message or element.alert.body)
        elif element.HasField("bidi_component"):
            name = element.bidi_component.component_name
            if name in _PLOTS:
                self._answered("chart")
            elif name == "sweep":
                self._sweep = element.bidi_component.id, fragment
            elif name == "sweep_table" and not isnan(self._pressed):
                self.tables.append(time.perf_counter() - self._pressed)
                self._pressed = nan

    def _answered(self, part: str) -> None:
        """The move that this run is about is answered, and all before it."""
        for move in self.moves[: self._latest + 1]:
            if isnan(getattr(move, part)):
                setattr(move, part, time.perf_counter() - move.sent)


@asynccontextmanager
async def visiting(address: str, query: str, visitors: list[Visitor], lost: list[str]) -> AsyncIterator[Visitor]:
    """A visitor who has opened the page; what goes wrong with the connection is kept in `lost`."""
    scheme, host = address.split("://")
    stream = f"{scheme.replace('http', 'ws')}://{host.split('/')[0]}/_stcore/stream"
    try:
        # a browser does not ask now and then whether the server is there, and is not lost to one that has no time to answer that
        async with connect(stream, subprotocols=["streamlit"], max_size=None, ping_interval=None) as socket:
            visitor = Visitor(socket, address, query)
            visitors.append(visitor)
            listening = asyncio.create_task(visitor.listen())
            await visitor.move()
            yield visitor
            listening.cancel()
    except (OSError, WebSocketException) as error:
        lost.append(f"connection lost: {error}")
