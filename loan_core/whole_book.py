"""Every loan and where it stands on a day, out of memory; the revision says whether that is still true."""

from abc import ABC, abstractmethod
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from queue import SimpleQueue
from threading import Lock
from typing import TypeVar

import numpy as np
from sqlalchemy.orm import Session

from loan_core.blocks import Block, count_newer, ids_newer, most_first, read_block, read_newer, read_range
from loan_core.calculation.calendar import Calendar
from loan_core.calculation.portfolio import Totals
from loan_core.calculation.position import Position, Thresholds
from loan_core.known import NOW, Known
from loan_core.memory import THREADS, Memory
from loan_core.selection import Selection
from loan_core.snapshot import Snapshot
from loan_core.store import Store, edition_seen

PARTS_REMEMBERED = 3

OfACurrency = TypeVar("OfACurrency")


class Remembered(ABC):
    """A memory of the book that the threads of a process share, and what can be asked of it.

    The loans of a selection have a memory of their own; the last few are kept while nothing is written.
    """

    known = NOW
    """What is counted of what the database holds."""

    def __init__(self, new_memory: Callable[[], Memory], memory: Memory) -> None:
        self._new_memory, self._memory = new_memory, memory
        self._parts: OrderedDict[tuple[date, Selection], Memory] = OrderedDict()
        self._lock = Lock()

    def totals(
        self, days: Sequence[date], chosen_on: date, selection: Selection
    ) -> tuple[int, list[dict[str, Totals]]]:
        """The revision, and what the loans that are meant on a day come to on each of these days by currency."""
        with self._newest(days) as revision:
            totals = self._part(chosen_on, selection, days).totals(days)
            return revision, [_of_currency(selection.currency, each) for each in totals]

    def calendars(self, chosen_on: date, selection: Selection) -> dict[str, Calendar]:
        """By currency, what falls due and came in day by day, over the loans that are meant on a day."""
        with self._newest(()):
            found = sorted(self._part(chosen_on, selection, ()).calendars.items())
            return _of_currency(selection.currency, {code: each for code, each in found if each.parts.any()})

    def currencies(self) -> list[str]:
        """The currencies of the loans that stand, that of most loans first."""
        return most_first(sum((Counter(each.loans_by_currency) for each in self.blocks()), Counter[str]()))

    def start_months(self) -> list[date]:
        """The first days of the months in which the loans that stand began, the newest first."""
        return sorted(set[date]().union(*(each.start_months for each in self.blocks())), reverse=True)

    def on(self, as_of: date) -> Snapshot:
        """Every loan at the end of a day, of the newest revision."""
        with self._newest([as_of]):
            return self._memory.snapshot(as_of)

    def blocks(self) -> Sequence[Block]:
        """Every loan as agreed, with all that ever came in on it."""
        with self._newest(()):
            return self._memory.blocks

    @abstractmethod
    def seen_by(self, session: Session, as_of: date) -> Snapshot:
        """Every loan at the end of a day as this transaction sees it, which may begin anew here."""

    @abstractmethod
    def _newest(self, days: Sequence[date]) -> AbstractContextManager[int]:
        """The memory in its newest revision, for this thread alone; what is read anew is read for these days."""

    def _part(self, chosen_on: date, selection: Selection, days: Sequence[date]) -> Memory:
        """The memory of the loans that are meant on a day, of any currency; of the whole book where all are meant."""
        selection = replace(selection, currency=None)
        if selection == Selection():
            return self._memory
        part = self._parts.pop((chosen_on, selection), None)
        if part is None or part.edition != self._memory.edition:
            part = self._new_memory()
            snapshot = self._memory.snapshot(chosen_on)
            part.load((partial(_meant, selection, *each) for each in snapshot), self._memory.edition, days)
        self._parts[chosen_on, selection] = part
        if len(self._parts) > PARTS_REMEMBERED:
            self._parts.popitem(last=False)
        return part


