"""Who may call: tokens, browsers of other sites, strangers on the network, and how often."""

import asyncio
import hashlib
import hmac
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from loan_core import Settings
from loan_core.access import Guard, Rate, hosts_asked_for, make_token, read_tokens
from loan_core.errors import InvalidSetting
from tests import forked
from tests.api_servers import LOAN, ROOT, serving
from tests.servers import free_port


def entry(name, token, right):
    return f"{name}:{hashlib.sha256(token.encode()).hexdigest()}:{right}"


TOKENS = ",".join([entry("till", "w-secret", "write"), entry("report", "r-secret", "read")])


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    file = tmp_path_factory.mktemp("access") / "loans.db"
    settings = Settings(
        database_uri=f"sqlite:///{file}", redis_url="off", api_tokens=TOKENS, cors_origins=("https://front.example",)
    )
    with serving(settings) as caller:
        caller.book.create_loan(**LOAN)
        yield caller


@pytest.fixture(scope="module")
def open_call(tmp_path_factory):
    file = tmp_path_factory.mktemp("open") / "loans.db"
    with serving(Settings(database_uri=f"sqlite:///{file}", redis_url="off")) as caller:
        yield caller


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "w-secret"},
        {"Authorization": "Basic w-secret"},
        {"Authorization": f"Bearer {hashlib.sha256(b'w-secret').hexdigest()}"},
    ],
    ids=["none", "wrong", "empty", "bare", "basic", "its digest"],
)
def test_without_a_known_token_nothing_is_said_and_nothing_written(call, shown):
    for method, path in (
        ("GET", "/loans"),
        ("GET", "/loans/1/status"),
        ("GET", "/portfolio"),
        ("GET", "/metrics"),
        ("GET", "/nothing"),
        ("POST", "/create-loans"),
        ("POST", "/loans/1/repayments"),
        ("POST", "/docs"),
    ):
        reply = call(method, path, LOAN if method == "POST" else None, **shown)
        assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
        assert reply.headers["content-type"] == "application/problem+json"
    assert call.get("/loans", **bearer("r-secret")).said["count"] == 1


def test_a_token_for_reading_reads_and_does_not_write(call):
    assert call.get("/loans/1/status", **bearer("r-secret")).status == 200
    before = call.get("/loans", **bearer("r-secret")).said["revision"]
    for path in ("/create-loans", "/loans/1/repayments", "/loans/1/repayments/1/reverse"):
        assert call.post(path, {"amount": 1}, **bearer("r-secret")).status == 403
    assert call.get("/loans", **bearer("r-secret")).said["revision"] == before


def test_who_wrote_is_the_tokens_name(call):
    made = call.post("/create-loans", LOAN, **bearer("w-secret"))
    assert (made.status, made.said["recorded_by"]) == (201, "till")


def test_a_key_is_its_callers_own(tmp_path):
    tokens = ",".join(entry(name, f"{name}-secret", "write") for name in ("a", "b"))
    settings = Settings(database_uri=f"sqlite:///{tmp_path}/loans.db", redis_url="off", api_tokens=tokens)
    with serving(settings) as call:
        ids = {
            call.post("/create-loans", LOAN, Idempotency_Key="1", **bearer(f"{name}-secret")).said["id"]
            for name in "abab"
        }
    assert len(ids) == 2


def test_a_revoked_token_is_unknown_after_a_restart(tmp_path):
    url = f"sqlite:///{tmp_path}/loans.db"
    for tokens, status in ((TOKENS, 201), (entry("report", "r-secret", "read"), 401)):
        with serving(Settings(database_uri=url, redis_url="off", api_tokens=tokens)) as call:
            assert call.post("/create-loans", LOAN, **bearer("w-secret")).status == status
            assert call.book.edition(call.book.today()).revision == 1


def test_whoever_watches_the_server_needs_no_token(call):
    for path in ("/healthz", "/readyz", "/docs", "/openapi.json"):
        assert call.get(path).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "http://127.0.0.1:{port}"}, 201),
        ({"Sec_Fetch_Site": "none"}, 201),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "https://front.example"}, 201),
    ],
)
def test_a_page_of_another_site_does_not_write(call, headers, status):
    headers = {name: value.format(port=call.port) for name, value in headers.items()}
    assert call.post("/create-loans", LOAN, **headers, **bearer("w-secret")).status == status


