"""Where callers are waited on who write: one thread writes for all who came while it wrote for those before them.

A thread for each of them would be woken several times to wait for its turn, and each commit would be of one write.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn, TypeVar

from anyio import CapacityLimiter, to_thread

Outcome = Callable[[], Any]
"""What became of a work: called, it returns what the work returned, or raises what the work raised."""
Answer = TypeVar("Answer")

_MOST_IN_A_ROUND = 32


class Rounds:
    """``together`` does works in one transaction; it is given all that are waiting, in the order in which they came."""

    def __init__(self, together: Callable[[Sequence[Callable[[], Any]]], Sequence[Outcome]]) -> None:
        self._together = together
        self._waiting: deque[tuple[Callable[[], Any], asyncio.Future[Outcome]]] = deque()
        self._thread = CapacityLimiter(1)
        self._working: asyncio.Task[None] | None = None

    async def done(self, work: Callable[[], Answer]) -> Answer:
        """What a work returns, once it is on the disk."""
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, outcome))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        answer: Answer = (await outcome)()
        return answer

    async def _work(self) -> None:
        # Whoever came in the same breath is waiting by then.
        await asyncio.sleep(0)
        while self._waiting:
            works, waiting = zip(*(self._waiting.popleft() for _ in range(self._next_round)), strict=True)
            for each, outcome in zip(waiting, await self._outcomes(works), strict=True):
                # Somebody may have gone away.
                if not each.done():
                    each.set_result(outcome)
        self._working = None

    async def _outcomes(self, works: Sequence[Callable[[], Any]]) -> Sequence[Outcome]:
        """A round that fails as a whole, for want of a thread or of memory, fails for each in it, for nobody after."""
        doing = to_thread.run_sync(self._together, works, limiter=self._thread)
        (found,) = await asyncio.gather(doing, return_exceptions=True)
        return [partial(_fail, found)] * len(works) if isinstance(found, BaseException) else found

    @property
    def _next_round(self) -> int:
        return min(len(self._waiting), _MOST_IN_A_ROUND)


def _fail(error: BaseException) -> NoReturn:
    raise error
