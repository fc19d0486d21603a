"""Programs without the wait for their imports: forked from one process that has imported what none of us wrote.

What is ours each of them imports for itself, as one does that is started from the shell.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

ROOT = Path(__file__).parents[1]
OTHERS = """
    alembic.command fastapi numpy pandas plotly.graph_objects psycopg pyarrow redis sqlalchemy.orm streamlit.web.cli
    streamlit.web.server.starlette uvicorn
""".split()


class Forked:
    """A running program; nobody's child that we could wait for: who keeps it says with which code it ended."""

    def __init__(self, pid: int, ended: IO[bytes]) -> None:
        self.pid = pid
        self._ended = ended

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        """The exit code, negative for the signal that ended it."""
        if not select.select([self._ended], [], [], timeout)[0]:
            raise TimeoutError(f"Process {self.pid} does not end.")
        with self._ended:
            return int(self._ended.read())


def start(words: Sequence[str], environment: Mapping[str, str], log_file: Path) -> Forked:
    """``python -m WORDS``, its output in a file."""
    with log_file.open("wb") as output, open(os.devnull, "rb") as nothing:
        return start_on(words, environment, nothing, output, output)


def run(
    words: Sequence[str], environment: Mapping[str, str], output: IO[bytes] | None = None
) -> "subprocess.CompletedProcess[str]":
    """What ``python -m WORDS`` came to, and what it said where its ``output`` is no other."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err, open(os.devnull, "rb") as nothing:
        code = start_on(words, environment, nothing, output or out, err).wait(60)
        for each in (out, err):
            each.seek(0)
        return subprocess.CompletedProcess(words, code, out.read(), err.read())


def begin(words: Sequence[str], environment: Mapping[str, str]) -> Forked:
    """``python -m WORDS`` that reads and writes where this process does."""
    return start_on(words, environment, 0, 1, 2)


def start_on(words: Sequence[str], environment: Mapping[str, str], *streams: IO[Any] | int) -> Forked:
    """``python -m WORDS`` with these as its standard input, output and error."""
    parent, (ended, says_ended) = _parent(), os.pipe()
    files = [each if isinstance(each, int) else each.fileno() for each in streams]
    asked = json.dumps([list(words), dict(environment)]).encode() + b"\n"
    try:
        sent = socket.send_fds(parent, [asked], [*files, says_ended])
        parent.sendall(asked[sent:])
    finally:
        os.close(says_ended)
    return Forked(int(parent.recv(20)), os.fdopen(ended, "rb"))


@cache
def _parent() -> socket.socket:
    """Where to ask the process to fork from. It ends when this one does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    ours, its = socket.socketpair()
    with its:
        command = (sys.executable, "-m", __name__)
        # Ctrl-C is for the tests: they end first, and this one after them.
        parent = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=its, start_new_session=True)
    atexit.register(parent.wait)
    atexit.register(ours.close)
    return ours


def _asked(door: socket.socket) -> tuple[bytes, list[int]]:
    """The next line, and the files that came with it; no line at the end of who asks."""
    line, files, *_ = socket.recv_fds(door, 65_536, 4)
    while line and not line.endswith(b"\n"):
        line += door.recv(65_536)
    return line, files


def _keep(door: socket.socket, line: bytes, files: list[int]) -> None:
    """Start the program, say which process it is, and at its end how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, says_ended = files
    pid = os.fork()
    if not pid:
        os.close(says_ended)
        _run(*json.loads(line), streams)
        return
    for each in streams:
        os.close(each)
    door.sendall(str(pid).encode())
    os.write(says_ended, str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
    os._exit(0)


def _run(words: Sequence[str], environment: Mapping[str, str], streams: Sequence[int]) -> None:
    """Become what ``python -m WORDS`` would be."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.argv[:] = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def main() -> None:
    """Fork once for each line that asks for it."""
    for name in OTHERS:
        import_module(name)
    # What is here stays: no program looks through it for garbage, at its end neither.
    gc.freeze()
    # Nobody waits for those that have ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    door = socket.socket(fileno=0)
    while (asked := _asked(door))[0]:
        if not os.fork():
            _keep(door, *asked)
            return
        for each in asked[1]:
            os.close(each)


if __name__ == "__main__":
    main()
