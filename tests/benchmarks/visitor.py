"""A visitor without a browser: says to the server what the page's program says over its socket, and hears the answer.

What is measured with it is the server's work, up to the last word of a run; what a browser does is the browser's.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

TIMEOUT_SECONDS = 120
LARGEST_MESSAGE = 64_000_000


class Visitor:
    """One session. Its address is its state, as it is of the pages: a click is a run under the next address."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self.drawn: list[ForwardMsg] = []
        self.failures: list[str] = []

    async def run(self, page: str, /, **query: object) -> float:
        """The seconds from the click to the last word of its run; what it drew is ``drawn``."""
        self.drawn.clear()
        click = BackMsg()
        click.rerun_script.page_name = page
        click.rerun_script.query_string = urlencode(query)
        click.rerun_script.context_info.color_scheme = "light"
        started = time.perf_counter()
        await self._socket.send(click.SerializeToString())
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while not self._is_over(await self._socket.recv()):
                pass
        return time.perf_counter() - started

    def _is_over(self, frame: str | bytes) -> bool:
        assert isinstance(frame, bytes)
        message = ForwardMsg.FromString(frame)
        if message.HasField("delta") or message.HasField("ref_hash"):
            self.drawn.append(message)
        if message.delta.new_element.HasField("alert") or message.delta.new_element.HasField("exception"):
            self.failures.append(str(message.delta.new_element)[:500])
        # A run that ends early goes on in another one.
        return (
            message.HasField("script_finished")
            and message.script_finished != ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
        )


@asynccontextmanager
async def visiting(port: int) -> AsyncIterator[Visitor]:
    """A new session, as the first visit of a browser opens it."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=LARGEST_MESSAGE) as socket:
        yield Visitor(socket)
