"""``make bench``: imports, and questions about a whole book, each beside the bare work under it, in one table.

``ARGS="--loans 1000000 --keep"``: of how many loans; ``--keep`` leaves the table in RESULTS.md when it is whole.
"""

import argparse
from itertools import chain
from pathlib import Path

from tests.benchmarks import imports, whole_book
from tests.benchmarks.table import machine, told

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--loans", type=int, default=100_000)
    asked.add_argument("--keep", action="store_true")
    stated = asked.parse_args()
    command = f"`python -m tests.benchmarks --loans {stated.loans}`"
    lines = ["# The last run", "", f"{command}, on {machine()}.", ""]
    print("\n".join(lines))
    for line in told(chain(imports.rows(stated.loans), whole_book.rows(stated.loans))):
        print(line, flush=True)
        lines.append(line)
    if stated.keep:
        RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
