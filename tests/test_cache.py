"""The status cache: it may be wrong, empty, full of somebody else's things, or away; the answer is right."""

import dataclasses
import io
import pickle
import socket
import socketserver
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from unittest.mock import Mock, patch
from zoneinfo import ZoneInfo

import pytest
import redis

from loan_core import Book, Settings
from loan_core.answers import LoanStatus
from loan_core.cache import _FORMAT, PAUSE_SECONDS, SECONDS, Cache, Version
from loan_core.calculation.position import Thresholds
from loan_core.errors import InvalidSetting, LoanNotFound
from loan_core.store import Store
from tests.servers import free_port, redis_server
from tests.stale_reads import FAULTS, Delayed, Killed, stale_reads

KEY = "loan_status:1"
VERSION = Version("b" * 32, 7, date(2026, 1, 15), Thresholds())


def remembered(cache, version=VERSION):
    """What a cache tells of loan 1 to somebody whose book says this version of it."""
    found = cache.get(1, lambda: version, bytes)
    assert found is None or found[0] == version
    return found and found[1]


class At(Settings):
    """Settings whose clock stands where a test puts it."""

    clock = datetime(2026, 1, 15, 12, tzinfo=UTC)

    def now(self):
        return type(self).clock


def opened(database_url, redis_url, **said):
    settings = At(database_uri=database_url, redis_url=redis_url, **said)
    return Book(Store(database_url), settings, Cache.at(redis_url))


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Redis is not given up because the machine has other things to do: what it answers is what is looked at here."""
    monkeypatch.setattr("loan_core.cache._TIMEOUT_SECONDS", 30)


@pytest.fixture
def client(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def book(database_url, redis_url, monkeypatch):
    monkeypatch.setattr(At, "clock", datetime(2026, 1, 15, 12, tzinfo=UTC))
    book = opened(database_url, redis_url, timezone=UTC)
    book.create_loan(loan_amount=1000, repayment_period=12, start_on="2025-10-01")
    yield book
    book.close()


def test_a_status_is_remembered_until_the_loan_changes(book, client):
    first = book.status(1, book.today())
    assert 0 < client.ttl(KEY) <= SECONDS
    assert book.status(1, book.today()) == first
    assert dict(book.cache.counts) == {"misses": 1, "hits": 1}
    book.add_repayment(1, 1)
    assert client.exists(KEY) == 0
    assert book.status(1, book.today()).total_amount_paid == 100


def test_another_loans_change_leaves_it(book, client):
    book.create_loan(loan_amount=1000, repayment_period=12)
    book.status(1, book.today())
    book.add_repayment(2, 1)
    assert client.exists(KEY) == 1


def test_another_day_is_computed_and_not_remembered(book, client):
    assert book.status(1, date(2026, 1, 14)).as_of == date(2026, 1, 14)
    assert client.exists(KEY) == 0


@pytest.mark.parametrize(
    "planted",
    [
        b"",
        b"\n",
        b"garbage",
        b"{}",
        b"0 old format\n{}",
        b"\x00" * 10_000_000,
        pickle.dumps({"status": "Ahead"}),
        b'{"status": "Ahead", "loan_id": 1}',
    ],
    ids=["empty", "newline", "garbage", "json", "format", "10 MB", "pickle", "reference program"],
)
def test_what_is_not_ours_is_ignored_and_said_once(sqlite_url, redis_url, client, planted, caplog):
    book = opened(sqlite_url, redis_url)
    book.create_loan(loan_amount=1000, repayment_period=12)
    right = book.status(1, book.today())
    for _ in range(3):
        client.set(KEY, planted)
        assert book.status(1, book.today()) == right
        assert book.status(1, book.today()) == right
    assert len([each for each in caplog.records if KEY in each.getMessage()]) == (1 if planted else 0)
    assert client.strlen(KEY) < 1_000
    book.close()


@pytest.mark.parametrize("said", [b"", b"{", b"{}", b"[]", b'{"loan_id": "1"}', b"\xff"], ids=repr)
def test_what_another_release_wrote_of_this_version_is_computed_anew(sqlite_url, redis_url, client, said):
    book = opened(sqlite_url, redis_url)
    book.create_loan(loan_amount=1000, repayment_period=12)
    right = book.status(1, book.today())
    client.set(KEY, book.version(1, book.today()).head(1) + said)
    assert book.status(1, book.today()) == right
    assert book.status(1, book.today()) == right
    assert dict(book.cache.counts) == {"misses": 1, "rejected": 1, "hits": 1}
    book.close()


def test_the_format_counts_up_when_the_fields_of_a_status_change():
    """Whoever changes them here counts ``_FORMAT`` up: a release that is still running believes no other's entry."""
    fields = """
        loan_id reference borrower currency as_of revision state status months_passed expected_monthly_installment
        expected_paid total_amount_paid remaining_balance outstanding_principal overpaid_amount arrears
        overdue_principal days_past_due next_due_on next_due_amount ahead_by days_ahead paid_up_to total_due
    """
    assert ([each.name for each in dataclasses.fields(LoanStatus)], _FORMAT) == (fields.split(), 1)


