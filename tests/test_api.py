"""The API by its callers: four calls and more, exact money, problems in one shape, writes that may be sent again."""

import http.client
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from decimal import Decimal

import jsonschema
import pytest

from loan_core import Settings, interface
from loan_core.api import make_api
from loan_core.asked import prefers_csv
from tests.api_servers import LOAN, serving

DAY = "2026-01-15"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    file = tmp_path_factory.mktemp("api") / "loans.db"
    with serving(Settings(database_uri=f"sqlite:///{file}", redis_url="off")) as caller:
        yield caller


@pytest.fixture
def call(database_url):
    """A server of a test's own, once on each database."""
    with serving(Settings(database_uri=database_url, redis_url="off")) as caller:
        yield caller


def test_the_four_calls(call):
    made = call.post("/create-loans", {"loan_amount": "1000.00", "repayment_period": 12, "start_on": "2025-10-01"})
    assert made.status == 201
    loan = made.said
    assert (loan["id"], loan["loan_amount"], loan["repayment_period"]) == (1, 1000, 12)
    assert loan["interest_rate"] == Decimal("0.02")
    assert made.headers["location"] == "/loans/1"
    assert call.get("/loans").said["loans"][0]["reference"] == "L-0001"
    paid = call.post("/loans/1/repayments", {"amount": 94.56, "received_on": "2025-11-01"})
    assert (paid.status, paid.said["amount"]) == (201, Decimal("94.56"))
    status = call.get(f"/loans/1/status?as_of={DAY}").said
    assert status["status"] == "Behind"
    assert status["expected_monthly_installment"] == Decimal("94.56")
    assert (status["total_amount_paid"], status["expected_paid"]) == (Decimal("94.56"), Decimal("283.68"))
    assert (status["months_passed"], status["days_past_due"]) == (3, 45)
    assert (status["as_of"], status["revision"], status["state"]) == (DAY, 2, "active")


def test_money_is_a_number_with_the_currencys_decimals_and_exact(server):
    """0.1 + 0.2 of floats, the largest amount, and currencies of no and of three decimals."""
    for amount, currency, written in (
        (b"0.30", "USD", b'"loan_amount":0.30,'),
        (b"99999999999.99", "USD", b'"loan_amount":99999999999.99,'),
        (b"9007199254741", "JPY", b'"loan_amount":9007199254741,'),
        (b"1234567890.123", "KWD", b'"loan_amount":1234567890.123,'),
        (b"20.0", "JPY", b'"loan_amount":20,'),
        (b"94.5600", "USD", b'"loan_amount":94.56,'),
        (b'"1.5"', "USD", b'"loan_amount":1.50,'),
        (b"1e3", "USD", b'"loan_amount":1000.00,'),
        (b"1.5E-1", "USD", b'"loan_amount":0.15,'),
    ):
        sent = b'{"repayment_period": 1, "loan_amount": %s, "currency": "%s"}' % (amount, currency.encode())
        made = server.post("/create-loans", sent)
        assert made.status == 201, made.body
        assert written in made.body
        assert written in server.get(made.headers["location"]).body


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None),
        (b"\xff\xfe", 400, None),
        (b'{"loan_amount": NaN}', 400, None),
        (b"[" * 100_000, 400, None),
        (b"[]", 422, ""),
        (b"null", 422, ""),
        (b"{}", 422, "loan_amount"),
        (b'{"loan_amount": 1.005, "repayment_period": 1}', 422, "loan_amount"),
        (b'{"loan_amount": 1E400, "repayment_period": 1}', 422, "loan_amount"),
        (b'{"loan_amount": 1e-400, "repayment_period": 1}', 422, "loan_amount"),
        (b'{"loan_amount": -0, "repayment_period": 1}', 422, "loan_amount"),
        (b'{"loan_amount": -0.00, "repayment_period": 1}', 422, "loan_amount"),
        (b'{"loan_amount": "NaN", "repayment_period": 1}', 422, "loan_amount"),
        (b'{"loan_amount": "1e3", "repayment_period": 1}', 422, "loan_amount"),
        (b'{"loan_amount": 1%s, "repayment_period": 1}' % (b"0" * 5_000), 400, None),
        (b'{"loan_amount": 0.1%s1, "repayment_period": 1}' % (b"0" * 5_000), 422, "loan_amount"),
        (b'{"loan_amount": -5, "repayment_period": 1}', 422, "loan_amount"),
        (b'{"loan_amount": true, "repayment_period": 1}', 422, "loan_amount"),
        (b'{"loan_amount": [1], "repayment_period": 1}', 422, "loan_amount"),
        (b'{"loan_amount": 1, "repayment_period": 1.5}', 422, "repayment_period"),
        (b'{"loan_amount": 1, "repayment_period": 601}', 422, "repayment_period"),
        (b'{"loan_amount": 1, "repayment_period": 1, "borrower": 7}', 422, "borrower"),
        (b'{"loan_amount": 1, "repayment_period": 1, "borrower": {"x": 1}}', 422, "borrower"),
        (b'{"loan_amount": 1, "repayment_period": 1, "currency": ""}', 422, "currency"),
        (b'{"loan_amount": 1, "repayment_period": 1, "start_on": "20250101"}', 422, "start_on"),
        (b'{"loan_amount": 1, "repayment_period": 1, "recorded_by": "me"}', 422, "recorded_by"),
        (b'{"loan_amount": 1, "repayment_period": 1, "key": "x"}', 422, "key"),
    ],
)
def test_what_cannot_be_is_a_problem_that_names_the_field(server, body, status, field):
    before = server.book.edition(date(2026, 1, 1)).revision
    reply = server.post("/create-loans", body)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert (reply.said["status"], reply.said["type"]) == (status, "about:blank")
    assert reply.said["detail"]
    if field is not None:
        assert field in [each["field"] for each in reply.said["errors"]]
    assert server.book.edition(date(2026, 1, 1)).revision == before


