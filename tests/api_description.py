"""The API held against its own description: whatever schemathesis can think of."""

import subprocess
import sys
from pathlib import Path

from loan_core import Settings
from tests.api_servers import LOAN, serving

CONFIG = Path(__file__).with_name("schemathesis.toml")


def described(database_url, examples, folder, *options):
    """What schemathesis says of all its checks with so many examples an operation."""
    with serving(Settings(database_uri=database_url, redis_url="off")) as call:
        call.post("/create-loans", LOAN)
        call.post("/loans/1/repayments", {"amount": 94.56, "received_on": "2025-11-01"})
        program = Path(sys.executable).with_name("schemathesis")
        address = f"http://127.0.0.1:{call.port}/openapi.json"
        always = ("--checks", "all", "-n", str(examples), "--continue-on-failure", "--seed", "1", "--no-color")
        command = (program, "--config-file", CONFIG, "run", address, *always, *options)
        # It keeps what it found in its working directory.
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