class BookThen(Remembered):
    """The book as it was known at a revision: whatever is written, it stays so. It is loaded when it is first asked."""

    def __init__(self, new_memory: Callable[[], Memory], load: Callable[[], Memory], known: Known) -> None:
        super().__init__(new_memory, new_memory())
        self._load, self.known = load, known

    @property
    def loans(self) -> int:
        return self._memory.loans

    def seen_by(self, session: Session, as_of: date) -> Snapshot:
        return self.on(as_of)

    @contextmanager
    def _newest(self, days: Sequence[date]) -> Iterator[int]:
        with self._lock:
            # A question that broke off in the middle has left nothing.
            if self._memory.edition is None:
                self._memory = self._load()
            yield self.known.revision


class WholeBook(Remembered):
    """The book as it is, brought to the newest revision at every question.

    ``memory_mb`` bounds what is kept of loans' positions on days asked about.
    """

    def __init__(self, store: Store, thresholds: Thresholds, memory_mb: int) -> None:
        new_memory = partial(Memory, thresholds, memory_mb * 2**20)
        super().__init__(new_memory, new_memory())
        self._store = store

    def as_known(self, known: Known) -> BookThen:
        """The same book as it was known."""
        return BookThen(self._new_memory, partial(self._loaded, known), known)

    def _loaded(self, known: Known) -> Memory:
        """Where few loans were written to since, they alone are read, and all else is what this memory holds."""
        with self._store.read() as session, self._lock:
            self._bring_to(session, ())
            edition = edition_seen(session)[0], known.revision
            replaced = ids_newer(session, edition[1])
            if len(replaced) <= self._memory.loans // 4:
                memory = self._memory.copy()
                memory.patch(read_newer(session, edition[1], known), edition, replaced)
            else:
                memory = self._new_memory()
                self._load(memory, session, known, edition, ())
            return memory

    def seen_by(self, session: Session, as_of: date) -> Snapshot:
        with self._lock:
            self._bring_to(session, [as_of])
            return self._memory.snapshot(as_of)

    @contextmanager
    def _newest(self, days: Sequence[date]) -> Iterator[int]:
        with self._lock:
            if self._memory.edition != self._store.edition():
                with self._store.read() as session:
                    self._bring_to(session, days)
            # Not the one that was found: somebody may have written since.
            yield self._memory.revision

    def _bring_to(self, session: Session, days: Sequence[date]) -> None:
        """Make the memory and the transaction see one revision, the newer one of theirs."""
        seen, known = edition_seen(session), self._memory.edition
        if known is not None and seen != known and not _is_newer(seen, known):
            # Another thread may have come by since this transaction began. Else an older book was brought back.
            session.rollback()
            seen = edition_seen(session)
        if seen == known:
            return
        few = self._memory.loans // 4
        if known is not None and _is_newer(seen, known) and count_newer(session, known[1]) <= few:
            self._memory.patch(read_newer(session, known[1]), seen)
            return
        self._load(self._memory, session, NOW, seen, days)

    def _load(
        self, memory: Memory, session: Session, known: Known, edition: tuple[str, int], days: Sequence[date]
    ) -> None:
        with self._store.beside(session, THREADS) as sessions:
            free: SimpleQueue[Session] = SimpleQueue()
            for each in sessions:
                free.put(each)
            reads = (partial(_read_by_any, free, number, known) for number in read_range(session))
            memory.load(reads, edition, days)


def _read_by_any(free: SimpleQueue[Session], number: int, known: Known) -> Block:
    """A block, read in the next transaction that nobody reads in."""
    session = free.get()
    try:
        return read_block(session, number, known)
    finally:
        free.put(session)


def _meant(selection: Selection, block: Block, at: Position) -> Block:
    return block[np.flatnonzero(selection.among(block, at))]


def _is_newer(seen: tuple[str, int], known: tuple[str, int]) -> bool:
    return seen[0] == known[0] and seen[1] > known[1]


def _of_currency(code: str | None, found: Mapping[str, OfACurrency]) -> dict[str, OfACurrency]:
    return {each: value for each, value in found.items() if code in (None, each)}
