"""The file that a book is kept in, watched: who holds it open does not notice that it was moved, deleted or replaced.

SQLite goes on in the file that it opened, though it has no name any more: what is written there is lost.
"""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from loan_core.errors import DatabaseUnusable


class WatchedFile:
    """From ``remember`` on, no connection to another file of this name is opened or used: ``DatabaseUnusable``."""

    def __init__(self, engine: Engine) -> None:
        # The process may change its folder.
        self._path = Path(engine.url.database or "").absolute()
        self._seen: tuple[int, int] | None = None
        # Before a connection is made, which would make the file anew; each time one is used; and what took long.
        for moment in ("do_connect", "checkout", "commit"):
            event.listen(engine, moment, self._check)

    def remember(self) -> None:
        self._seen = self._now()

    def _now(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _check(self, *_: Any) -> None:
        if self._seen is not None and self._now() != self._seen:
            raise DatabaseUnusable(
                f"The file {self._path} was moved, deleted or replaced while it was open. Nothing was written. Put it "
                "back; or stop everything, take away the -wal and -shm files of the old one, and start again."
            )