def test_every_refusal_has_the_one_shape(server):
    server.post("/create-loans", LOAN | {"reference": "shape"})
    loan_id = server.book.loan_id("shape")
    for method, path, body, status in (
        ("GET", "/nothing", None, 404),
        ("GET", "/loans/999999", None, 404),
        ("GET", "/loans/999999/status", None, 404),
        ("GET", "/loans/999999/schedule", None, 404),
        ("GET", "/loans/999999/repayments", None, 404),
        ("POST", "/loans/999999/repayments", b'{"amount": 1}', 404),
        ("POST", f"/loans/{loan_id}/repayments/999999/reverse", b"{}", 404),
        ("DELETE", "/loans", None, 405),
        ("POST", f"/loans/{loan_id}/status", b"{}", 405),
        ("GET", "/loans/x", None, 422),
        ("GET", "/loans/0/status", None, 422),
        ("GET", f"/loans/{loan_id}/status?as_of=tomorrow", None, 422),
        ("GET", f"/loans/{loan_id}/status?as_of=", None, 422),
        ("GET", f"/loans/{loan_id}?as_of=", None, 422),
        ("GET", "/loans?started=%20", None, 422),
        ("GET", f"/loans/{loan_id}/status?as_off=2026-01-01", None, 422),
        ("GET", f"/loans/{loan_id}?as_of=2026-13-01", None, 422),
        ("GET", "/loans?limit=1001", None, 422),
        ("GET", "/loans?sort=colour", None, 422),
        ("GET", "/loans?next=x", None, 422),
        ("GET", "/loans?smallest=1.001", None, 422),
        ("GET", "/loans?colour=red", None, 422),
        ("POST", "/create-loans?colour=red", b"{}", 422),
    ):
        reply = server(method, path, body)
        assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json"), path
        assert reply.said["status"] == status
        jsonschema.validate(reply.said, interface.SCHEMAS["Problem"])
    assert server("DELETE", "/loans").headers["allow"] == "GET, HEAD, OPTIONS"
    assert server("PUT", "/docs").headers["allow"] == "GET, HEAD, OPTIONS"
    assert server("PUT", f"/loans/{loan_id}/repayments").headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_a_body_of_another_kind_or_too_large_is_refused(server):
    form = server.post("/create-loans", b"loan_amount=1", Content_Type="application/x-www-form-urlencoded")
    assert (form.status, form.headers["content-type"]) == (415, "application/problem+json")
    assert server.post("/create-loans", LOAN, Content_Encoding="gzip").status == 415
    assert server.post("/create-loans", LOAN, Content_Encoding="identity").status == 201
    assert server.post("/create-loans", b" " * (1 << 20) + b"{}").status == 413
    assert server.post("/create-loans", b" " * ((1 << 20) - 2) + b"{}").status == 422


