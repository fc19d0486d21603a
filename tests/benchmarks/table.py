"""What a measurement is told as: a figure, ours, and the limit that was measured in the same run."""

import os
import platform
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import psutil

HEAD = "| figure | ours | limit | ours ÷ limit |\n|---|---:|---:|---:|"


class Row(NamedTuple):
    """A line of the table; ``limit`` None where there is nothing to hold it against."""

    figure: str
    ours: float
    limit: float | None
    unit: str

    def __str__(self) -> str:
        if self.limit is None:
            return f"| {self.figure} | {self.ours:,.0f} {self.unit} | | |"
        limit, ratio = f"{self.limit:,.0f} {self.unit}", f"{self.ours / self.limit:.2f}"
        return f"| {self.figure} | {self.ours:,.0f} {self.unit} | {limit} | {ratio} |"


def told(rows: Iterable[Row]) -> Iterator[str]:
    """The lines of the table, each as soon as it is known."""
    yield HEAD
    yield from map(str, rows)


def machine() -> str:
    """The shape of what it was measured on."""
    gigabytes = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {gigabytes:,.0f} GiB, {platform.system()}, Python {platform.python_version()}"
