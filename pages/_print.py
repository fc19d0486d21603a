"""A loan's statement as a page of its own, to print, to send or to keep: it loads nothing and runs nothing."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loan_core import Statement, currency
from pages._look import NOTHING, badge_of, day, money
from pages._repayment_words import remark, which_installments
from pages._words import headline, outcome, past_due, terms

# Whatever a person wrote is text here: everything that the template shows is escaped.
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def statement_page(statement: Statement) -> str:
    """HTML of what was agreed, where the loan stands on the day, each installment and each repayment."""
    code = statement.loan.currency
    return _TEMPLATES.get_template("statement.html").render(
        loan=statement.loan,
        status=statement.status,
        installments=list(statement.installments.itertuples()),
        repayments=list(statement.repayments.itertuples()),
        word=badge_of(statement.status.state, statement.status.status).word,
        headline=headline(statement),
        terms=terms(statement.loan),
        currency=currency(code),
        money=lambda amount: money(amount, code),
        figure=lambda amount: _bare(amount, code),
        covered=which_installments,
        day=day,
        outcome=outcome,
        past_due=past_due,
        remark=remark,
        nothing=NOTHING,
    )


def _bare(amount: int, code: str) -> str:
    """A sum in a table whose caption names the currency."""
    return money(amount, code).replace(currency(code).symbol or f"{code}\N{NO-BREAK SPACE}", "")
