"""Statuses remembered in Redis: ``loan_status:{loan_id}``, 300 seconds at most, never believed without asking the book.

An entry says of which book, revision and day it is, by which thresholds, and in which format. It counts only if all of
that is what the book says right now, so whatever Redis, a crash or a race did, no answer is stale. Without Redis they
come slower.
"""

import logging
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeVar, cast

import msgspec
import redis
from redis.backoff import NoBackoff
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
_FAILURES = (redis.RedisError, OSError, ValueError, TypeError, AttributeError, LookupError)

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

    def head(self) -> bytes:
        return f"{_FORMAT} {self}\n".encode()


class Cache:
    """A Redis that may be slow, gone, hung, emptied, or full of somebody else's things.

    After a failure nobody asks it for ``PAUSE_SECONDS``; then one caller tries. ``counts``: hits, misses, rejected
    (an entry that did not count) and down (not asked, or no answer).
    """

    def __init__(self, client: redis.Redis | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        # Each holds a connection: a pool looks at every connection that it hands out, which takes as long as to ask.
        self._free: deque[redis.Redis] = deque()
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
            client = redis.Redis.from_url(
                url,
                socket_connect_timeout=_TIMEOUT_SECONDS,
                socket_timeout=_TIMEOUT_SECONDS,
                # A connection that was kept may have been closed at its other end: that is no failure of Redis.
                retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
            )
        except ValueError as error:
            # What stands before an @ may be a password.
            found = shortened(url.rpartition("@")[2])
            raise InvalidSetting("REDIS_URL", found, "Write redis://localhost:6379/0, or off.") from error
        return cls(client)

    @property
    def state(self) -> str:
        """``"off"``, ``"up"`` or ``"down"``, as it was within the last ``PAUSE_SECONDS``; else it is asked now."""
        if self._client is None:
            return "off"
        now = self._clock()
        if now >= max(self._closed_until, self._heard_at + PAUSE_SECONDS):
            with self._asking() as client:
                if client is not None:
                    client.ping()
        return "down" if now < self._closed_until else "up"

    def get(self, loan_id: int, version: Version, read: Callable[[bytes], Answer]) -> Answer | None:
        """What is remembered of a loan, if it is of just this version, and ``read`` can make something of it."""
        found, head = self._found(loan_id), version.head()
        if found is None:
            return None
        if not found:
            self.counts["misses"] += 1
            return None
        if found.startswith(head) and len(found) <= _LARGEST_ENTRY:
            # Another release may have put other fields under the same format.
            with suppress(msgspec.DecodeError):
                answer = read(found[len(head) :])
                self.counts["hits"] += 1
                return answer
        self.counts["rejected"] += 1
        # One of another revision or day is ours, and was right once.
        if not found.startswith(f"{_FORMAT} {version.book_id} ".encode()):
            self._warn_once(loan_id)
        return None

    def _found(self, loan_id: int) -> bytes | None:
        """What stands under a loan's key; None where nobody answers."""
        found = None
        with self._asking() as client:
            if client is not None:
                try:
                    # Not the whole value: nobody knows what else may stand in that key, or how large it is.
                    answer: Any = client.getrange(_key(loan_id), 0, _LARGEST_ENTRY)
                except redis.ResponseError:
                    # Nor of which type; whatever that is, it is an answer, if not to our question.
                    answer = None
                found = answer if isinstance(answer, bytes) else b"?"
        return found

    def put(self, loan_id: int, version: Version, answer: bytes, seconds: int = SECONDS) -> None:
        """Remember an answer for so long; what is too large to be read again is not kept."""
        entry = version.head() + answer
        if seconds < 1 or len(entry) > _LARGEST_ENTRY:
            return
        with self._asking() as client:
            if client is not None:
                client.set(_key(loan_id), entry, ex=min(seconds, SECONDS))

    def forget(self, loan_ids: Iterable[int]) -> None:
        """Drop what is remembered of these loans; where that fails, their newer revision does the same."""
        keys = [_key(loan_id) for loan_id in loan_ids]
        for start in range(0, len(keys), 1_000):
            with self._asking() as client:
                if client is not None:
                    client.unlink(*keys[start : start + 1_000])

    @contextmanager
    def _asking(self) -> Iterator[redis.Redis | None]:
        """The client, or None while nobody asks it; a failure inside ends the asking, quietly."""
        now = self._clock()
        if self._client is None or now < self._closed_until:
            self.counts["down"] += self._client is not None
            yield None
            return
        was_down = self._closed_until > 0
        # Until this call is answered, the others do without: a Redis that hangs costs one of them, not all.
        self._closed_until = now + PAUSE_SECONDS if was_down else 0.0
        try:
            client = self._free_client(self._client)
        except _FAILURES as error:
            self._leave_alone(error, was_down)
            yield None
            return
        try:
            with suppress(redis.ResponseError):
                # A command denied is an answer all the same: no room left, a replica, no such right.
                yield client
            self._closed_until, self._heard_at = 0.0, now
            self._free.append(client)
        except _FAILURES as error:
            self._leave_alone(error, was_down)

    def _leave_alone(self, error: Exception, was_down: bool) -> None:
        self._closed_until = self._clock() + PAUSE_SECONDS
        self.counts["down"] += 1
        if not was_down:
            log.warning("Redis does not answer (%s); statuses are computed until it does.", type(error).__name__)

    def _free_client(self, pool: Any) -> redis.Redis:
        try:
            return self._free.pop()
        except IndexError:
            return cast(redis.Redis, pool.client())

    def _warn_once(self, loan_id: int) -> None:
        if not self._has_warned:
            self._has_warned = True
            log.warning("Redis holds something else under %s; it is not used.", _key(loan_id))


def _key(loan_id: int) -> str:
    return f"loan_status:{loan_id}"
