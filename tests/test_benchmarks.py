"""What is measured can be measured: a benchmark writes past the package, and the tables may have changed meanwhile."""

import pytest
from sqlalchemy import create_engine, text

from tests.benchmarks import imports


@pytest.mark.parametrize(("kind", "rows"), [("loans", 5), ("repayments", 12)])
def test_rows_are_inserted_past_the_package_as_they_are_imported(database_url: str, kind: str, rows: int) -> None:
    imports.inserted(database_url, "loans", 5, 5)
    if kind == "repayments":
        imports.inserted(database_url, kind, 5, rows)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert connection.scalar(text(f"SELECT count(*) FROM {kind}")) == rows
    engine.dispose()
