"""How many calls a second one worker answers, beside a stand-in for the reference program and beside a bare route.

``python -m tests.benchmarks.api_throughput [rounds] [seconds]``. It takes ``wrk`` (Debian: ``apt-get install wrk``),
16 connections; every number is the median of the rounds, in which the servers take turns, so that whatever else the
machine does falls on all of them. Read the ratios: the seconds are the machine's.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.servers import free_port, redis_server

ROOT = Path(__file__).parents[2]
POST = 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = \'{}\'\n'
LOAN = '{"loan_amount": 1000.0, "repayment_period": 12}'
REPAYMENT = '{"amount": 1.25}'
STATUS = "/loans/1/status"

Case = tuple[str, str, str]


@contextmanager
def served(app: str, environment: Mapping[str, str], workers: int = 1) -> Iterator[str]:
    """A server of its own process, with one loan that has received five repayments."""
    port = free_port()
    command = (sys.executable, "-m", "uvicorn", app, "--port", str(port), "--log-level", "error", "--no-access-log")
    with subprocess.Popen((*command, "--workers", str(workers)), cwd=ROOT, env={**os.environ, **environment}) as server:
        base = f"http://127.0.0.1:{port}"
        try:
            wait_for(base)
            yield base
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


def measured(address: str, body: str, seconds: float, folder: Path) -> float:
    """Calls a second; every answer must be one of success."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--timeout", "10s", address]
    if body:
        script = folder / "post.lua"
        script.write_text(POST.replace("{}", body))
        command[1:1] = ["-s", str(script)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def main(rounds: int = 5, seconds: int = 4) -> None:
    if not shutil.which("wrk"):
        print("This measurement takes wrk, and it is not here: apt-get install wrk.")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="loans-bench-")))
        redis_url, other_redis_url = (stack.enter_context(redis_server()) for _ in range(2))
        bases = {}
        for name, app, url in (
            ("ours", "loan_core.api:api", redis_url),
            ("ours, no Redis", "loan_core.api:api", "off"),
            ("stand-in", "tests.benchmarks.stand_in:api", other_redis_url),
            ("stand-in, no Redis", "tests.benchmarks.stand_in:api", "off"),
            ("bare", "tests.benchmarks.stand_in:bare", other_redis_url),
        ):
            file = folder / f"{name.partition(' ')[0].rstrip(',')}-{url == 'off'}.db"
            environment = {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{file}", "REDIS_URL": url}
            bases[name] = stack.enter_context(served(app, environment))
            if name != "bare":
                send(f"{bases[name]}/create-loans", LOAN)
                for _ in range(5):
                    send(f"{bases[name]}/loans/1/repayments", REPAYMENT)
        found = defaultdict(list)
        for _ in range(rounds):
            for call, names, path, body in CASES:
                for name in names:
                    found[call, name].append(measured(bases[name] + path, body, seconds, folder))
        show({case: median(each) for case, each in found.items()})


OURS = ("ours", "stand-in")
CASES = (
    ("cached status", (*OURS, "bare"), STATUS, ""),
    ("uncached status", ("ours, no Redis", "stand-in, no Redis"), STATUS, ""),
    ("create", OURS, "/create-loans", LOAN),
    ("repay", OURS, "/loans/2/repayments", REPAYMENT),
)
BARS = {"cached status": (2.0, 0.5), "uncached status": (1.5, None), "create": (2.0, None), "repay": (2.0, None)}


def show(found: Mapping[tuple[str, str], float]) -> None:
    print(f"{'':16}{'ours':>10}{'stand-in':>10}{'bare':>10}{'÷ stand-in':>18}{'÷ bare':>18}")
    for call, names, _, _ in CASES:
        numbers = [found[call, name] for name in names]
        cells = [f"{number:10,.0f}" for number in numbers] + [" " * 10] * (3 - len(numbers))
        ratios = [numbers[0] / number for number in numbers[1:]]
        bars = [
            f"{ratio:9.2f} {'≥' if ratio >= (bar or 0) else '<'} {bar}"
            for ratio, bar in zip(ratios, BARS[call], strict=False)
        ]
        print(f"{call:16}{''.join(cells)}{''.join(f'{each:>18}' for each in bars)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
