"""What every test may ask for: real databases, a real Redis, a browser, the reference data. Each test has its own."""

import asyncio
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import psycopg
import pytest
import redis
from hypothesis import is_hypothesis_test, settings
from playwright.sync_api import Browser

from loan_core.store import Store
from tests import desk, forked
from tests.desk import browser
from tests.servers import PostgreSQL, ServerUnavailable, postgresql_server, redis_server

ROOT = Path(__file__).parents[1]

# What these assert for several tests says as much as what a test asserts itself.
pytest.register_assert_rewrite("tests.analysis_at_hand", "tests.calculated", "tests.files", "tests.kills")
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")

# A deadline measures the machine, not the rule. In CI the examples are the same every time, so that a change is judged
# by what it changes; on a desk they are new every time, and find what CI then keeps as an explicit example.
settings.register_profile("default", deadline=None, derandomize=IN_CI, max_examples=100, print_blob=True)
settings.load_profile("default")

A_BOOK_OF_ITS_OWN = "UPDATE book SET book_id = :id"

# A worker runs whole files, so that a server is started once for all tests of a file.
TAKES_LONG = """
    accessibility hostile_texts concurrency journeys forms_in_a_browser portfolio_page double_clicks exchange_page
    analysis_in_a_browser imports security command_line restarts pages api_faults exchange book api_access cache memory
    api_description store api known_pages explain_page hostile_links position portfolio demo bad_input
""".split()

# What has lines of its own for PostgreSQL, and pages whose tests are those of a part of the package too.
COUNTED = ("store", "models", "exchange_page", "lateness_pages")

# Variables by which a developer's own book, servers or Streamlit would reach into the tests.
FOREIGN = ("LOANS_", "SQLALCHEMY_DATABASE_URI", "REDIS_URL", "PG", "STREAMLIT_")


@pytest.fixture(scope="session", autouse=True)
def nobody_elses_environment() -> Iterator[None]:
    """No variable of the developer's environment decides what a test sees."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(FOREIGN):
                patch.delenv(name)
        # A shell starts what it runs in the background deaf to Ctrl-C, and what a test starts would be deaf as well.
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        yield


@pytest.fixture(scope="session", autouse=True)
def forked_dashboards() -> Iterator[None]:
    """A dashboard that a test starts does not import all again that the one before has imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk, "start", forked.start)
        yield


@pytest.fixture
def blank_sqlite_url(tmp_path: Path) -> str:
    """A file of its own; it does not exist yet."""
    return f"sqlite:///{tmp_path / 'loans.db'}"


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book as it is when it was opened for the first time: a copy costs a tenth of what all the migrations do."""
    file = tmp_path_factory.mktemp("empty") / "loans.db"
    Store(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def sqlite_url(blank_sqlite_url: str, empty_file: Path) -> str:
    """An empty book in a file of its own."""
    file = blank_sqlite_url.removeprefix("sqlite:///")
    shutil.copyfile(empty_file, file)
    with closing(sqlite3.connect(file)) as copy, copy:
        copy.execute(A_BOOK_OF_ITS_OWN, {"id": uuid4().hex})
    return blank_sqlite_url


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """The server. What wants a database for longer than one test asks it: ``with postgresql.database() as url``."""
    with _missing_in_words("PostgreSQL"), postgresql_server() as server:
        yield server


@pytest.fixture
def blank_postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """A fresh, empty database on a real PostgreSQL."""
    with postgresql.database() as url:
        yield url


@pytest.fixture(scope="session")
def empty_database(postgresql: PostgreSQL) -> str:
    """The same as ``empty_file``, on the server."""
    url = postgresql.new_database()
    Store(url).close()
    return url


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL, empty_database: str) -> Iterator[str]:
    """An empty book in a database of its own."""
    with postgresql.database(like=empty_database) as url:
        with closing(psycopg.connect(url.replace("+psycopg", "", 1))) as copy, copy:
            copy.execute(A_BOOK_OF_ITS_OWN.replace(":id", "%(id)s"), {"id": uuid4().hex})
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest) -> Any:
    """The test runs once on each database, in which there is nothing yet."""
    return request.getfixturevalue(f"blank_{request.param}_url")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Any:
    """The test runs once on each database, on an empty book."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(scope="session")
def redis_server_url() -> Iterator[str]:
    """A real Redis, with whatever the tests before this one left in it."""
    with _missing_in_words("Redis"), redis_server() as url:
        yield url


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """A real Redis with nothing in it."""
    with redis.Redis.from_url(redis_server_url) as client:
        client.flushall()
    return redis_server_url


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where a Chromium is, for Playwright's ``executable_path``."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or _missing("There is no chromium, chromium-browser or google-chrome on the path.")


@pytest.fixture(scope="session")
def one_browser(chromium: str) -> Iterator[tuple[Browser, asyncio.AbstractEventLoop]]:
    """A Chromium with one empty tab, which is lent to one file after the other; and the loop that speaks with it.

    The loop runs in the thread of the tests, where it would be in the way of whoever runs one of his own.
    """
    with browser(chromium) as running:
        running.new_context().new_page()
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield running, loop
        asyncio._set_running_loop(loop)


@pytest.fixture(scope="module")
def launched(one_browser: tuple[Browser, asyncio.AbstractEventLoop]) -> Iterator[Browser]:
    """The browser, for those who wait for nothing else meanwhile: ``desk.lent_tab`` lends its tab."""
    running, loop = one_browser
    asyncio._set_running_loop(loop)
    yield running
    asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The reference data beside the repository: real loans, and cases that somebody else worked out."""
    beside = ROOT.parent / "shared" / "reference"
    if not beside.is_dir():
        pytest.skip(f"The reference data is no part of the repository, and there is none at {beside}.")
    return beside


@contextmanager
def _missing_in_words(server: str) -> Iterator[None]:
    try:
        yield
    except ServerUnavailable as error:
        _missing(f"{server} cannot run here: {error}")


def _missing(reason: str) -> NoReturn:
    """On a desk the test is skipped and says why; in CI it fails, where a skipped test would pass for a passed one."""
    if IN_CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest is begun first, in this order: a worker that began it last would be the only one at work."""
    places = {name: place for place, name in enumerate(TAKES_LONG)}
    items.sort(key=lambda item: places.get(item.path.stem.removeprefix("test_"), len(places)))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Lines are counted where they are reached first: whatever is counted takes half as long again.

    What a property tries a hundred times, what a page or a browser asks for, and what runs on PostgreSQL as it does on
    SQLite, reaches lines that the tests by example of the package reach; but for a few, which are counted all the same.
    """
    kind = item.path.stem.removeprefix("test_")
    is_again = "page" in kind or "[postgresql" in item.name or "chromium" in getattr(item, "fixturenames", ())
    if is_hypothesis_test(getattr(item, "obj", None)) or (is_again and kind not in COUNTED):
        item.add_marker("again")
