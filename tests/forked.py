"""Dashboards without the wait for their imports: forked from one process that has imported what none of us wrote.

What is ours each of them imports for itself, as one does that is started from the shell.
"""

import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
OTHERS = """
    alembic.command fastapi numpy pandas plotly.graph_objects psycopg pyarrow redis sqlalchemy.orm streamlit.web.cli
    streamlit.web.server.starlette uvicorn
""".split()


class Forked:
    """A running program; nobody's child that we could wait for, so it is asked for."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def wait(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        with suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.kill(self.pid, 0)
                time.sleep(0.01)
            raise TimeoutError(f"Process {self.pid} does not end.")


def start(words: Sequence[str], environment: Mapping[str, str], log_file: Path) -> Forked:
    """``python -m WORDS``, its output in a file."""
    parent = _parent()
    assert parent.stdin
    assert parent.stdout
    parent.stdin.write(json.dumps([list(words), dict(environment), str(log_file)]) + "\n")
    parent.stdin.flush()
    return Forked(int(parent.stdout.readline()))


@cache
def _parent() -> "subprocess.Popen[str]":
    """The process to fork from. It ends when this one does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = (sys.executable, "-m", __name__)
    parent = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is for the tests: they end first, and this one after them.
        start_new_session=True,
    )
    atexit.register(parent.communicate)
    return parent


def _run(words: Sequence[str], environment: Mapping[str, str], log_file: str) -> None:
    """Become what ``python -m WORDS`` would be."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv[:] = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def main() -> None:
    """Fork once for each line that asks for it, and say which process it is."""
    for name in OTHERS:
        import_module(name)
    # Nobody waits for those that have ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while line := sys.stdin.readline():
        if pid := os.fork():
            print(pid, flush=True)
        else:
            _run(*json.loads(line))
            return


if __name__ == "__main__":
    main()
