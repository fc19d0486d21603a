"""Callers who write are answered by one thread, in rounds: whoever came during one is in the next."""

import asyncio
import threading
from functools import partial

import pytest

from loan_core.rounds import Rounds


class Kept:
    """What is done of each round, as a book would: it keeps what came in which round, and may be held up."""

    def __init__(self):
        self.rounds, self.threads = [], set()
        self.may_end = threading.Event()
        self.may_end.set()

    def together(self, works):
        self.rounds.append(len(works))
        self.threads.add(threading.get_ident())
        assert self.may_end.wait(10)
        return [partial(answer, work) for work in works]


def answer(work):
    return work()


def refuse():
    raise ZeroDivisionError


def test_who_comes_in_one_breath_is_in_one_round():
    async def ask():
        rounds = Rounds(kept.together)
        return await asyncio.gather(*(rounds.done(lambda number=number: number) for number in range(5)))

    kept = Kept()
    assert asyncio.run(ask()) == [0, 1, 2, 3, 4]
    assert kept.rounds == [5]
    assert threading.get_ident() not in kept.threads


def test_who_comes_during_a_round_is_in_the_next_and_no_round_is_larger_than_thirty_two():
    async def ask():
        rounds = Rounds(kept.together)
        kept.may_end.clear()
        first = asyncio.create_task(rounds.done(lambda: "first"))
        while not kept.rounds:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(rounds.done(lambda number=number: number)) for number in range(40)]
        await asyncio.sleep(0)
        kept.may_end.set()
        assert await first == "first"
        assert await asyncio.gather(*others) == list(range(40))
        assert await rounds.done(lambda: "last") == "last"

    kept = Kept()
    asyncio.run(ask())
    assert kept.rounds == [1, 32, 8, 1]


def test_each_is_refused_what_is_wrong_with_its_own():
    async def ask():
        rounds = Rounds(Kept().together)
        return await asyncio.gather(*map(rounds.done, (refuse, lambda: 1)), return_exceptions=True)

    refused, done = asyncio.run(ask())
    assert isinstance(refused, ZeroDivisionError)
    assert done == 1


def test_a_round_that_fails_as_a_whole_fails_for_each_in_it_and_for_nobody_after_it():
    async def ask():
        rounds = Rounds(fail_once)
        failed = await asyncio.gather(*map(rounds.done, (lambda: 1, lambda: 2)), return_exceptions=True)
        return [str(each) for each in failed], await asyncio.wait_for(rounds.done(lambda: "written"), 10)

    def fail_once(works):
        if not asked:
            asked.append(works)
            raise RuntimeError("can't start new thread")
        return [partial(answer, work) for work in works]

    asked = []
    assert asyncio.run(ask()) == (["can't start new thread"] * 2, "written")


def test_one_who_has_gone_away_keeps_nobody_elses_answer():
    async def ask():
        rounds = Rounds(kept.together)
        gone, stays = (asyncio.create_task(rounds.done(lambda: "done")) for _ in range(2))
        kept.may_end.clear()
        while not kept.rounds:
            await asyncio.sleep(0.001)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        kept.may_end.set()
        return await stays

    kept = Kept()
    assert asyncio.run(ask()) == "done"
    assert kept.rounds == [2]
