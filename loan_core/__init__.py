"""Loan Book: what was expected against what came in, for a loan and for a book, on any day.

>>> from datetime import date
>>> from tempfile import TemporaryDirectory
>>> folder = TemporaryDirectory()
>>> book = open_book(Settings(database_uri=f"sqlite:///{folder.name}/loans.db"))
>>> loan = book.create_loan(loan_amount="1000.00", repayment_period=12, start_on="2025-10-01")
>>> loan.reference, loan.installment
('L-0001', 9456)
>>> repayment = book.add_repayment(loan.id, "94.56", received_on="2025-11-01")
>>> at = book.status(loan.id, date(2026, 1, 15))
>>> at.status, at.expected_paid, at.total_amount_paid, at.days_past_due
('Behind', 28368, 9456, 45)
>>> book.close()
>>> folder.cleanup()
"""

from loan_core import findings, lateness, tables
from loan_core.answers import ImportReceipt, LoanStatus, Portfolio, Statement, UndoReceipt, currency
from loan_core.book import Book, open_book
from loan_core.calculation.figures import FIGURES, figure_of
from loan_core.calculation.portfolio import AGES, AGES_SAID, PAR_DAYS
from loan_core.calculation.rolling import PLACES_SAID
from loan_core.calculation.words import counted
from loan_core.entries import amount_entry
from loan_core.errors import InvalidEntry, InvalidFile, LoanNotFound, Problem, Refusal
from loan_core.exchange import problems_csv, template
from loan_core.fields import FIRST_DAY, LAST_DAY
from loan_core.matching import as_our_csv, guessed, read_sheet
from loan_core.models import Batch
from loan_core.settings import Settings
from loan_core.verify import Check, check_the_arithmetic, summary

__all__ = [
    "AGES",
    "AGES_SAID",
    "FIGURES",
    "FIRST_DAY",
    "LAST_DAY",
    "PAR_DAYS",
    "PLACES_SAID",
    "Batch",
    "Book",
    "Check",
    "ImportReceipt",
    "InvalidEntry",
    "InvalidFile",
    "LoanNotFound",
    "LoanStatus",
    "Portfolio",
    "Problem",
    "Refusal",
    "Settings",
    "Statement",
    "UndoReceipt",
    "amount_entry",
    "as_our_csv",
    "check_the_arithmetic",
    "counted",
    "currency",
    "figure_of",
    "findings",
    "guessed",
    "lateness",
    "open_book",
    "problems_csv",
    "read_sheet",
    "summary",
    "tables",
    "template",
]
