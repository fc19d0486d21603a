"""What a process remembers of one revision of a book: its loans, and what they come to on the days asked about."""

import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, islice
from typing import Any, TypeVar

import numpy as np

from loan_core.blocks import SIZE, Block, joined
from loan_core.calculation.calendar import Calendar
from loan_core.calculation.portfolio import Survey, Totals, survey
from loan_core.calculation.position import POSITION_TYPES, Position, Thresholds
from loan_core.snapshot import Snapshot

DAYS_REMEMBERED = 128
THREADS = min(os.cpu_count() or 1, 4)
BLOCKS_AT_ONCE = 4
_BYTES_A_LOAN = 8 * len(POSITION_TYPES)

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True)
class _Passed:
    """What a pass has found in some blocks: by currency, and of each block where its loans stand on the last day."""

    blocks: Sequence[Block]
    surveys: dict[str, Survey]
    positions: Sequence[Position]


class Memory:
    """Blocks of loans, their calendar by currency, their totals by day and currency, their positions by day.

    ``limit`` bounds the bytes of positions: the day that was asked about longest ago goes first. One thread at a time.
    """

    def __init__(self, thresholds: Thresholds, limit: int) -> None:
        self._thresholds = thresholds
        self._limit = limit
        self._forget()

    def _forget(self) -> None:
        self.edition: tuple[str, int] | None = None
        self.calendars: dict[str, Calendar] = {}
        self._blocks: dict[int, Block] = {}
        self._totals: OrderedDict[date, dict[str, Totals]] = OrderedDict()
        self._positions: OrderedDict[date, dict[int, Position]] = OrderedDict()

    @property
    def blocks(self) -> Sequence[Block]:
        return tuple(self._blocks.values())

    @property
    def revision(self) -> int:
        """What it is of; 0 of nothing yet."""
        return self.edition[1] if self.edition else 0

    @property
    def loans(self) -> int:
        return sum(map(len, self._blocks.values()))

    def totals(self, days: Sequence[date]) -> list[dict[str, Totals]]:
        """What the loans that are not voided come to by currency, on each of these days."""
        self._remember([day for day in days if day not in self._totals])
        for day in days:
            self._totals.move_to_end(day)
        while len(self._totals) > max(DAYS_REMEMBERED, len(set(days))):
            self._positions.pop(self._totals.popitem(last=False)[0], None)
        return [{code: each for code, each in self._totals[day].items() if each.loans} for day in days]

    def snapshot(self, as_of: date) -> Snapshot:
        """Where each loan stands at the end of a day."""
        if as_of not in self._positions:
            self._remember([as_of])
        self._positions.move_to_end(as_of)
        while len(self._positions) > max(1, self._limit // max(1, self.loans * _BYTES_A_LOAN)):
            self._positions.popitem(last=False)
        return Snapshot(as_of, self.revision, self.blocks, tuple(self._positions[as_of].values()))

    def load(self, reads: Iterable[Callable[[], Block]], edition: tuple[str, int] | None, days: Sequence[date]) -> None:
        """Take in the book anew, and what it comes to on these days: while a block is read, another one is surveyed."""
        self._forget()
        ordered = sorted(set(days))
        with self._or_nothing():
            for each in in_parallel(lambda read: self._passed([read()], ordered, True), reads):
                self._blocks |= {_number(block): block for block in each.blocks}
                self._take(each, ordered)
            self._make_room(ordered)
        self.edition = edition

    def copy(self) -> "Memory":
        """The same once more, to be patched by itself. What never changes, blocks and positions, the two share."""
        copied = Memory(self._thresholds, self._limit)
        copied.edition, copied.calendars, copied._blocks = self.edition, dict(self.calendars), dict(self._blocks)
        copied._totals = OrderedDict((day, dict(each)) for day, each in self._totals.items())
        copied._positions = OrderedDict((day, dict(each)) for day, each in self._positions.items())
        return copied

    def patch(self, newer: Block, edition: tuple[str, int], replaced: Any = None) -> None:
        """Put loans that are newer in their places: they alone are computed again, and sums differ by them.

        ``replaced``: the ids of these and of loans that go without another in their place.
        """
        with self._or_nothing():
            self._patch(newer, newer.ids if replaced is None else replaced)
        self.edition = edition

    def _patch(self, newer: Block, replaced: Any) -> None:
        days, numbers, numbers_replaced = sorted(self._totals), newer.ids // SIZE, replaced // SIZE
        parts = {number: np.flatnonzero(numbers == number) for number in np.unique(numbers_replaced).tolist()}
        gone = {number: replaced[numbers_replaced == number] for number in parts}
        known = [(self._blocks[number], ids) for number, ids in gone.items() if number in self._blocks]
        if before := [block[rows] for block, ids in known if len(rows := block.rows_of(ids))]:
            for code, each in self._surveys(joined(before), days, True).items():
                self._add(code, replace(each, calendar=-each.calendar, totals=[-one for one in each.totals]), days)
        surveys = self._surveys(newer, days, True, [days.index(day) for day in self._positions])
        for code, found in surveys.items():
            self._add(code, found, days)
        moved = {day: _assembled(newer, surveys, days.index(day)) for day in self._positions}

        def put(number: int) -> tuple[int, Block, dict[date, Position]]:
            rows = parts[number]
            part, old = newer[rows], self._blocks.get(number)
            if old is None:
                return number, part, {day: at[rows] for day, at in moved.items()}
            block, order = old.patched(part, gone[number])
            on_end = {day: joined([self._positions[day][number], at[rows]]) for day, at in moved.items()}
            return number, block, {day: at[order] for day, at in on_end.items()}

        for number, block, at in in_parallel(put, list(parts)):
            self._blocks[number] = block
            for day, part in at.items():
                self._positions[day][number] = part
            if not len(block):
                self._drop(number)
        self._blocks, self._positions = (
            _in_order(self._blocks),
            OrderedDict((day, _in_order(at)) for day, at in self._positions.items()),
        )

    def _drop(self, number: int) -> None:
        """A block that no loan is left of."""
        del self._blocks[number]
        for at in self._positions.values():
            del at[number]

    def _remember(self, days: Sequence[date]) -> None:
        if not (ordered := sorted(set(days))):
            return
        for day in ordered:
            self._totals.pop(day, None)
        with self._or_nothing():
            for each in in_parallel(lambda blocks: self._passed(blocks, ordered, False), _several(self.blocks)):
                self._take(each, ordered)
            self._make_room(ordered)

    @contextmanager
    def _or_nothing(self) -> Iterator[None]:
        """What ends in the middle has left sums of some blocks: rather nothing is remembered, and all is read anew."""
        try:
            yield
        except BaseException:
            self._forget()
            raise

    def _make_room(self, days: Sequence[date]) -> None:
        """Of an empty book there are days too."""
        for day in days:
            self._totals.setdefault(day, {})
        if days:
            self._positions.setdefault(days[-1], {})

    def _passed(self, blocks: Sequence[Block], days: Sequence[date], with_calendar: bool) -> _Passed:
        blocks = [block for block in blocks if len(block)]
        whole = joined(blocks) if blocks else Block.empty()
        # Of the positions only those of the last day stay: its lists are asked for next.
        surveys = self._surveys(whole, days, with_calendar, range(len(days))[-1:])
        last = [_assembled(whole, surveys, len(days) - 1)] if days else []
        ends = np.cumsum([len(block) for block in blocks])
        positions = [at[end - len(block) : end] for at in last for block, end in zip(blocks, ends, strict=True)]
        return _Passed(blocks, {code: replace(each, positions={}) for code, each in surveys.items()}, positions)

    def _surveys(
        self, block: Block, days: Sequence[date], with_calendar: bool, kept: Sequence[int] = ()
    ) -> dict[str, Survey]:
        on = [np.datetime64(day, "D") for day in days]
        return {
            code: survey(mine.terms, mine.receipts, mine.is_voided, on, self._thresholds, with_calendar, kept)
            for code, mine in block.by_currency()
        }

    def _take(self, passed: _Passed, days: Sequence[date]) -> None:
        for code, each in passed.surveys.items():
            self._add(code, each, days)
        if days:
            numbers = map(_number, passed.blocks)
            self._positions.setdefault(days[-1], {}).update(zip(numbers, passed.positions, strict=True))

    def _add(self, code: str, found: Survey, days: Sequence[date]) -> None:
        self.calendars[code] = self.calendars.get(code, Calendar.empty()) + found.calendar
        for day, each in zip(days, found.totals, strict=True):
            known = self._totals.setdefault(day, {})
            known[code] = known[code] + each if code in known else each


def in_parallel(make: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
    """What is made of each, in their order, a few ahead of what is taken; NumPy leaves other threads room to work."""
    rest = iter(items)
    first = [*islice(rest, 2)]
    if len(first) < 2:
        yield from map(make, first)
        return
    with ThreadPoolExecutor(THREADS) as pool:
        under_way: deque[Future[Made]] = deque()
        for item in chain(first, rest):
            under_way.append(pool.submit(make, item))
            if len(under_way) > THREADS:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _several(blocks: Sequence[Block]) -> Iterator[Sequence[Block]]:
    """The blocks, a few at a time: threads get in each other's way where each step of theirs is over too soon."""
    return (blocks[start : start + BLOCKS_AT_ONCE] for start in range(0, len(blocks), BLOCKS_AT_ONCE))


def _number(block: Block) -> int:
    return int(block.ids[0]) // SIZE


def _assembled(block: Block, surveys: dict[str, Survey], day: int) -> Position:
    """The positions of all rows of a block on the day of that place, from those of its currencies."""
    if len(surveys) == 1:
        return next(iter(surveys.values())).positions[day]
    found = Position.empty(len(block))
    for code, rows in block.rows_by_currency.items():
        found[rows] = surveys[code].positions[day]
    return found


def _in_order(by_number: dict[int, Any]) -> dict[int, Any]:
    return dict(sorted(by_number.items()))