@pytest.mark.parametrize(("chunks", "status"), [(16, 422), (17, 413)])
def test_a_body_without_a_length_is_measured_as_it_comes(server, chunks, status):
    """In chunks of 64 KiB: sixteen of them are 1 MiB."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        body = (b"{}".ljust(1 << 16) if number == 0 else b" " * (1 << 16) for number in range(chunks))
        connection.request("POST", "/create-loans", body, {"Content-Type": "application/json"}, encode_chunked=True)
        assert connection.getresponse().status == status


def test_head_is_get_without_the_body_and_options_says_what_an_address_takes(server):
    server.post("/create-loans", LOAN | {"reference": "head"})
    loan = f"/loans/{server.book.loan_id('head')}"
    paths = "", "/status", "/schedule", "/repayments"
    for path in (
        "/loans",
        "/portfolio",
        "/healthz",
        "/readyz",
        "/docs",
        "/openapi.json",
        *(loan + each for each in paths),
    ):
        got, head = server.get(path), server("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers.get("etag") == got.headers.get("etag")
        assert head.headers["content-length"] == str(len(got.body))
    asked = server("OPTIONS", f"{loan}/repayments")
    assert (asked.status, asked.body, asked.headers["allow"]) == (204, b"", "GET, HEAD, OPTIONS, POST")
    assert server("OPTIONS", "/create-loans").headers["allow"] == "OPTIONS, POST"
    assert (server("HEAD", "/create-loans").status, server("HEAD", "/nothing").status) == (405, 404)
    assert server("OPTIONS", "/nothing").status == 404


def test_an_address_is_written_one_way(server):
    """No redirection either: what follows it may carry a token elsewhere."""
    server.post("/create-loans", LOAN)
    for path in ("/loans/", "//loans", "/loans//1", "/loans/1/status/", "/LOANS", "/", "/loans/1/../1"):
        reply = server.get(path)
        assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json"), path
    for path in ("/loans/x", "/loans/+1", "/loans/-1", "/loans/1.0", "/loans/%00", "/loans/%D9%A1", f"/loans/{2**63}"):
        assert server.get(path).status == server.get(f"{path}/status").status == 422, path
    assert server.get("/loans/%31/status").body == server.get("/loans/1/status").body


def test_a_websocket_is_turned_away(server):
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
    assert server.get("/loans", **asked, Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==").status == 403


def test_a_failure_says_an_id_that_the_log_has_and_nothing_else(server, monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("the secret of /etc/shadow")

    monkeypatch.setattr(server.book, "portfolio", fail)
    reply = server.get("/portfolio")
    assert (reply.status, reply.headers["content-type"]) == (500, "application/problem+json")
    assert b"secret" not in reply.body
    assert b"RuntimeError" not in reply.body
    assert reply.said["id"] in reply.said["detail"]
    (record,) = [each for each in caplog.records if reply.said["id"] in each.getMessage()]
    assert "the secret" in str(record.exc_info[1])


def test_a_repayment_is_reversed_on_its_own_loan_only(call):
    call.post("/create-loans", LOAN)
    call.post("/create-loans", LOAN)
    call.post("/loans/1/repayments", {"amount": 94.56, "received_on": "2025-11-01"})
    assert call.post("/loans/2/repayments/1/reverse").status == 404
    reversal = call.post("/loans/1/repayments/1/reverse", {"reason": "bounced", "reference": "back"})
    assert reversal.status == 201
    assert (reversal.said["amount"], reversal.said["reverses_id"]) == (Decimal("-94.56"), 1)
    assert reversal.said["note"] == "bounced"
    assert call.post("/loans/1/repayments/1/reverse", {"reason": "bounced", "reference": "back"}).body == reversal.body
    assert call.post("/loans/1/repayments/1/reverse").status == 409
    assert call.get("/loans/1/status").said["total_amount_paid"] == 0
    first, second = call.get("/loans/1/repayments").said["repayments"]
    assert first["reversed_by"] == "back"
    assert (second["reverses"], second["total_paid"]) == ("RP-0001", 0)


def test_two_reversals_do_not_share_a_reference(call):
    """Found by schemathesis: both repayments alike, so their reversals are alike but for what they undo."""
    call.post("/create-loans", LOAN)
    for reference in "ab":
        call.post("/loans/1/repayments", {"amount": 10, "received_on": "2025-11-01", "reference": reference})
    assert call.post("/loans/1/repayments/1/reverse", {"reference": "back"}).status == 201
    assert call.post("/loans/1/repayments/2/reverse", {"reference": "back"}).status == 422


def test_a_voided_loan_takes_no_money(call):
    call.post("/create-loans", LOAN)
    call.book.void_loan(1, reason="twice")
    assert call.post("/loans/1/repayments", {"amount": 1}).status == 409
    assert call.get("/loans/1").said["void_reason"] == "twice"


def test_a_schedule_sums_to_what_was_lent(call):
    call.post("/create-loans", LOAN)
    said = call.get(f"/loans/1/schedule?as_of={DAY}").said
    assert sum(each["principal"] for each in said["installments"]) == 1000
    assert [each["outcome"] for each in said["installments"]][:4] == ["missed", "missed", "missed", "next"]
    assert (said["as_of"], said["currency"], said["revision"]) == (DAY, "USD", 1)


# Safe to send again


@pytest.mark.parametrize("headers", [{"Idempotency_Key": "k1"}, {}], ids=["by key", "by reference"])
def test_the_same_post_fifty_times_at_once_is_one_row_and_one_answer(call, headers):
    call.post("/create-loans", LOAN)
    body = {"amount": 10} if headers else {"amount": 10, "reference": "once"}
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda _: call.post("/loans/1/repayments", body, **headers), range(50)))
    assert {each.status for each in replies} == {201}
    assert len({each.body for each in replies}) == 1
    assert call.get("/loans/1/status").said["total_amount_paid"] == 10


def test_the_first_answer_comes_again_whatever_happened_since(call):
    made = call.post("/create-loans", LOAN, Idempotency_Key="a")
    paid = call.post("/loans/1/repayments", {"amount": 10}, Idempotency_Key="b")
    call.post("/loans/1/repayments", {"amount": 20})
    undone = call.post("/loans/1/repayments/1/reverse", Idempotency_Key="c")
    call.post("/loans/1/repayments/2/reverse")
    call.book.void_loan(1)
    assert call.post("/create-loans", LOAN, Idempotency_Key="a").body == made.body
    assert call.post("/loans/1/repayments", {"amount": 10}, Idempotency_Key="b").body == paid.body
    assert call.post("/loans/1/repayments/1/reverse", Idempotency_Key="c").body == undone.body
    assert call.get("/loans?state=voided").said["count"] == 1


def test_a_key_belongs_to_one_request(call):
    call.post("/create-loans", LOAN, Idempotency_Key="a")
    revision = call.get("/loans").said["revision"]
    other = call.post("/create-loans", LOAN | {"repayment_period": 13}, Idempotency_Key="a")
    elsewhere = call.post("/loans/1/repayments", LOAN, Idempotency_Key="a")
    assert (other.status, elsewhere.status) == (422, 422)
    assert "Idempotency-Key a" in other.said["detail"]
    assert call.post("/create-loans", LOAN, Idempotency_Key="x" * 101).status == 422
    assert call.get("/loans").said["revision"] == revision


def test_the_same_request_may_be_written_another_way(call):
    """A program that sends again writes its JSON anew: spaces and order are no content."""
    call.post("/create-loans", LOAN)
    first = call.post("/loans/1/repayments", b'{"amount": 10.5, "note": "a"}', Idempotency_Key="k")
    again = call.post("/loans/1/repayments", b'{ "note":"a","amount":10.5, "reference":null }', Idempotency_Key="k")
    assert (again.status, again.body) == (201, first.body)
    other = call.post("/loans/1/repayments", b'{"amount": 10.6, "note": "a"}', Idempotency_Key="k")
    assert other.status == 422


def test_a_key_that_protects_nothing_is_refused(server):
    for key in ("", " ", "x" * 101, "a\tb", "\xa0"):
        reply = server.post("/create-loans", LOAN, Idempotency_Key=key)
        assert (reply.status, reply.said["errors"][0]["field"]) == (422, "Idempotency-Key"), key


def test_what_was_refused_under_a_key_may_be_sent_right_under_it(call):
    assert call.post("/create-loans", {"loan_amount": 1}, Idempotency_Key="a").status == 422
    assert call.post("/create-loans", LOAN, Idempotency_Key="a").status == 201


def test_a_reference_with_other_content_is_refused(server):
    server.post("/create-loans", LOAN | {"reference": "taken"})
    assert server.post("/create-loans", LOAN | {"reference": "taken"}).status == 201
    assert server.post("/create-loans", LOAN | {"reference": "taken", "repayment_period": 5}).status == 422


# Nothing new


def test_an_unchanged_answer_is_not_sent_again(call):
    call.post("/create-loans", LOAN)
    call.post("/create-loans", LOAN)
    paths = ["/loans/1", "/loans/1/status", "/loans/1/schedule", "/loans/1/repayments", "/loans", "/portfolio"]
    tags = {path: call.get(path).headers["etag"] for path in paths}
    for path, tag in tags.items():
        for known in (tag, f'"other", W/{tag}', "*"):
            again = call.get(path, If_None_Match=known)
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
            assert again.headers["cache-control"] == "private, no-cache"
        assert call.get(path, If_None_Match='"other"').status == 200
        assert call.get(f"{path}?as_of=2026-01-16", If_None_Match=tag).status == 200
    call.post("/loans/2/repayments", {"amount": 1})
    changed = {path for path, tag in tags.items() if call.get(path, If_None_Match=tag).status == 200}
    assert changed == {"/loans", "/portfolio"}


def test_an_etag_asks_only_for_the_revision(server, monkeypatch):
    server.post("/create-loans", LOAN | {"reference": "tag"})
    path = f"/loans/{server.book.loan_id('tag')}/status"
    tag = server.get(path).headers["etag"]
    monkeypatch.setattr(server.book, "status", None)
    assert server.get(path, If_None_Match=tag).status == 304


# Lists


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    file = tmp_path_factory.mktemp("list") / "loans.db"
    with serving(Settings(database_uri=f"sqlite:///{file}", redis_url="off")) as caller:
        caller.book.load_demo(loans=60)
        caller.book.create_loan(loan_amount=7, currency="JPY", repayment_period=2, borrower='Ünal, "O\'Neil"')
        yield caller


@pytest.mark.parametrize("sort", ["id", "-id", "borrower", "-borrower", "loan_amount", "-days_past_due", "start_on"])
def test_pages_are_the_list_in_order_each_loan_once(listed, sort):
    rows, following = [], ""
    while following is not None:
        said = listed.get(f"/loans?limit=7&sort={sort}&next={following}&as_of={DAY}").said
        assert said["count"] == 61
        rows, following = rows + said["loans"], said["next"]
    assert sorted(each["id"] for each in rows) == list(range(1, 62))
    values = [each[sort.lstrip("-")] for each in rows]
    assert values == sorted(values, reverse=sort.startswith("-")) or sort.endswith("loan_amount")


def test_filters_mean_what_the_book_means_by_them(listed):
    for query, meant in (
        ("status=Behind", {"status": "Behind"}),
        ("state=paid_off", {"state": "paid_off"}),
        ("currency=JPY", {"currency": "JPY"}),
        ("past_due=31-60", {"past_due": "31-60"}),
        ("past_due_from=10&past_due_to=45", {"past_due_from": 10, "past_due_to": 45}),
        ("smallest=1000&largest=2000.50", {"smallest": 100_000, "largest": 200_050, "currency": "USD"}),
        ("smallest=7&currency=JPY", {"smallest": 7, "currency": "JPY"}),
        ("search=%C3%9CNAL", {"search": "ünal"}),
        ("started=2026-01-31", {"started": date(2026, 1, 1)}),
    ):
        found = listed.get(f"/loans?{query}&as_of={DAY}&limit=1000").said["loans"]
        assert [each["id"] for each in found] == listed.book.loans(date(2026, 1, 15), **meant)["id"].tolist(), query


def test_a_row_of_the_list_is_the_status_of_the_loan(listed):
    for row in listed.get(f"/loans?as_of={DAY}").said["loans"][:10]:
        status = listed.get(f"/loans/{row['id']}/status?as_of={DAY}").said
        del status["loan_id"]
        assert {name: row[name] for name in status} == status


def test_the_list_comes_as_csv_too(listed):
    reply = listed.get(f"/loans?as_of={DAY}&status=Behind", Accept="text/csv")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.body == b"".join(listed.book.export_loans(date(2026, 1, 15), status="Behind"))
    again = listed.get(f"/loans?as_of={DAY}&status=Behind", Accept="text/csv", If_None_Match=reply.headers["etag"])
    assert (again.status, again.headers["vary"]) == (304, "Accept")
    as_json = listed.get(f"/loans?as_of={DAY}&status=Behind", If_None_Match=reply.headers["etag"])
    assert (as_json.status, as_json.headers["vary"]) == (200, "Accept")


@pytest.mark.parametrize(
    ("accept", "is_csv"),
    [
        ("text/csv", True),
        ("TEXT/CSV; charset=utf-8", True),
        ("text/csv, */*;q=0.1", True),
        ("application/json, text/csv;q=0.5", False),
        ("text/csv;q=0", False),
        ("text/csv;q=0.4, application/*;q=0.6", False),
        ("text/*", False),
        ("*/*", False),
        ("", False),
        (";;,q=,text/csv;q=x", True),
    ],
)
def test_csv_comes_to_whoever_wants_it_more(accept, is_csv):
    assert prefers_csv(accept) == is_csv


def test_a_loan_has_a_state_on_a_day(call):
    call.post("/create-loans", LOAN)
    call.post("/loans/1/repayments", {"amount": 1134.70, "received_on": "2025-12-01"})
    for day, state in (("2025-09-30", "pending"), ("2025-10-01", "active"), ("2025-12-01", "paid_off")):
        said = call.get(f"/loans/1?as_of={day}").said
        assert (said["as_of"], said["state"]) == (day, state)


# What it says of itself


def test_every_example_is_what_the_book_answers(tmp_path, server):
    """The examples of the description are sent, and the answers' examples have the answers' fields and types."""
    with serving(Settings(database_uri=f"sqlite:///{tmp_path}/loans.db", redis_url="off")) as call:
        made = call.post("/create-loans", interface.LOAN_EXAMPLE)
        paid = call.post("/loans/1/repayments", interface.REPAYMENT_EXAMPLE)
        status = call.get("/loans/1/status?as_of=2026-01-15")
        answers = {
            "NewLoan": made,
            "Repayment": paid,
            "Loan": call.get("/loans/1?as_of=2026-01-15"),
            "Status": status,
            "Schedule": call.get("/loans/1/schedule"),
            "Repayments": call.get("/loans/1/repayments"),
            "Loans": call.get("/loans"),
            "Portfolio": call.get("/portfolio"),
            "Health": call.get("/healthz"),
            "Readiness": call.get("/readyz"),
        }
        assert call.post("/loans/1/repayments/1/reverse", interface.REVERSAL_EXAMPLE).status == 201
    for name, reply in answers.items():
        schema = interface.SCHEMAS[name]
        said = json.loads(reply.body)
        jsonschema.validate(said, schema)
        assert set(said) == set(schema["required"]), name
        if example := schema.get("example"):
            jsonschema.validate(example, schema)
            changes = {"created_at", "recorded_by", "revision"} | ({"redis"} if name == "Readiness" else set())
            for field, value in example.items():
                assert field in changes or said[field] == value, f"{name}.{field}"


def test_every_operation_documents_its_refusals():
    described = make_api().openapi()
    for path, operations in described["paths"].items():
        for method, said in operations.items():
            wanted = {"200", "401", "403", "422", "429", "500", "503"}
            if method == "post":
                wanted = wanted - {"200"} | {"201", "400", "409", "413", "415"}
            assert wanted <= set(said["responses"]), path
    assert json.dumps(described).count("HTTPValidationError") == 0


def test_the_page_is_our_own(server):
    reply = server.get("/docs")
    text = reply.body.decode()
    assert "POST /loans/{loan_id}/repayments" in text
    assert "<script" not in text
    assert "http://" not in text
    assert "https://" not in text
    assert "default-src 'none'" in reply.headers["content-security-policy"]


def test_it_says_whether_it_is_alive_and_ready_and_what_it_did(server):
    assert server.get("/healthz").said == {"status": "alive"}
    assert server.get("/readyz").said == {"database": "up", "redis": "off"}
    server.post("/create-loans", LOAN | {"reference": "metrics"})
    server.get(f"/loans/{server.book.loan_id('metrics')}/status")
    text = server.get("/metrics").body.decode()
    assert (
        f'loans_requests_total{{method="GET",route="/loans/{{loan_id}}/status",status="200",worker="{os.getpid()}"}}'
        in text
    )
    assert 'loans_request_seconds_bucket{le="0.005",method="POST",route="/create-loans",worker=' in text
    for outcome in ("hits", "misses", "rejected", "down"):
        assert f'loans_status_cache_total{{outcome="{outcome}",worker=' in text
