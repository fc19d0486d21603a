"""The README's REST examples, as they stand there, against a server alone and against one mounted at /api."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from loan_core import Settings
from loan_core.api import make_api, opened
from tests.api_servers import Caller, serving

README = Path(__file__).parents[1] / "README.md"
SECTION = re.search(r"^## For other programs: REST\n(.*?)^## ", README.read_text(), re.MULTILINE | re.DOTALL)[1]
CURL = re.compile(r"^curl (?:[^\n]*\\\n)*[^\n]*$", re.MULTILINE)


@pytest.fixture
def settings(sqlite_url):
    return Settings(database_uri=sqlite_url, redis_url="off")


@pytest.fixture
def at_api(settings):
    """The API below another application, which enters its lifespan, as app.py does."""
    api = make_api(settings)
    outer = Starlette(routes=[Mount("/api", api)], lifespan=lambda _: opened(api))
    with serving(settings, outer, api) as caller:
        yield caller


@pytest.fixture
def alone(settings):
    with serving(settings) as caller:
        yield caller


@pytest.mark.parametrize("place", ["alone", "at_api"])
def test_every_curl_of_the_readme_runs_as_it_stands_there(place, request):
    if not shutil.which("curl"):
        pytest.skip("There is no curl here.")
    caller: Caller = request.getfixturevalue(place)
    base = f"http://localhost:{caller.port}" + ("/api" if place == "at_api" else "")
    commands = CURL.findall(SECTION)
    assert len(commands) == 12
    said = {}
    for command in commands:
        run = f"{command.replace('http://localhost:8000', base)} -s --fail-with-body -4"
        done = subprocess.run(["sh", "-c", run], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        said[command] = done.stdout
    made, _, paid, status, *_ = said.values()
    assert (json.loads(made)["id"], json.loads(paid)["loan_id"]) == (1, 1)
    assert json.loads(status)["status"] == "Behind"
    assert '"total_amount_paid":94.56,' in status


def test_at_api_it_describes_itself_at_api(at_api):
    assert at_api.get("/api/openapi.json").said["servers"] == [{"url": "/api"}]
    assert (
        at_api.post("/api/create-loans", {"loan_amount": 1, "repayment_period": 1}).headers["location"]
        == "/api/loans/1"
    )
    assert at_api.get("/api/nothing").headers["content-type"] == "application/problem+json"
    assert at_api("PUT", "/api/loans/1").headers["allow"] == "GET, HEAD, OPTIONS"
    assert at_api.get("/api/docs").status == 200
