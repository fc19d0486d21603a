"""A book of any size for measurements: the demo's loans and repayments, the same for a seed, copied over and over.

Ids and references go on counting; all else of a copy is as it was made up, so that every rule of the tables holds.
"""

from sqlalchemy import Connection, create_engine, text

from loan_core import Settings, open_book
from loan_core.models import Base

MADE_UP = 5_000
SEED = 5
# What a copy shifts, by the table whose ids it follows; in a copy of a table its own references are new.
_SHIFTED = {
    "loans": {"id": "loans"},
    "repayments": {"id": "repayments", "loan_id": "loans", "reverses_id": "repayments"},
}
_PREFIXES = {"loans": "L-", "repayments": "RP-"}


def make_big(url: str, loans: int) -> None:
    """Fill the empty database at ``url`` with so many loans, of 12 or so repayments each."""
    book = open_book(Settings(database_uri=url, redis_url="off"))
    book.load_demo(loans=min(loans, MADE_UP), seed=SEED)
    book.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # A copy of what is right is right: the foreign keys are not asked row by row.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        counts = {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in _SHIFTED}
        for name in _SHIFTED:
            for copy in range(1, -(-loans // MADE_UP)):
                _copy(connection, name, counts, copy, loans)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE"))
    engine.dispose()


def _copy(connection: Connection, name: str, counts: dict[str, int], copy: int, loans: int) -> None:
    said = {each: f"{each} + {counts[of] * copy}" for each, of in _SHIFTED[name].items()}
    said["reference"] = f"'{_PREFIXES[name]}' || ({said['id']})"
    columns = [column.name for column in Base.metadata.tables[name].columns]
    wanted = ", ".join(said.get(column, column) for column in columns)
    loan_id = said["id" if name == "loans" else "loan_id"]
    connection.execute(
        text(
            f"INSERT INTO {name} ({', '.join(columns)}) SELECT {wanted} FROM {name} "
            f"WHERE id <= {counts[name]} AND {loan_id} <= {loans} ORDER BY id"
        )
    )
