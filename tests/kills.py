"""``kill -9`` of a server while four write to it: whatever it answered is in the book."""

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.api_servers import LOAN, served


def killed_under_writes(database_url, kills, **how):
    """How many repayments were answered over so many kills; each of them is asserted to be in the book."""
    environment = {"SQLALCHEMY_DATABASE_URI": database_url, "REDIS_URL": "off"}
    recorded = []
    for number in range(kills + 1):
        with served(environment, **how) as (process, call):
            if number == 0:
                call.post("/create-loans", LOAN)
            said = call.get("/loans/1/repayments").said["repayments"]
            assert set(recorded) <= {each["reference"] for each in said}
            if number == kills:
                return len(recorded)
            over = threading.Event()

            def write(writer, call=call, number=number, over=over):
                for count in range(100_000):
                    reference = f"{number}-{writer}-{count}"
                    try:
                        if call.post("/loans/1/repayments", {"amount": 0.01, "reference": reference}).status == 201:
                            recorded.append(reference)
                    except (OSError, http.client.HTTPException):
                        return
                    if over.is_set():
                        return

            with ThreadPoolExecutor(4) as pool:
                jobs = [pool.submit(write, writer) for writer in range(4)]
                time.sleep(0.3)
                process.kill()
                over.set()
                for job in jobs:
                    job.result()
    raise AssertionError
