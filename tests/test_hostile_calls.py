"""Calls to the API that nobody means well by: each is answered in words, and none is a failure of ours."""

import base64
import json
from itertools import product

import pytest

from loan_core import Settings
from loan_core.lists import SORTS
from tests.api_servers import LOAN, serving

FAR = (2**63, -(2**63), 10**30, 1e300, 1.5, -1, 0, None, "", "x", "\0", "0001-01-01", "9999-12-31", True, [1])


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('book') / 'loans.db'}"
    with serving(Settings(database_uri=url, redis_url="off")) as caller:
        caller.post("/create-loans", LOAN | {"borrower": "Amara"})
        yield caller


@pytest.mark.parametrize("number", ["1e99999999999999999999", "-1e-99999999999999999999", "0.1e99999999999999999999"])
def test_a_number_that_none_can_be_is_no_body(call, number):
    reply = call.post("/create-loans", f'{{"loan_amount": {number}, "repayment_period": 12}}'.encode())
    assert reply.status == 400
    assert reply.said["detail"] == f"The body has a number that none can be: {number}."


@pytest.mark.parametrize("sort", SORTS)
def test_the_next_of_a_page_that_somebody_made_up_is_refused_or_a_page(call, sort):
    for sign, value, loan_id in product(("", "-"), FAR, (1, 10**30)):
        made_up = base64.urlsafe_b64encode(json.dumps([sign + sort, value, loan_id]).encode()).decode()
        assert call.get(f"/loans?sort={sign}{sort}&next={made_up}").status in (200, 422), (sign, value)


@pytest.mark.parametrize("name", ["as_of", "started"])
@pytest.mark.parametrize("typed", ["", "%20", "x", "2026-13-01"])
def test_a_day_that_is_none_is_said_of_its_own_parameter(call, name, typed):
    (wrong,) = call.get(f"/loans?{name}={typed}").said["errors"]
    assert wrong["field"] == name


@pytest.mark.parametrize("path", ["/loans", "/loans/1", "/loans/1/status", "/portfolio"])
def test_of_two_days_in_an_address_none_is_chosen(call, path):
    reply = call.get(f"{path}?as_of=2026-01-01&as_of=2020-01-01")
    assert (reply.status, reply.said["detail"]) == (422, "as_of stands there 2 times. Write it once.")


def test_a_field_that_stands_in_a_body_twice_is_refused_whichever_is_meant(call):
    body = b'{"loan_amount": 1, "repayment_period": 12, "loan_amount": 1000, "loan_\\u0061mount": 5}'
    reply = call.post("/create-loans", body)
    assert (reply.status, reply.said["detail"]) == (422, "loan_amount stands there 3 times. Write it once.")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("limit=many", "limit: many is not a whole number. Write digits alone, such as 100."),
        ("limit=" + "9" * 5_000, f"limit: {'9' * 59}… is too large. Write digits alone, such as 100."),
        ("limit=-1", "limit: -1 is too small. Write 1 or more."),
        ("limit=1001", "limit: 1001 is too large. Write 1000 or less."),
        ("limit=", "limit: Nothing is not a whole number. Write digits alone, such as 100."),
        ("search=" + "a" * 201, "search: The text is too long. Write at most 200 characters."),
        ("status=Late", "status: Late is not one of them. Write 'Ahead', 'On Track' or 'Behind'."),
        ("status=%7Bge%7D", "status: {ge} is not one of them. Write 'Ahead', 'On Track' or 'Behind'."),
    ],
)
def test_what_a_parameter_is_wrong_in_is_said_with_what_would_be_right(call, asked, said):
    reply = call.get(f"/loans?{asked}")
    assert (reply.status, reply.said["detail"]) == (422, said)


@pytest.mark.parametrize("name", ["currency", "sort"])
def test_of_many_that_would_be_right_some_are_said(call, name):
    (wrong,) = call.get(f"/loans?{name}=XXX").said["errors"]
    assert wrong["right"].startswith("Write '")
    assert len(wrong["right"]) <= 520
