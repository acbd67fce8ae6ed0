"""Answers: whether the server has answered all that a page has asked it, told by what goes over the page's websocket."""

from __future__ import annotations

from playwright.sync_api import Page, WebSocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg


class Answers:
    """What a page has asked and heard so far. It has to be made before the page opens its websocket."""

    def __init__(self, page: Page) -> None:
        self.owed = False
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._asked)
        socket.on("framereceived", self._heard)
        socket.on("close", self._gone)

    def _asked(self, payload: bytes | str) -> None:
        if isinstance(payload, bytes) and BackMsg.FromString(payload).WhichOneof("type") == "rerun_script":
            self.owed = True

    def _heard(self, payload: bytes | str) -> None:
        if not isinstance(payload, bytes):
            return
        message = ForwardMsg.FromString(payload)
        if message.WhichOneof("type") == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self.owed = False

    def _gone(self, _: WebSocket) -> None:
        self.owed = False  # whoever asks again will do so over another one