@pytest.mark.parametrize("kind", ["list", "hash", "stream"])
def test_another_type_under_the_key_is_ignored_and_said_once(sqlite_url, redis_url, client, kind, caplog):
    book = opened(sqlite_url, redis_url)
    book.create_loan(loan_amount=1000, repayment_period=12)
    {
        "list": lambda: client.rpush(KEY, 1),
        "hash": lambda: client.hset(KEY, "a", 1),
        "stream": lambda: client.xadd(KEY, {"a": 1}),
    }[kind]()
    assert book.status(1, book.today()).remaining_balance > 0
    assert book.cache.counts == {"rejected": 1}
    assert book.cache.state == "up"
    assert len([each for each in caplog.records if KEY in each.getMessage()]) == 1
    # The next answer takes its place.
    assert book.status(1, book.today()).remaining_balance > 0
    assert book.cache.counts["hits"] == 1
    book.close()


@pytest.mark.parametrize(
    "other",
    [
        {"book_id": "c" * 32},
        {"revision": 6},
        {"revision": 8},
        {"as_of": date(2026, 1, 14)},
        {"thresholds": Thresholds(ahead_percent=120)},
        {"thresholds": Thresholds(behind_percent=80)},
    ],
    ids=str,
)
def test_an_entry_of_another_version_does_not_count(redis_url, other):
    cache = Cache.at(redis_url)
    cache.put(1, VERSION, b"answer")
    assert remembered(cache) == b"answer"
    assert remembered(cache, replace(VERSION, **other)) is None
    assert cache.counts["rejected"] == 1


def test_two_books_in_one_redis_do_not_meet(tmp_path, redis_url, caplog):
    books = [opened(f"sqlite:///{tmp_path}/{name}.db", redis_url) for name in "ab"]
    for book, amount in zip(books, (1000, 2000), strict=True):
        book.create_loan(loan_amount=amount, repayment_period=1, interest_rate=0)
    for _ in range(3):
        assert [book.status(1, book.today()).remaining_balance for book in books] == [100_000, 200_000]
    # Each says so once: a Redis is a book's own.
    assert len([each for each in caplog.records if KEY in each.getMessage()]) == 2
    for book in books:
        book.close()


def test_an_entry_that_stands_under_another_loans_key_does_not_count(book, client):
    """Two loans of one import are of one revision: nothing but their numbers tells their entries apart."""
    book.import_loans(io.BytesIO(b"loan_amount,repayment_period\n1200,12\n3000,12\n"))
    right = [book.status(loan_id, book.today()) for loan_id in (2, 3)]
    assert right[0].revision == right[1].revision
    client.copy("loan_status:2", "loan_status:3", replace=True)
    assert book.status(3, book.today()) == right[1]
    assert book.cache.counts["rejected"] == 1


def test_other_thresholds_are_other_answers(sqlite_url, redis_url):
    strict, mild = (
        opened(sqlite_url, redis_url, thresholds=Thresholds(behind_percent=percent), timezone=UTC)
        for percent in (90, 40)
    )
    strict.create_loan(loan_amount=1000, repayment_period=12, start_on="2025-10-01")
    strict.add_repayment(1, 150, received_on="2025-11-01")
    for _ in range(2):
        assert strict.status(1, strict.today()).status == "Behind"
        assert mild.status(1, mild.today()).status == "On Track"
    strict.close()
    mild.close()


