"""Whose turn it is: runs of pages that begin together end sooner one after the other than all in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Semaphore

AT_ONCE = 2
"""Python computes one run at a time; a second one computes while the first waits for the database."""
PATIENCE = 1.0
"""Seconds after which a run no longer waits for others: one of them may be an import of a minute."""

_free = Semaphore(AT_ONCE)


@contextmanager
def turn() -> Iterator[None]:
    """A run's turn. Twenty-five runs side by side take each other's time, and all of them end with the last."""
    is_taken = _free.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if is_taken:
            _free.release()
