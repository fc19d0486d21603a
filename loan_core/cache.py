"""Statuses remembered in Redis: ``loan_status:{loan_id}``, 300 seconds at most, never believed without asking the book.

An entry says of which loan, book, revision and day it is, by which thresholds, and in which format. It counts only if
all of that is what the book says right now, so whatever Redis, a crash or a race did, no answer is stale. Without Redis
they come slower.
"""

import logging
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from typing import Any, TypeVar

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from loan_core.calculation.position import Thresholds
from loan_core.errors import InvalidSetting, shortened

log = logging.getLogger(__name__)

SECONDS = 300
PAUSE_SECONDS = 5
_TIMEOUT_SECONDS = 0.1
_LARGEST_ENTRY = 8_192
_FORMAT = 1
"""To be counted up whenever a field of a status comes, goes, or comes to mean something else."""
# What answers there may be no Redis at all: the client takes what it says for what it is not, and stumbles over it.
_STUMBLES = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
_FAILURES = (redis.RedisError, OSError, *_STUMBLES)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Version:
    """What an entry must agree with: the book, the loan's revision, the day, and by which thresholds it is judged."""

    book_id: str
    revision: int
    as_of: date
    thresholds: Thresholds

    def __str__(self) -> str:
        return self._words

    @cached_property
    def _words(self) -> str:
        judged = f"{self.thresholds.ahead_percent}-{self.thresholds.behind_percent}"
        return f"{self.book_id} {self.revision} {self.as_of.isoformat()} {judged}"

    @property
    def tag(self) -> str:
        """An ETag of what is answered of this version."""
        return f'"{_FORMAT}-{str(self).replace(" ", "-")}"'

    def head(self, loan_id: int) -> bytes:
        """What an entry of a loan begins with: all the loans of an import are of one revision."""
        return f"{_FORMAT} {self} {loan_id}\n".encode()


@dataclass(slots=True)
class _Asked:
    """A command on its way to Redis, and the connection that its answer will come by.

    Each half of the way is tried once more: a connection that was kept may have been closed at its other end.
    """

    connection: Any
    command: tuple[Any, ...]
    at: float
    was_down: bool

    def send(self) -> None:
        try:
            self.connection.send_command(*self.command)
        except redis.ConnectionError:
            self.connection.send_command(*self.command)

    def answer(self) -> Any:
        try:
            return self.connection.read_response(disable_decoding=True)
        except redis.ConnectionError:
            self.connection.send_command(*self.command)
            return self.connection.read_response(disable_decoding=True)