def test_midnight_in_the_books_zone_changes_the_status_though_the_cache_is_full(
    sqlite_url, redis_url, client, monkeypatch
):
    """Nairobi is three hours ahead of UTC: its day turns at 21:00."""
    book = opened(sqlite_url, redis_url, timezone=ZoneInfo("Africa/Nairobi"))
    monkeypatch.setattr(At, "clock", datetime(2025, 11, 1, 20, 59, 50, tzinfo=UTC))
    book.create_loan(loan_amount=1000, repayment_period=12, start_on="2025-10-01")
    before = book.status(1, book.today())
    assert (before.as_of, before.status, before.days_past_due) == (date(2025, 11, 1), "On Track", 0)
    assert client.ttl(KEY) <= 10
    client.persist(KEY)
    monkeypatch.setattr(At, "clock", datetime(2025, 11, 1, 21, 0, 0, tzinfo=UTC))
    after = book.status(1, book.today())
    assert (after.as_of, after.status, after.days_past_due) == (date(2025, 11, 2), "Behind", 1)
    book.close()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # 8 March 2026 has 23 hours in New York, 1 November 2026 has 25.
        (datetime(2026, 3, 9, 3, 59, 58, tzinfo=UTC), datetime(2026, 3, 9, 4, 0, 0, tzinfo=UTC)),
        (datetime(2026, 11, 2, 4, 59, 58, tzinfo=UTC), datetime(2026, 11, 2, 5, 0, 0, tzinfo=UTC)),
    ],
    ids=["23 hours", "25 hours"],
)
def test_a_day_of_another_length_ends_when_it_ends(sqlite_url, redis_url, client, monkeypatch, before, after):
    book = opened(sqlite_url, redis_url, timezone=ZoneInfo("America/New_York"))
    book.create_loan(loan_amount=1000, repayment_period=12, start_on="2025-10-01")
    monkeypatch.setattr(At, "clock", before)
    day = book.status(1, book.today()).as_of
    assert 1 <= client.ttl(KEY) <= 2
    client.persist(KEY)
    monkeypatch.setattr(At, "clock", after)
    assert book.status(1, book.today()).as_of == day + timedelta(days=1)
    book.close()


def test_what_midnight_would_outlive_is_not_remembered(book, client, monkeypatch):
    monkeypatch.setattr(At, "clock", datetime(2026, 1, 15, 23, 59, 59, 500_000, tzinfo=UTC))
    book.status(1, book.today())
    assert client.exists(KEY) == 0


def test_of_a_hundred_who_ask_for_a_cold_key_few_compute(book, client):
    computed, compute = [], Book._computed_status

    def counting(*arguments):
        computed.append(1)
        return compute(*arguments)

    with patch.object(Book, "_computed_status", counting), ThreadPoolExecutor(100) as pool:
        ready = threading.Barrier(100)

        def ask(_):
            ready.wait()
            return book.status(1, book.today())

        assert len(set(pool.map(ask, range(100)))) == 1
    assert len(computed) <= 5


# Redis away


def test_a_redis_that_is_away_is_asked_once_in_a_while(monkeypatch):
    seconds = [0.0]
    cache = Cache.at(f"redis://127.0.0.1:{free_port()}/0")
    cache._clock = lambda: seconds[0]
    asked = []

    def away(*_):
        asked.append(seconds[0])
        raise redis.ConnectionError

    monkeypatch.setattr(redis.Connection, "send_command", away)
    for moment in range(31):
        seconds[0] = float(moment)
        assert remembered(cache) is None
        assert remembered(cache) is None
    # Each is tried once more: it might have been a connection that was closed meanwhile.
    assert asked == [second for second in range(0, 31, PAUSE_SECONDS) for _ in range(2)]
    assert cache.state == "down"
    assert cache.counts["down"] == 62


def test_a_redis_that_was_away_for_long_is_used_again():
    seconds, port = [0.0], free_port()
    cache = Cache.at(f"redis://127.0.0.1:{port}/0")
    cache._clock = lambda: seconds[0]
    for _ in range(150):
        assert remembered(cache) is None
        seconds[0] += PAUSE_SECONDS
    with redis_server(port):
        cache.put(1, VERSION, b"answer")
        assert remembered(cache) == b"answer"


def test_an_answer_from_before_a_failure_opens_nothing(redis_url):
    """It came while the book was asked for the version: somebody who asked Redis since was not answered."""
    seconds = [0.0]
    cache = Cache.at(redis_url)
    cache._clock = lambda: seconds[0]
    cache.put(1, VERSION, b"answer")

    def version():
        seconds[0] += 1
        with patch.object(redis.Connection, "send_command", side_effect=redis.TimeoutError):
            assert cache.get(2, lambda: VERSION, bytes) is None
        return VERSION

    assert cache.get(1, version, bytes) == (VERSION, b"answer")
    assert cache.state == "down"


