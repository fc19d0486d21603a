"""The API against its own description: whatever schemathesis can think of, no server error, no undocumented answer."""

import re

from tests.api_description import described


def test_no_answer_is_undocumented(sqlite_url, tmp_path):
    """Ten examples an operation; 300, and whole stories, are ``python -m tests.benchmarks.api_description``."""
    said = described(sqlite_url, 10, tmp_path, "--phases", "examples,coverage,fuzzing")
    assert said.returncode == 0, said.stdout
    assert re.search(r"Tested: 11\b", said.stdout)
