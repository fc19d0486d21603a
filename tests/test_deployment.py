"""The Dockerfile and compose.yaml, read: no engine runs here, but what they name must exist, and nothing be open."""

import re
import shlex
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import yaml
from starlette.routing import Route
from streamlit import config

from loan_core.access import check_hosts, hosts_asked_for
from loan_core.errors import InvalidSetting
from loan_core.routes import router
from loan_core.settings import Settings

ROOT = Path(__file__).parents[1]
OURS = ("dashboard", "api")
OTHERS = {"database": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}, "redis": {"REDISCLI_AUTH"}}
SECRETS = re.compile("PASSWORD|TOKEN|AUTH")


class Noting(dict[str, str]):
    """An environment that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return default


def known_settings() -> set[str]:
    environment = Noting()
    Settings.read(environment)
    return environment.asked


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text())["services"])


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, list[str]]]:
    """The Dockerfile's instructions, each with its words."""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    said = [line for line in lines if line.strip() and not line.startswith("#")]
    return [(step, rest.split()) for step, _, rest in (line.partition(" ") for line in said)]


def test_every_variable_is_one_that_somebody_reads(services):
    streamlit = {each.env_var for each in config._config_options_template.values()}
    for name in OURS:
        assert set(services[name]["environment"]) <= known_settings() | streamlit
    for name, known in OTHERS.items():
        assert set(services[name]["environment"]) == known


def test_every_setting_is_in_the_readme():
    read = (ROOT / "README.md").read_text()
    assert [name for name in sorted(known_settings()) if f"`{name}`" not in read] == []


def test_no_secret_is_written_down_and_none_may_be_missing(services):
    for service in services.values():
        for name, value in service["environment"].items():
            if SECRETS.search(name):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]*\}", value)
            assert not re.search(r"://[^$]*:[^$]+@", value)


def test_nothing_is_published_beyond_this_machine(services):
    published = {name: service.get("ports", []) for name, service in services.items()}
    assert published == {
        "dashboard": ["127.0.0.1:8501:8501"],
        "api": ["127.0.0.1:8000:8000"],
        "database": [],
        "redis": [],
    }


def test_each_of_them_says_whether_it_is_well(services, steps):
    routes = {route.path for route in router.routes if isinstance(route, Route)}
    assert "/healthz" in routes
    of_the_image = " ".join(words for step, rest in steps if step == "HEALTHCHECK" for words in rest)
    assert "http://127.0.0.1:8501/api/healthz" in of_the_image
    assert "http://127.0.0.1:8000/healthz" in services["api"]["healthcheck"]["test"][-1]
    assert all("healthcheck" in services[name] for name in OTHERS)
    for name in OURS:
        assert services[name]["depends_on"] == {other: {"condition": "service_healthy"} for other in OTHERS}


def test_the_commands_are_ones_that_run_here(services, steps):
    *program, target = shlex.split(services["api"]["command"])[:4]
    options = shlex.split(services["api"]["command"])[4:]
    assert program == ["python", "-m", "uvicorn"]
    name, _, attribute = target.partition(":")
    assert hasattr(import_module(name), attribute)
    flags = {flag for each in uvicorn.main.params for flag in each.opts}
    assert {word for word in options if word.startswith("--")} <= flags
    (command,) = [" ".join(rest) for step, rest in steps if step == "CMD"]
    words = yaml.safe_load(command)
    assert words[:4] == ["python", "-m", "streamlit", "run"]
    assert (ROOT / words[4]).is_file()
    assert {word.removeprefix("--") for word in words[5:] if word.startswith("--")} <= set(
        config._config_options_template
    )


def test_an_api_that_others_reach_does_not_start_without_tokens(services):
    """So compose insists on them: the address that it gives is everybody's."""
    hosts = hosts_asked_for(shlex.split(services["api"]["command"]), {})
    assert hosts == ["0.0.0.0"]
    with pytest.raises(InvalidSetting):
        check_hosts((), hosts)


def test_the_image_is_made_of_what_is_there_and_runs_as_nobody_in_particular(steps):
    copied = [words[:-1] for step, words in steps if step == "COPY" and not words[0].startswith("--from")]
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in (word for words in copied for word in words):
        assert (ROOT / source).exists()
        assert source in allowed
    assert [words for step, words in steps if step == "USER"] == [["loans"]]
    assert {words[0] for step, words in steps if step == "FROM"} == {"python:3.11-slim"}
    assert sys.version_info >= (3, 11)
