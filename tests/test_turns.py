"""Runs of pages, one after the other, and none that waits for long."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest

from pages import _turns
from pages._turns import AT_ONCE, turn


def test_no_more_than_so_many_run_at_once_and_each_comes_to_its_turn() -> None:
    running, most, lock, ended = 0, 0, Lock(), Event()

    def run(number: int) -> int:
        nonlocal running, most
        with turn():
            with lock:
                running += 1
                most = max(most, running)
                if running == AT_ONCE:
                    ended.set()
            # The first ones go on only when as many as may are under way.
            ended.wait(5)
            with lock:
                running -= 1
        return number

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(run, range(12))) == list(range(12))
    assert most == AT_ONCE


def test_a_run_does_not_wait_for_one_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_turns, "PATIENCE", 0.01)
    with turn(), turn(), turn():
        pass
    # What was not taken was not given back: two may run at once, and a third one not.
    assert [_turns._free.acquire(blocking=False) for _ in range(3)] == [True, True, False]
    for _ in range(2):
        _turns._free.release()


def test_a_run_that_fails_gives_its_turn_back() -> None:
    for _ in range(3 * AT_ONCE):
        with pytest.raises(KeyError), turn():
            raise KeyError
    assert _turns._free._value == AT_ONCE
