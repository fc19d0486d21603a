"""Where a short call is answered: in the server's own thread while it waits for nothing there, else in another."""

import time
from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

Answer = TypeVar("Answer")

_MOST_SECONDS = 0.002
_AWAY_TIMES = 20


class Pace:
    """Decides that for one kind of call, by how long the last one kept the server's thread waiting.

    To hand a call to another thread takes longer than a file or a Redis beside us takes to answer. But whatever waits
    in the server's thread, every other caller waits for. So a call that waited there for more than two milliseconds, on
    a Redis that hangs or a database that is locked, sends those after it to other threads for twenty times as long as
    it waited: a twentieth of the server's time is the most that is lost.
    """

    def __init__(self) -> None:
        self._away_until = 0.0

    async def answer(self, is_near: bool, call: Callable[..., Answer], *arguments: object) -> Answer:
        """What ``call`` returns; ``is_near`` whether it can be expected to take no longer than another thread would."""
        started = time.monotonic()
        if not is_near or started < self._away_until:
            return await to_thread.run_sync(call, *arguments)
        worked = time.thread_time()
        try:
            return call(*arguments)
        finally:
            ended = time.monotonic()
            waited = ended - started - (time.thread_time() - worked)
            if waited > _MOST_SECONDS:
                self._away_until = ended + _AWAY_TIMES * waited