def test_while_one_tries_a_redis_that_was_away_the_others_do_without(redis_url):
    seconds = [0.0]
    cache = Cache.at(redis_url)
    cache._clock = lambda: seconds[0]
    cache.put(1, VERSION, b"answer")
    with patch.object(redis.Connection, "send_command", side_effect=redis.TimeoutError):
        assert remembered(cache) is None
    seconds[0] += PAUSE_SECONDS

    def version():
        assert remembered(cache) is None
        return VERSION

    assert cache.get(1, version, bytes) == (VERSION, b"answer")
    assert remembered(cache) == b"answer"
    assert cache.counts == {"down": 2, "hits": 2}


def test_the_version_is_asked_for_while_redis_looks_and_not_where_it_does_not(redis_url, monkeypatch):
    order = []

    def noted(name, does):
        def note(*said, **named):
            order.append(name)
            return does(*said, **named)

        return note

    for step in ("send_command", "read_response"):
        monkeypatch.setattr(redis.Connection, step, noted(step, getattr(redis.Connection, step)))
    version, cache = noted("version", lambda: VERSION), Cache.at(redis_url)
    cache.put(1, VERSION, b"answer")
    del order[:]
    assert cache.get(1, version, bytes) == (VERSION, b"answer")
    assert order == ["send_command", "version", "read_response"]
    del order[:]
    cache._closed_until = cache._clock() + PAUSE_SECONDS
    assert cache.get(1, version, bytes) is None
    assert Cache.at("off").get(1, version, bytes) is None
    assert order == []


def test_what_is_closed_leaves_no_connection_open(sqlite_url, redis_url, client):
    before = len(client.client_list())
    for _ in range(3):
        book = opened(sqlite_url, redis_url)
        book.create_loan(loan_amount=1000, repayment_period=12)
        book.status(1, book.today())
        book.close()
    deadline = time.monotonic() + 10
    while len(client.client_list()) > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Moving(socketserver.BaseRequestHandler):
    """A Redis that says it is being moved, answers once more, and is silent from then on."""

    def handle(self):
        while said := self.request.recv(65_536):
            if b"GETRANGE" in said:
                self.request.sendall(b">3\r\n$9\r\nMIGRATING\r\n:1\r\n:10\r\n$0\r\n\r\n")
                break
            self.request.sendall(b"%1\r\n$5\r\nproto\r\n:3\r\n" if b"HELLO" in said else b"+OK\r\n" * said.count(b"*"))
        while self.request.recv(65_536):
            pass


def test_a_redis_that_is_being_moved_is_not_waited_for_any_longer(monkeypatch):
    monkeypatch.setattr("loan_core.cache._TIMEOUT_SECONDS", 0.1)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Moving) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cache = Cache.at(f"redis://127.0.0.1:{server.server_address[1]}/0")
        assert remembered(cache) is None
        assert dict(cache.counts) == {"misses": 1}
        began = time.monotonic()
        assert remembered(cache) is None
        assert time.monotonic() - began < 5
        assert cache.state == "down"
        cache.close()
        server.shutdown()


def test_its_state_is_true_before_anything_was_asked_and_is_not_asked_at_every_look(redis_url, monkeypatch):
    dead, alive = Cache.at(f"redis://127.0.0.1:{free_port()}/0"), Cache.at(redis_url)
    assert (dead.state, alive.state) == ("down", "up")
    seconds, asked = [alive._clock()], []
    alive._clock = lambda: seconds[0]
    send = redis.Connection.send_command
    monkeypatch.setattr(redis.Connection, "send_command", lambda *said: (asked.append(said[1:]), send(*said)))
    for _ in range(10):
        assert alive.state == "up"
    assert asked == []
    seconds[0] += PAUSE_SECONDS + 1
    assert (alive.state, alive.state) == ("up", "up")
    assert asked == [("PING",)]


def test_a_connection_that_was_closed_meanwhile_is_made_anew(redis_url, client):
    cache = Cache.at(redis_url)
    cache.put(1, VERSION, b"answer")
    for _ in range(3):
        client.client_kill_filter(_type="normal", skipme=True)
        assert remembered(cache) == b"answer"
    assert (cache.state, cache.counts["down"]) == ("up", 0)


