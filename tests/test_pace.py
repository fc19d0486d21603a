"""A call is answered in the server's own thread, unless calls have waited there: then in others, for a while."""

import asyncio
import threading
from itertools import repeat

import pytest

from loan_core.pace import Pace


def threads_of(pace, calls, is_near=True):
    """For each call whether it was answered in the server's own thread."""

    async def ask():
        mine = threading.get_ident()
        return [
            await pace.answer(is_near, lambda call=call: (call(), threading.get_ident())[1]) == mine for call in calls
        ]

    return asyncio.run(ask())


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves when a call waits or works: ``clock.waiting(0.1)`` is such a call."""

    class Clock:
        now, worked = 100.0, 0.0

        def waiting(self, seconds):
            return lambda: setattr(self, "now", self.now + seconds)

        def working(self, seconds):
            def work():
                self.now += seconds
                self.worked += seconds

            return work

    clock = Clock()
    monkeypatch.setattr("loan_core.pace.time.monotonic", lambda: clock.now)
    monkeypatch.setattr("loan_core.pace.time.thread_time", lambda: clock.worked)
    return clock


def test_what_waits_for_nothing_stays_in_the_servers_thread(clock):
    assert threads_of(Pace(), repeat(clock.waiting(0.001), 100)) == [True] * 100


def test_what_is_far_goes_to_another(clock):
    assert threads_of(Pace(), [clock.waiting(0)], is_near=False) == [False]


def test_after_a_long_wait_the_next_go_to_others_for_twenty_times_as_long(clock):
    calls = [clock.waiting(0.1), *repeat(clock.waiting(0.5), 5)]
    # 0.1 s of waiting, 2 s elsewhere: four calls of half a second, and the one after them is tried here again.
    assert threads_of(Pace(), calls) == [True, False, False, False, False, True]


def test_short_waits_in_a_row_add_up_and_one_by_itself_is_forgotten(clock):
    slow, quick = clock.waiting(0.03), clock.waiting(0)
    assert threads_of(Pace(), [slow, quick] * 5) == [True] * 10
    assert threads_of(Pace(), [slow, slow, quick]) == [True, True, False]


def test_a_refusal_that_took_long_counts_too(clock):
    def refuse():
        clock.waiting(5)()
        raise ValueError

    pace = Pace()
    with pytest.raises(ValueError, match=r"^$"):
        asyncio.run(pace.answer(True, refuse))
    assert threads_of(pace, [clock.waiting(0)]) == [False]


def test_work_is_no_waiting(clock):
    assert threads_of(Pace(), repeat(clock.working(0.1), 5)) == [True] * 5
