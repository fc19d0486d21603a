"""Every loan and where it stands on a day, out of memory; the revision says whether that is still true."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from threading import Lock
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loan_core.blocks import Block, count_newer, read_block, read_newer, read_range
from loan_core.calculation.calendar import Calendar
from loan_core.calculation.portfolio import Totals
from loan_core.calculation.position import Thresholds
from loan_core.memory import Memory, Snapshot
from loan_core.models import Edition
from loan_core.store import Store, edition

_EDITION = select(Edition.book_id, Edition.revision)
# So few changed loans come quicker through the transaction that asks than through one of their own.
_FEW = 200


class WholeBook:
    """The book's memory, shared by the threads of a process, and brought to the newest revision at every question.

    ``memory_mb`` bounds what is kept of loans' positions on days asked about.
    """

    def __init__(self, store: Store, thresholds: Thresholds, memory_mb: int) -> None:
        self._store = store
        self._memory = Memory(thresholds, memory_mb * 2**20)
        self._lock = Lock()

    def totals(self, days: Sequence[date]) -> tuple[int, list[dict[str, Totals]]]:
        """The revision, and what the book comes to on each of these days by currency."""
        with self._newest(days) as revision:
            return revision, self._memory.totals(days)

    def calendars(self) -> dict[str, Calendar]:
        """By currency, what falls due and came in day by day, over all loans that are not voided."""
        with self._newest(()):
            return {code: each for code, each in sorted(self._memory.calendars.items()) if each.parts.any()}

    def on(self, as_of: date) -> Snapshot:
        """Every loan at the end of a day, of the newest revision."""
        with self._newest([as_of]):
            return self._memory.snapshot(as_of)

    def blocks(self) -> Sequence[Block]:
        """Every loan as agreed, with all that ever came in on it."""
        with self._newest(()):
            return self._memory.blocks

    def seen_by(self, session: Session, as_of: date) -> Snapshot:
        """Every loan at the end of a day as this transaction sees it, which may begin anew here."""
        with self._lock:
            self._bring_to(session, [as_of])
            return self._memory.snapshot(as_of)

    @contextmanager
    def _newest(self, days: Sequence[date]) -> Iterator[int]:
        """The memory in its newest revision, for this thread alone; what is read anew is read for these days."""
        with self._lock:
            found: Any = self._store.glance(_EDITION)
            if self._memory.edition != tuple(found):
                with self._store.read() as session:
                    self._bring_to(session, days)
            yield found[1]

    def _bring_to(self, session: Session, days: Sequence[date]) -> None:
        """Make the memory and the transaction see one revision, the newer one of theirs."""
        seen, known = self._seen(session), self._memory.edition
        if known is not None and seen != known and not _is_newer(seen, known):
            # Another thread may have come by since this transaction began. Else an older book was brought back.
            session.rollback()
            seen = self._seen(session)
        if seen == known:
            return
        few = self._memory.loans // 4
        if known is not None and _is_newer(seen, known) and count_newer(session, known[1]) <= few:
            self._memory.patch(read_newer(session, known[1]), seen)
            return
        read = (read_block(session, number) for number in read_range(session))
        self._memory.load((block for block in read if len(block)), seen, days)

    def _seen(self, session: Session) -> tuple[str, int]:
        found = edition(session)
        return found.book_id, found.revision


def _is_newer(seen: tuple[str, int], known: tuple[str, int]) -> bool:
    return seen[0] == known[0] and seen[1] > known[1]
