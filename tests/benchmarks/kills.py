"""``kill -9`` of the server under writes, ten times: ``python -m tests.benchmarks.kills [times]``."""

import sys
from tempfile import TemporaryDirectory

from tests.kills import killed_under_writes
from tests.servers import postgresql_server


def main(times: int = 10) -> None:
    with postgresql_server() as postgresql, postgresql.database() as url, TemporaryDirectory() as folder:
        for database in (f"sqlite:///{folder}/loans.db", url):
            answered = killed_under_writes(database, times)
            print(f"{database.partition(':')[0]}: {times} kills, {answered:,} answered repayments, none missing")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
