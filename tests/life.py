"""A life of a book: whatever may be written to it, in any order, while another book on the same database remembers.

What must hold of it meanwhile, a machine of a test adds as invariants.
"""

from datetime import date
from io import BytesIO
from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from sqlalchemy import text

from loan_core.book import Book
from loan_core.errors import Refusal
from tests.lending import CLOCK, DAYS, NOON, TODAY, lend

ASKED = (date(2026, 1, 15), TODAY, date(2027, 1, 1))
# No two rows of files have one reference.
NUMBERS = count(1)


def last_id(book: Book) -> int:
    with book._store.read() as session:
        return session.scalar(text("SELECT max(id) FROM loans")) or 0


class Life(RuleBasedStateMachine):
    """Loans are lent, repaid, voided; files come in and are undone; one book writes, and another one remembers."""

    store = None

    def __init__(self):
        super().__init__()
        with self.store.write(NOON) as write:
            for table in ("acknowledgements", "repayments", "loans", "batches"):
                write.session.execute(text(f"DELETE FROM {table}"))
            write.revision  # noqa: B018 - to ask for it is to move it
        self.writer, self.remembering = Book(self.store, CLOCK), Book(self.store, CLOCK)

    def loan(self, which):
        return which % last_id(self.writer) + 1

    def tried(self, write, *stated, **more):
        """Not everything may be done to every loan."""
        try:
            write(*stated, **more)
        except Refusal:
            return

    @rule(periods=st.integers(1, 24), currency=st.sampled_from(["USD", "KES"]), start_on=DAYS)
    def lend(self, periods, currency, start_on):
        lend(self.writer, repayment_period=periods, currency=currency, start_on=start_on)

    @rule(which=st.integers(0, 99), amount=st.integers(1, 900), on=DAYS)
    def repay(self, which, amount, on):
        if last_id(self.writer):
            self.tried(self.writer.add_repayment, self.loan(which), str(amount), received_on=on)

    @rule(which=st.integers(1, 40))
    def reverse(self, which):
        self.tried(self.writer.reverse_repayment, which)

    @rule(which=st.integers(0, 99))
    def void(self, which):
        if last_id(self.writer):
            self.tried(self.writer.void_loan, self.loan(which))

    @rule(lent=st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["USD", "EUR"])), min_size=1, max_size=4))
    def import_loans(self, lent):
        rows = [f"I{next(NUMBERS)},500,{periods},{code},2025-11-01" for periods, code in lent]
        file = "\n".join(["reference,loan_amount,repayment_period,currency,start_on", *rows])
        self.tried(self.writer.import_loans, BytesIO(file.encode()))

    @rule(received=st.lists(st.tuples(st.integers(0, 99), st.integers(1, 900)), min_size=1, max_size=6))
    def import_repayments(self, received):
        if last_id(self.writer):
            names = (self.writer.loan(self.loan(which)).reference for which, _ in received)
            rows = [
                f"{name},{amount},2026-02-01,R{next(NUMBERS)}"
                for name, (_, amount) in zip(names, received, strict=True)
            ]
            file = "\n".join(["loan_reference,amount,received_on,reference", *rows])
            self.tried(self.writer.import_repayments, BytesIO(file.encode()))

    @rule(batch=st.integers(1, 9))
    def undo(self, batch):
        self.tried(self.writer.undo_import, batch)


def out_of_memory(*_):
    raise MemoryError