class Cache:
    """A Redis that may be slow, gone, hung, emptied, or full of somebody else's things.

    After a failure nobody asks it for ``PAUSE_SECONDS``; then one caller tries. ``counts``: hits, misses, rejected
    (an entry that did not count) and down (not asked, or no answer).
    """

    def __init__(self, connect: Callable[[], Any] | None, clock: Callable[[], float] = time.monotonic) -> None:
        # No pool of the client's: it looks at every connection that it hands out, which takes as long as to ask, and
        # makes no more of them once it has made a hundred.
        self._connect = connect
        self._free: deque[Any] = deque()
        self._clock = clock
        self._closed_until = 0.0
        self._heard_at = -math.inf
        self._has_warned = False
        self.counts: Counter[str] = Counter()

    @classmethod
    def at(cls, url: str) -> "Cache":
        """The Redis at a URL, ``"off"`` for none; ``InvalidSetting``. Nothing connects yet."""
        if url == "off":
            return cls(None)
        try:
            pool = redis.ConnectionPool.from_url(
                url,
                socket_connect_timeout=_TIMEOUT_SECONDS,
                socket_timeout=_TIMEOUT_SECONDS,
                retry=Retry(NoBackoff(), 0),
                # They would lengthen the timeouts.
                maint_notifications_config=MaintNotificationsConfig(enabled=False),
            )
        except ValueError as error:
            # What stands before an @ may be a password.
            found = shortened(url.rpartition("@")[2])
            raise InvalidSetting("REDIS_URL", found, "Write redis://localhost:6379/0, or off.") from error
        return cls(partial(pool.connection_class, **pool.connection_kwargs))

    def close(self) -> None:
        """Give back the connections that nobody uses just now."""
        while self._free:
            self._free.pop().disconnect()

    @property
    def state(self) -> str:
        """``"off"``, ``"up"`` or ``"down"``, as it was within the last ``PAUSE_SECONDS``; else it is asked now."""
        if self._connect is None:
            return "off"
        now = self._clock()
        if now >= max(self._closed_until, self._heard_at + PAUSE_SECONDS):
            self._tell("PING")
        return "down" if now < self._closed_until else "up"

    def get(
        self, loan_id: int, version: Callable[[], Version], read: Callable[[bytes], Answer]
    ) -> tuple[Version, Answer] | None:
        """What is remembered of a loan, if it is of its very ``version`` and ``read`` can make something of it.

        The version is asked for while Redis looks, and not where Redis is not asked.
        """
        # Not the whole value: nobody knows what else may stand in that key, or how large it is.
        asked = self._ask("GETRANGE", _key(loan_id), 0, _LARGEST_ENTRY)
        if asked is None:
            return None
        try:
            current = version()
        finally:
            found = self._hear(asked)
        if found is None:
            return None
        if not found:
            self.counts["misses"] += 1
            return None
        head = current.head(loan_id)
        if found.startswith(head) and len(found) <= _LARGEST_ENTRY:
            # Another release may have put other fields under the same format.
            with suppress(msgspec.DecodeError):
                answer = read(found[len(head) :])
                self.counts["hits"] += 1
                return current, answer
        self.counts["rejected"] += 1
        # One of another revision or day is ours, and was right once.
        if not found.startswith(f"{_FORMAT} {current.book_id} ".encode()):
            self._warn_once(loan_id)
        return None

    def put(self, loan_id: int, version: Version, answer: bytes, seconds: int = SECONDS) -> None:
        """Remember an answer for so long; what is too large to be read again is not kept."""
        entry = version.head(loan_id) + answer
        if seconds < 1 or len(entry) > _LARGEST_ENTRY:
            return
        self._tell("SET", _key(loan_id), entry, "EX", min(seconds, SECONDS))

    def forget(self, loan_ids: Iterable[int]) -> None:
        """Drop what is remembered of these loans; where that fails, their newer revision does the same."""
        keys = [_key(loan_id) for loan_id in loan_ids]
        for start in range(0, len(keys), 1_000):
            self._tell("UNLINK", *keys[start : start + 1_000])

    def _ask(self, *command: Any) -> _Asked | None:
        """A command on its way, to be heard; None while nobody asks."""
        now = self._clock()
        if self._connect is None or now < self._closed_until:
            self.counts["down"] += self._connect is not None
            return None
        was_down = self._closed_until > 0
        if was_down:
            # Until this call is answered, the others do without: a Redis that hangs costs one of them, not all.
            self._closed_until = now + PAUSE_SECONDS
        try:
            asked = _Asked(self._free_connection() or self._connect(), command, now, was_down)
            asked.send()
        except _FAILURES as error:
            self._leave_alone(error, was_down)
            return None
        return asked

    def _tell(self, *command: Any) -> None:
        asked = self._ask(*command)
        if asked:
            self._hear(asked)

    def _hear(self, asked: _Asked) -> bytes | None:
        """What Redis answers, ``b"?"`` where that is no text; None where it does not."""
        try:
            answer = asked.answer()
        except redis.ResponseError as denied:
            # No room left, a replica, no such right, a key of another type: an answer all the same.
            answer = denied
        except _FAILURES as error:
            self._leave_alone(error, asked.was_down)
            return None
        # It answered when it was asked; of others who were not answered since, this says nothing.
        self._heard_at = asked.at
        if asked.was_down:
            self._closed_until = 0.0
        self._free.append(asked.connection)
        return answer if isinstance(answer, bytes) else b"?"

    def _leave_alone(self, error: Exception, was_down: bool) -> None:
        self._closed_until = self._clock() + PAUSE_SECONDS
        self.counts["down"] += 1
        if not was_down:
            log.warning("Redis does not answer (%s); statuses are computed until it does.", type(error).__name__)

    def _free_connection(self) -> Any:
        with suppress(IndexError):
            return self._free.pop()
        return None

    def _warn_once(self, loan_id: int) -> None:
        if not self._has_warned:
            self._has_warned = True
            log.warning("Redis holds something else under %s; it is not used.", _key(loan_id))


def _key(loan_id: int) -> str:
    return f"loan_status:{loan_id}"