def test_a_connection_that_is_found_closed_when_it_is_written_to_is_made_anew(redis_url):
    cache = Cache.at(redis_url)
    cache.put(1, VERSION, b"answer")
    cache._free[0]._sock.shutdown(socket.SHUT_RDWR)
    assert remembered(cache) == b"answer"
    assert (cache.state, cache.counts["down"]) == ("up", 0)


def test_a_book_that_cannot_say_the_version_leaves_the_connection_as_it_was(redis_url, client):
    """What Redis answered meanwhile is not the answer to the next question."""
    cache = Cache.at(redis_url)
    cache.put(1, VERSION, b"answer")
    before = client.info("stats")["total_connections_received"]
    for _ in range(3):
        with pytest.raises(LoanNotFound):
            cache.get(1, Mock(side_effect=LoanNotFound(1)), bytes)
        assert cache.get(2, lambda: VERSION, bytes) is None
        assert remembered(cache) == b"answer"
    assert client.info("stats")["total_connections_received"] == before


def test_a_redis_that_denies_a_command_is_up_and_not_believed(redis_url, client):
    """No room left: reads are answered, writes are not."""
    client.config_set("maxmemory", 1)
    try:
        cache = Cache.at(redis_url)
        cache.put(1, VERSION, b"answer")
        assert remembered(cache) is None
        assert cache.state == "up"
    finally:
        client.config_set("maxmemory", 0)


@pytest.mark.parametrize("stumbled", [ValueError, AttributeError, OverflowError, RecursionError, redis.InvalidResponse])
@pytest.mark.parametrize("step", ["send_command", "read_response"])
def test_over_what_is_no_redis_the_client_stumbles_and_nobody_else(monkeypatch, step, stumbled):
    """``,x`` is no number, a text in place of a handshake has no ``get``: so the client fails over other servers."""

    def stumble(*_, **__):
        raise stumbled("'bytes' object has no attribute 'get'")

    monkeypatch.setattr(redis.Connection, "send_command", Mock())
    monkeypatch.setattr(redis.Connection, step, stumble)
    cache = Cache.at("redis://127.0.0.1:1/0")
    cache.put(1, VERSION, b"answer")
    assert remembered(cache) is None
    cache.forget([1])
    assert (cache.state, cache.counts) == ("down", {"down": 3})


@pytest.mark.parametrize("answer", [12, 1.5, None, [1, 2], {}, True, "text"], ids=str)
def test_an_answer_that_is_no_text_is_rejected(monkeypatch, answer):
    monkeypatch.setattr(redis.Connection, "send_command", Mock())
    monkeypatch.setattr(redis.Connection, "read_response", Mock(return_value=answer))
    cache = Cache.at("redis://127.0.0.1:1/0")
    assert remembered(cache) is None
    assert cache.counts == {"rejected": 1}


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://:secret@host:port/0"])
def test_an_address_that_is_none_is_refused_in_words(url):
    with pytest.raises(InvalidSetting, match="REDIS_URL") as refused:
        Cache.at(url)
    assert "secret" not in str(refused.value)


def test_off_is_off(sqlite_url):
    book = opened(sqlite_url, "off")
    book.create_loan(loan_amount=1000, repayment_period=12)
    assert book.status(1, book.today()) == book.status(1, book.today())
    assert (book.cache.state, book.cache.counts.total()) == ("off", 0)
    book.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_no_read_is_stale_under(fault, database_url, redis_url):
    """Half a second each; a minute each is ``python -m tests.benchmarks.stale_reads``."""
    found = stale_reads(database_url, redis_url, fault, 0.5, least=10)
    assert found.errors == []
    assert found.stale == 0
    assert found.writes > 0


class Believing(Delayed):
    """A cache as others have them: what stands under the key is the answer until it is deleted."""

    def get(self, loan_id, version, read):
        asked = self._ask("GET", f"loan_status:{loan_id}")
        found = asked and self._hear(asked)
        found = None if found == b"?" else found
        self.counts["hits"] += found is not None
        return (version(), read(found.partition(b"\n")[2])) if found else None


def test_the_measurement_notices_a_cache_that_is_believed(sqlite_url, redis_url, monkeypatch):
    monkeypatch.setitem(FAULTS, "believed", (type("Lost", (Believing, Killed), {}), None))
    assert stale_reads(sqlite_url, redis_url, "believed", 1).stale > 0
