"""Readers and writers at once, on a real Redis that is ill-treated: how many statuses were older than the book.

A read is stale if it says less was paid than had been answered as recorded before the read began. Each reader and each
writer has a ``Book`` of its own, as processes have.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import redis

from loan_core import Book, Settings
from loan_core.cache import Cache
from loan_core.store import Store

LOANS = 4
READERS, WRITERS = 4, 2


@dataclass
class Found:
    """What a run saw."""

    reads: int = 0
    stale: int = 0
    writes: int = 0
    hits: int = 0
    errors: list[BaseException] = field(default_factory=list)


class Delayed(Cache):
    """Waits between what was read and remembering it, where a race has its chance."""

    def put(self, *arguments: Any, **named: Any) -> None:
        time.sleep(random.random() * 0.01)
        super().put(*arguments, **named)


class Forgetful(Delayed):
    """Loses a fifth of the deletions."""

    def forget(self, loan_ids: Any) -> None:
        if random.random() > 0.2:
            super().forget(loan_ids)


class Killed(Delayed):
    """Its writer dies after each commit: nothing is ever deleted."""

    def forget(self, loan_ids: Any) -> None:
        pass


def flushing(client: redis.Redis, over: threading.Event) -> None:
    while not over.wait(0.05):
        client.flushall()


def putting_back(client: redis.Redis, over: threading.Event) -> None:
    """An old dump of every status comes back, again and again."""
    old: dict[bytes, bytes] = {}
    while not over.wait(0.02):
        for key in client.keys("loan_status:*"):
            value = client.get(key)
            if key in old:
                client.set(key, old[key], ex=300)
            if value and (key not in old or random.random() < 0.2):
                old[key] = value


FAULTS: dict[str, tuple[type[Cache], Callable[[redis.Redis, threading.Event], None] | None]] = {
    "delays between read and store": (Delayed, None),
    "FLUSHALL at 20 Hz": (Delayed, flushing),
    "a fifth of the deletions lost": (Forgetful, None),
    "killed between commit and deletion": (Killed, None),
    "an old dump put back": (Killed, putting_back),
}


def stale_reads(database_url: str, redis_url: str, fault: str, seconds: float, least: int = 0) -> Found:
    """What a run under a fault saw; every read asks for today's status, as the API does.

    It goes on until there were at least so many reads, however slow the machine is.
    """
    kind, treat = FAULTS[fault]
    found, over, lock = Found(), threading.Event(), threading.Lock()
    settings = Settings(database_uri=database_url, redis_url=redis_url)
    with opened(settings, kind) as book:
        ids = [book.create_loan(loan_amount=100_000, repayment_period=12).id for _ in range(LOANS)]
    recorded = dict.fromkeys(ids, 0)

    def write(number: int) -> None:
        # Each writer has loans of its own, so that it knows what they have received.
        mine = ids[number::WRITERS]
        with opened(settings, kind) as book:
            while not over.is_set():
                loan_id = random.choice(mine)
                book.add_repayment(loan_id, 1)
                recorded[loan_id] += 100
                with lock:
                    found.writes += 1
                time.sleep(0.005)

    def read() -> None:
        with opened(settings, kind) as book:
            stale = 0
            while not over.is_set():
                loan_id = random.choice(ids)
                least = recorded[loan_id]
                stale += book.status(loan_id, book.today()).total_amount_paid < least
                with lock:
                    found.reads += 1
            with lock:
                found.stale += stale
                found.hits += book.cache.counts["hits"]

    def kept(work: Callable[..., None], *arguments: Any) -> None:
        try:
            work(*arguments)
        except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
            found.errors.append(error)
            over.set()

    jobs: list[tuple[Any, ...]] = [(write, number) for number in range(WRITERS)] + [(read,)] * READERS
    with redis.Redis.from_url(redis_url) as client:
        jobs += [(treat, client, over)] if treat else []
        threads = [threading.Thread(target=kept, args=job) for job in jobs]
        for thread in threads:
            thread.start()
        over.wait(seconds)
        while found.reads <= least and not over.wait(0.05):
            pass
        over.set()
        for thread in threads:
            thread.join()
    return found


@contextmanager
def opened(settings: Settings, kind: type[Cache]) -> Iterator[Book]:
    book = Book(Store(settings.database_uri), settings, kind.at(settings.redis_url))
    try:
        yield book
    finally:
        book.close()