def test_only_a_named_front_end_may_read_across_origins(call):
    asked = {"Origin": "https://front.example", "Access_Control_Request_Method": "POST"}
    assert call("OPTIONS", "/create-loans", **asked).headers["access-control-allow-origin"] == "https://front.example"
    assert (
        "access-control-allow-origin" not in call("OPTIONS", "/create-loans", **asked | {"Origin": "https://x"}).headers
    )
    reply = call.get("/loans/1", Origin="https://front.example", **bearer("r-secret"))
    assert reply.headers["access-control-allow-origin"] == "https://front.example"
    refused = call.get("/loans/1", Origin="https://front.example")
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, "https://front.example")
    assert "access-control-allow-origin" not in call.get("/loans/1", Origin="https://x", **bearer("r-secret")).headers


def test_a_front_end_that_is_named_can_read_how_it_failed(call, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(call.book, "portfolio", fail)
    reply = call.get("/portfolio", Origin="https://front.example", **bearer("r-secret"))
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (500, "https://front.example")
    counted = call.get("/metrics", **bearer("r-secret")).body.decode()
    assert 'method="GET",route="/portfolio",status="500",worker=' in counted


def test_what_a_browser_asks_before_it_writes(call):
    asked = {"Origin": "https://front.example", "Access_Control_Request_Method": "POST"}
    wanted = {"Access_Control_Request_Headers": "authorization, content-type, idempotency-key"}
    assert call("OPTIONS", "/create-loans", **asked, **wanted).status == 200
    assert call("OPTIONS", "/create-loans", **asked, Access_Control_Request_Headers="x-other").status == 400
    assert call("OPTIONS", "/create-loans", **asked | {"Access_Control_Request_Method": "DELETE"}).status == 400
    # Whoever is not named is answered as by a server that knows nothing of other origins.
    other = call("OPTIONS", "/create-loans", **asked | {"Origin": "https://x"})
    assert (other.status, other.headers["allow"]) == (204, "OPTIONS, POST")


def test_without_tokens_a_stranger_is_refused(open_call):
    async def ask(client, host):
        sent = []

        async def receive():
            return {"type": "http.request"}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/loans",
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", host.encode())],
            "client": (client, 1),
            "scheme": "http",
            "http_version": "1.1",
            "server": ("x", 80),
        }
        await open_call.api(scope, receive, send)
        return sent[0]["status"]

    assert asyncio.run(ask("127.0.0.1", "localhost:8000")) == 200
    assert asyncio.run(ask("::1", "[::1]:8000")) == 200
    assert asyncio.run(ask("192.168.1.7", "localhost:8000")) == 403
    # A name that somebody else's DNS points at this machine (rebinding) is not ours.
    assert asyncio.run(ask("127.0.0.1", "evil.example:8000")) == 403


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        (["--host", "0.0.0.0"], {}),
        ([], {"UVICORN_HOST": "0.0.0.0"}),
        (["--host", "0.0.0.0", "--workers", "2"], {}),
    ],
)
def test_without_tokens_it_does_not_start_for_strangers(tmp_path, options, environment):
    said = start(tmp_path, options, environment)
    assert said.returncode != 0 or "--workers" in options  # where there are several, their parent ends well
    assert "Without tokens the API serves this machine only" in said.stderr
    assert "make-token" in said.stderr
    assert "Traceback" not in said.stderr
    assert not (tmp_path / "loans.db").exists()


def test_a_token_that_is_none_is_refused_at_the_start(tmp_path):
    said = start(tmp_path, [], {"LOANS_API_TOKENS": "till:abc:write"})
    assert said.returncode != 0
    assert "LOANS_API_TOKENS" in said.stderr
    assert "Traceback" not in said.stderr


