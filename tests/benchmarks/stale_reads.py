"""Stale reads under every fault, on both databases: ``python -m tests.benchmarks.stale_reads [seconds]``, 60 each."""

import sys
from tempfile import TemporaryDirectory

from tests.servers import postgresql_server, redis_server
from tests.stale_reads import FAULTS, stale_reads


def main(seconds: float = 60) -> None:
    print(f"{'database':12}{'fault':38}{'reads':>10}{'cached':>10}{'writes':>8}{'stale':>7}")
    with postgresql_server() as postgresql, redis_server() as redis_url, TemporaryDirectory() as folder:
        for number, fault in enumerate(FAULTS):
            with postgresql.database() as url:
                for kind, database in (("SQLite", f"sqlite:///{folder}/{number}.db"), ("PostgreSQL", url)):
                    found = stale_reads(database, redis_url, fault, seconds)
                    numbers = f"{found.reads:10,}{found.hits:10,}{found.writes:8,}{found.stale:7,}"
                    print(f"{kind:12}{fault:38}{numbers}{''.join(f'  {each!r}' for each in found.errors)}", flush=True)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
