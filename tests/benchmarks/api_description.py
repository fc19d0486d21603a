"""schemathesis, all checks, 300 examples an operation: ``python -m tests.benchmarks.api_description [examples]``."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.api_description import described
from tests.servers import postgresql_server


def main(examples: int = 300) -> None:
    with postgresql_server() as postgresql, postgresql.database() as url, TemporaryDirectory() as folder:
        for database in (f"sqlite:///{folder}/loans.db", url):
            said = described(database, examples, Path(folder))
            print(database.partition(":")[0], said.stdout[said.stdout.find("= SUMMARY") :], flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