def start(folder, options, environment):
    """What the server says that is started so. One that starts others of its kind is not forked itself."""
    words = ("uvicorn", "loan_core.api:api", "--port", str(free_port()), *options)
    mine = os.environ | {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/loans.db", "REDIS_URL": "off"} | environment
    if "--workers" not in options:
        return forked.run(words, mine)
    command = (sys.executable, "-m", *words)
    return subprocess.run(command, cwd=ROOT, env=mine, capture_output=True, text=True, timeout=60)


def test_where_a_server_listens_is_read_from_how_it_was_asked():
    for arguments, environment, hosts in (
        (["uvicorn", "x", "--port", "8"], {}, []),
        (["uvicorn", "--host", "::"], {}, ["::"]),
        (["uvicorn", "--host=0.0.0.0"], {}, ["0.0.0.0"]),
        (["gunicorn", "-b", "0.0.0.0:80"], {}, ["0.0.0.0"]),
        (["hypercorn", "--bind=[::1]:80"], {}, ["[::1]"]),
        (["streamlit", "run", "app.py", "--server.address=10.0.0.1"], {}, ["10.0.0.1"]),
        (["uvicorn", "--host"], {"UVICORN_HOST": "a"}, ["a", ""]),
    ):
        assert hosts_asked_for(arguments, environment) == hosts


def test_the_command_makes_a_token_that_lets_in(tmp_path):
    for option, right, status in ((["--write"], True, 201), ([], False, 403)):
        said = forked.run(("loan_core", "make-token", "till", *option), os.environ)
        assert said.returncode == 0
        token, made = (line.split()[-1] for line in said.stdout.splitlines())
        (known,) = read_tokens(made)
        assert (known.name, known.may_write) == ("till", right)
        settings = Settings(database_uri=f"sqlite:///{tmp_path}/loans.db", redis_url="off", api_tokens=made)
        with serving(settings) as call:
            assert call.post("/create-loans", LOAN, **bearer(token)).status == status


def test_a_tokens_name_fits_where_it_stands():
    for name in ("", "a b", "a:b", "a,b", "x" * 101):
        with pytest.raises(InvalidSetting):
            make_token(name, True)


@pytest.mark.parametrize(
    "text", ["till", "till:1:read", f"till:{'0' * 64}:admin", f":{'0' * 64}:read", f"a:{'g' * 64}:read"]
)
def test_tokens_that_cannot_mean_anything_are_refused(text):
    with pytest.raises(InvalidSetting):
        read_tokens(text)


def test_a_token_put_where_its_digest_belongs_is_not_printed():
    with pytest.raises(InvalidSetting, match="till") as refused:
        read_tokens("till:the-token-itself:write")
    assert "the-token-itself" not in str(refused.value)


def test_who_calls_too_often_waits(tmp_path):
    settings = Settings(
        database_uri=f"sqlite:///{tmp_path}/loans.db", redis_url="off", api_tokens=TOKENS, api_calls_per_minute=60
    )
    with serving(settings) as call:
        replies = [call.get("/portfolio", **bearer("r-secret")) for _ in range(14)]
        assert [each.status for each in replies[:10]] == [200] * 10
        assert replies[-1].status == 429
        assert re.fullmatch("[1-9]", replies[-1].headers["retry-after"])
        assert call.get("/portfolio", **bearer("w-secret")).status == 200


def test_every_token_is_compared_and_in_constant_time(monkeypatch):
    compared, compare = [], hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *pair: compared.append(pair) or compare(*pair))
    guard = Guard(None, read_tokens(TOKENS), (), 60)
    for shown, name in (("w-secret", "till"), ("r-secret", "report"), ("wrong", None)):
        found = guard._shown(f"Bearer {shown}")
        assert (found and found.name) == name
    assert len(compared) == 6


def test_a_rate_gives_as_much_as_it_says(monkeypatch):
    now = [0.0]
    # Its own clock, not the program's: a server that runs in another thread still goes by that.
    monkeypatch.setattr("loan_core.access.time", SimpleNamespace(monotonic=lambda: now[0]))
    rate, passed = Rate(60), 0
    for tenth in range(6000):
        now[0] = tenth / 10
        passed += rate.seconds_to_wait("x") == 0
    assert 600 <= passed <= 610
