"""Where a short call is answered: in the server's own thread while it waits for nothing there, else in another."""

import time
from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

Answer = TypeVar("Answer")

_QUICK_SECONDS = 0.002
_MOST_SECONDS = 0.05
_AWAY_TIMES = 20


class Pace:
    """Decides that for one kind of call, by how long the last ones kept the server's thread waiting.

    To hand a call to another thread takes longer than a file, or a Redis beside us, takes to answer. But while a call
    waits in the server's thread, every other caller waits for it. So calls that waited there for 50 ms, one or several
    in a row, on a Redis that hangs or a database that is locked, send those after them to other threads for twenty
    times as long: a twentieth of the server's time is the most that is lost. A single wait of a few milliseconds may
    be the machine's, which has others to serve too.
    """

    def __init__(self) -> None:
        self._waited = 0.0
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
            self._waited = self._waited + waited if waited > _QUICK_SECONDS else 0.0
            if self._waited > _MOST_SECONDS:
                self._away_until, self._waited = ended + _AWAY_TIMES * self._waited, 0.0
