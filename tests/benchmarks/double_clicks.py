"""Thirty double clicks on each button that saves, 0 to 250 ms apart: ``python -m tests.benchmarks.double_clicks``.

For each button: how many were saved once, and what went otherwise.
"""

import shutil
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Error

from loan_core import Book, Settings, open_book
from tests.desk import Tab, browser, served, tab
from tests.double_clicks import SAVINGS, give_back, save_once

LONGEST_GAP = 250


def rounds(opened: Tab, book: Book, times: int) -> tuple[Counter[str], list[str]]:
    """How often each was saved once, and what was not."""
    once: Counter[str] = Counter()
    otherwise = []
    for number in range(times):
        gap = LONGEST_GAP * number / max(times - 1, 1)
        for name, saving in SAVINGS.items():
            try:
                save_once(opened, book, saving, gap)
                once[name] += 1
            except (AssertionError, Error) as error:
                otherwise.append(f"{name}, {gap:.0f} ms: {str(error)[:300]}")
        give_back(book)
    return once, otherwise


def main(times: int = 30) -> None:
    with TemporaryDirectory() as name, browser(shutil.which("chromium") or "chromium") as launched:
        url = f"sqlite:///{name}/loans.db"
        book = open_book(Settings(database_uri=url, redis_url="off"))
        with served(url, Path(name, "log")) as server, tab(launched, server) as opened:
            once, otherwise = rounds(opened, book, times)
        book.close()
    for button in SAVINGS:
        print(f"{button:24}{once[button]:4} of {times} saved once")
    print(*otherwise, sep="\n")
    sys.exit(bool(otherwise))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
