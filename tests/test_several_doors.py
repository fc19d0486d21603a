"""Two dashboards and an API of their own on one PostgreSQL and one Redis: nobody shows what is no longer so."""

import asyncio
import io
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loan_core import Book, Settings, open_book
from tests import desk, forked
from tests.api_servers import LOAN, Caller, served
from tests.benchmarks.visitor import Visitor, visiting
from tests.files import csv_file
from tests.servers import redis_server

DAY = date(2026, 1, 15)


@pytest.fixture(scope="module")
def environment(postgresql: Any) -> Iterator[dict[str, str]]:
    """What all processes of the house are told."""
    with postgresql.database() as url, redis_server() as redis_url:
        yield {"SQLALCHEMY_DATABASE_URI": url, "REDIS_URL": redis_url, "LOANS_TIMEZONE": "UTC"}


@pytest.fixture(scope="module")
def house(environment: dict[str, str]) -> Iterator[tuple[Book, Book, Caller]]:
    """What two dashboards hold of the book, in memory and in Redis, and who calls an API in a process of its own."""
    dashboards = [open_book(Settings.read(environment)) for _ in range(2)]
    with served(environment, begin=forked.begin) as (_, caller):
        yield (*dashboards, caller)
    for book in dashboards:
        book.close()


def seen(book: Book, loan_id: int) -> list[int]:
    """What a loan has received, by every question that a process answers from what it remembers, or Redis does."""
    today, ours = book.today(), book.loan(loan_id)
    return [
        book.status(loan_id, today).total_amount_paid,
        book.status(loan_id, DAY).total_amount_paid,
        int(book.statement(loan_id, DAY).repayments["amount"].sum()),
        int(book.loans(DAY, search=ours.reference)["total_amount_paid"].iloc[0]),
        int(book.loan_page(DAY, search=ours.reference).rows["total_amount_paid"].iloc[0]),
    ]


def sums(book: Book) -> int:
    return book.portfolio(DAY).by_currency["USD"].total_amount_paid


def test_a_repayment_through_the_api_is_on_both_dashboards_at_their_next_question(house):
    one, other, call = house
    loan_id = call.post("/create-loans", LOAN).said["id"]
    # Asked before, so that each of them has something to remember.
    assert seen(one, loan_id) == seen(other, loan_id) == [0] * 5
    before = sums(one)
    for number in range(1, 6):
        paid = {"amount": 10, "received_on": "2025-11-01", "reference": f"P-{loan_id}-{number}"}
        assert call.post(f"/loans/{loan_id}/repayments", paid).status == 201
        assert seen(one, loan_id) == seen(other, loan_id) == [1_000 * number] * 5
        assert sums(one) == sums(other) == before + 1_000 * number


def test_what_one_dashboard_writes_is_at_the_others_and_at_the_api(house):
    one, other, call = house
    loan_id = one.create_loan(**LOAN).id
    assert seen(other, loan_id) == [0] * 5
    file = csv_file(*[{"loan_id": str(loan_id), "amount": "1.00", "received_on": "2025-11-01"}] * 30)
    batch = one.import_repayments(io.BytesIO(file.getvalue())).batch_id
    assert seen(one, loan_id) == seen(other, loan_id) == [3_000] * 5
    assert call.get(f"/loans/{loan_id}/status").said["total_amount_paid"] == 30
    other.undo_import(batch)
    assert seen(one, loan_id) == seen(other, loan_id) == [0] * 5
    assert call.get(f"/loans/{loan_id}/status").said["total_amount_paid"] == 0


@pytest.fixture
def ports(environment: dict[str, str], tmp_path: Path) -> Iterator[list[int]]:
    """Two dashboards as `make run` starts them."""
    url, redis_url = environment["SQLALCHEMY_DATABASE_URI"], environment["REDIS_URL"]
    with ExitStack() as stack:
        logs = (tmp_path / f"{number}.log" for number in range(2))
        yield [stack.enter_context(desk.served(url, log, redis_url=redis_url)).port for log in logs]


def figure(visitor: Visitor, label: str) -> str:
    """What a page that was drawn says under a label that begins so."""
    figures = (message.delta.new_element.metric for message in visitor.drawn)
    (found,) = {each.body for each in figures if each.label.startswith(label)}
    return found


def test_a_repayment_through_the_api_is_on_the_pages_of_both_dashboards_at_their_next_rerun(house, ports):
    _, _, call = house
    loan_id = call.post("/create-loans", LOAN | {"currency": "EUR"}).said["id"]

    async def all_see(visitors: list[Visitor], paid: str) -> None:
        for visitor in visitors:
            await visitor.run("status", loan=loan_id, as_of=DAY)
            assert figure(visitor, "Paid so far") == paid
            await visitor.run("", currency="EUR", as_of=DAY)
            assert figure(visitor, "Received in") == paid

    async def in_turn() -> None:
        async with AsyncExitStack() as stack:
            visitors = [await stack.enter_async_context(visiting(port)) for port in ports]
            await all_see(visitors, "€0.00")
            for number in range(1, 6):
                paid = {"amount": 10, "received_on": "2026-01-02", "reference": f"P-{loan_id}-{number}"}
                assert call.post(f"/loans/{loan_id}/repayments", paid).status == 201
                await all_see(visitors, f"€{number * 10}.00")

    asyncio.run(in_turn())
