"""How many calls a second one worker answers, beside a stand-in for the reference program and beside a bare route.

``python -m tests.benchmarks.api_throughput [rounds] [seconds]``. It takes ``wrk`` (Debian: ``apt-get install wrk``),
16 connections; every number is the median of the rounds, in which the servers take turns, so that whatever else the
machine does falls on all of them. Read the ratios: the seconds are the machine's. Beside them stands the processor's
time that each server's process took for a call: one worker is one interpreter, so that no more calls than one over that
time can be answered in a second, whatever waits are there.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.servers import free_port, redis_server

ROOT = Path(__file__).parents[2]
POST = 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = \'{}\'\n'
LOAN = '{"loan_amount": 1000.0, "repayment_period": 12}'
REPAYMENT = '{"amount": 1.25}'
STATUS = "/loans/1/status"

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Served:
    """Where a server answers, and which process it is."""

    base: str
    process: int

    def processor_seconds(self) -> float:
        """What its process has taken so far, in user's time and the system's."""
        after_name = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, after_name[11:13])) / TICKS_A_SECOND


@dataclass(frozen=True)
class Measured:
    """Calls a second, and the microseconds of the processor that one of them took."""

    calls_a_second: float
    microseconds: float


@contextmanager
def served(app: str, environment: Mapping[str, str]) -> Iterator[Served]:
    """A server of its own process, with one loan that has received five repayments."""
    port = free_port()
    command = (sys.executable, "-m", "uvicorn", app, "--port", str(port), "--log-level", "error", "--no-access-log")
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}) as server:
        base = f"http://127.0.0.1:{port}"
        try:
            wait_for(base)
            yield Served(base, server.pid)
        finally:
            server.terminate()


def wait_for(base: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{base}/healthz").close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{base} did not start.")


def send(address: str, body: str) -> None:
    request = urllib.request.Request(address, body.encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


def measured(server: Served, path: str, body: str, seconds: float, folder: Path) -> Measured:
    """One run; every answer must be one of success."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--timeout", "10s", server.base + path]
    if body:
        script = folder / "post.lua"
        script.write_text(POST.replace("{}", body))
        command[1:1] = ["-s", str(script)]
    before = server.processor_seconds()
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    took = server.processor_seconds() - before
    assert "Non-2xx" not in said, said
    calls, rate = re.search(r"(\d+) requests in", said), re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert calls is not None, said
    assert rate is not None, said
    return Measured(float(rate[1]), took / int(calls[1]) * 1e6)


def main(rounds: int = 5, seconds: int = 4) -> None:
    if not shutil.which("wrk"):
        print("This measurement takes wrk, and it is not here: apt-get install wrk.")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="loans-bench-")))
        redis_url, other_redis_url = (stack.enter_context(redis_server()) for _ in range(2))
        servers = {}
        for name, app, url in (
            ("ours", "loan_core.api:api", redis_url),
            ("ours, no Redis", "loan_core.api:api", "off"),
            ("stand-in", "tests.benchmarks.stand_in:api", other_redis_url),
            ("stand-in, no Redis", "tests.benchmarks.stand_in:api", "off"),
            ("bare", "tests.benchmarks.stand_in:bare", other_redis_url),
        ):
            file = folder / f"{name.partition(' ')[0].rstrip(',')}-{url == 'off'}.db"
            environment = {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{file}", "REDIS_URL": url}
            servers[name] = stack.enter_context(served(app, environment))
            if name != "bare":
                send(f"{servers[name].base}/create-loans", LOAN)
                for _ in range(5):
                    send(f"{servers[name].base}/loans/1/repayments", REPAYMENT)
        found = defaultdict(list)
        for _ in range(rounds):
            for call, names, path, body in CASES:
                for name in names:
                    found[call, name].append(measured(servers[name], path, body, seconds, folder))
        show({case: medians(each) for case, each in found.items()})


OURS = ("ours", "stand-in")
CASES = (
    ("cached status", (*OURS, "bare"), STATUS, ""),
    ("uncached status", ("ours, no Redis", "stand-in, no Redis"), STATUS, ""),
    ("create", OURS, "/create-loans", LOAN),
    ("repay", OURS, "/loans/2/repayments", REPAYMENT),
)
BARS = {"cached status": (2.0, 0.5), "uncached status": (1.5, None), "create": (2.0, None), "repay": (2.0, None)}


def medians(rounds: Sequence[Measured]) -> Measured:
    rates, times = [each.calls_a_second for each in rounds], [each.microseconds for each in rounds]
    return Measured(median(rates), median(times))


def show(found: Mapping[tuple[str, str], Measured]) -> None:
    print(f"{'calls a second':20}{'ours':>10}{'stand-in':>10}{'bare':>10}{'÷ stand-in':>14}{'÷ bare':>14}")
    for call, names, _, _ in CASES:
        ours, *others = [found[call, name].calls_a_second for name in names]
        ratios = [said(ours / other, bar) for other, bar in zip(others, BARS[call], strict=False)]
        show_row(call, (ours, *others), ratios)
    print(f"\n{'processor, µs a call':20}{'ours':>10}{'stand-in':>10}{'bare':>10}{'stand-in ÷':>14}{'bare ÷':>14}")
    for call, names, _, _ in CASES:
        ours, *others = [found[call, name].microseconds for name in names]
        show_row(call, (ours, *others), [f"{other / ours:.2f}" for other in others])


def said(ratio: float, bar: float | None) -> str:
    return f"{ratio:.2f} {'≥' if ratio >= (bar or 0) else '<'} {bar}"


def show_row(call: str, numbers: Sequence[float], ratios: Sequence[str]) -> None:
    cells = [f"{number:10,.0f}" for number in numbers] + [" " * 10] * (3 - len(numbers))
    print(f"{call:20}{''.join(cells)}{''.join(f'{each:>14}' for each in ratios)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
