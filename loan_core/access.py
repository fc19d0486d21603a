"""Who may call the API, from where, how often, and with how much: settled before a route is reached.

Pure ASGI, so that it costs next to nothing and sees what a route would not.
"""

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from starlette.requests import ClientDisconnect

from loan_core.errors import InvalidSetting
from loan_core.problems import ProblemDetails, problem_response
from loan_core.settings import LONGEST_NAME

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LARGEST_BODY = 1 << 20
_READING = ("GET", "HEAD", "OPTIONS")
_TOO_LARGE = ProblemDetails(413, "The body is larger than 1 MiB. Send less at once.")
_NO_TOKENS = "Set LOANS_API_TOKENS (python -m loan_core make-token NAME makes one) to serve anyone else."
_ANYBODYS_PATHS = ("/healthz", "/readyz", "/docs", "/openapi.json")


@dataclass(frozen=True)
class Token:
    """Somebody's permission: the name that signs what is written, and the SHA-256 of what they show."""

    name: str
    digest: bytes
    may_write: bool


def read_tokens(text: str) -> tuple[Token, ...]:
    """``LOANS_API_TOKENS``: ``name:sha256:read`` or ``name:sha256:write``, separated by commas; ``InvalidSetting``."""
    tokens = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, rest = part.partition(":")
        digest, _, right = rest.partition(":")
        is_digest = len(digest) == 64 and all(each in "0123456789abcdef" for each in digest.lower())
        if not 0 < len(name) <= LONGEST_NAME or not is_digest or right not in ("read", "write"):
            # What stands after the name may be a token that somebody took for its digest.
            raise InvalidSetting("LOANS_API_TOKENS", f"{name}:…", "Write name:sha256:read or name:sha256:write.")
        tokens.append(Token(name, bytes.fromhex(digest), right == "write"))
    return tuple(tokens)


def make_token(name: str, may_write: bool) -> tuple[str, str]:
    """A new token, to be given to its holder, and the entry of ``LOANS_API_TOKENS`` that lets it in."""
    if not name or len(name) > LONGEST_NAME or any(each in ":," or each.isspace() for each in name):
        raise InvalidSetting(
            "NAME", name, f"Write at most {LONGEST_NAME} characters, without spaces, colons and commas."
        )
    token = secrets.token_urlsafe(32)
    return token, f"{name}:{hashlib.sha256(token.encode()).hexdigest()}:{'write' if may_write else 'read'}"


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether an address or a host's name means this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def hosts_asked_for(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The addresses that a server's command line and its environment say it is to listen on."""
    found = [environment["UVICORN_HOST"]] if environment.get("UVICORN_HOST") else []
    for name, following in zip(arguments, [*arguments[1:], ""], strict=True):
        flag, is_joined, value = name.partition("=")
        if flag in ("--host", "--bind", "-b", "--server.address"):
            host = value if is_joined else following
            found.append(host.rpartition(":")[0] if flag in ("--bind", "-b") else host)
    return found


def check_hosts(tokens: Sequence[Token], hosts: Sequence[str]) -> None:
    """``InvalidSetting`` where a server is to listen beyond this machine, and nobody would have to show a token."""
    for host in hosts:
        if not tokens and not is_loopback(host):
            wrong = f"Without tokens the API serves this machine only, and the server was asked for {host}."
            raise InvalidSetting("LOANS_API_TOKENS", "", f"{wrong} {_NO_TOKENS}")


@dataclass
class Rate:
    """A bucket a token: so many calls a minute, and a few seconds' worth of them at once."""

    per_minute: int
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def seconds_to_wait(self, name: str) -> float:
        """0 where the call may go on, and then it is counted."""
        now = time.monotonic()
        most = max(1.0, self.per_minute / 6)
        left, since = self._left.get(name, (most, now))
        left = min(most, left + (now - since) * self.per_minute / 60)
        self._left[name] = (left - 1 if left >= 1 else left, now)
        return 0.0 if left >= 1 else (1 - left) * 60 / self.per_minute


class Guard:
    """Lets a call through to ``app`` with ``scope["state"]["recorded_by"]`` set, or answers it with a problem."""

    def __init__(self, app: App, tokens: tuple[Token, ...], origins: tuple[str, ...], per_minute: int) -> None:
        self._app = app
        self._tokens = tokens
        self._origins = origins
        self._rate = Rate(per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refused, name = self._judge(scope, headers)
        if refused is None and scope["method"] not in _READING:
            try:
                body = await _whole_body(receive, headers.get("content-length", ""))
            except ClientDisconnect:
                return
            refused = _TOO_LARGE if body is None else None
            receive = _replayed(body or b"", receive)
        if refused:
            await problem_response(refused)(scope, receive, send)
            return
        scope.setdefault("state", {})["recorded_by"] = name
        await self._app(scope, receive, send)

    def _judge(self, scope: Scope, headers: Mapping[str, str]) -> tuple[ProblemDetails | None, str]:
        """Why this call is refused, or None and the caller's name."""
        is_writing = scope["method"] not in _READING
        if is_writing and not self._is_our_own(headers):
            return ProblemDetails(403, "A page of another site may not write here."), ""
        if not self._tokens:
            return self._judge_place(scope, headers), ""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if not is_writing and (path in _ANYBODYS_PATHS or scope["method"] == "OPTIONS"):
            return None, ""
        token = self._shown(headers.get("authorization", ""))
        if token is None:
            need = {"WWW-Authenticate": "Bearer"}
            return ProblemDetails(401, "Show a token that is known here: Authorization: Bearer …", headers=need), ""
        if is_writing and not token.may_write:
            return ProblemDetails(403, f"The token of {token.name} may read, and not write."), ""
        if wait := self._rate.seconds_to_wait(token.name):
            after = {"Retry-After": str(int(wait) + 1)}
            return ProblemDetails(429, f"{token.name} calls too often. Wait a moment.", headers=after), ""
        return None, token.name

    def _judge_place(self, scope: Scope, headers: Mapping[str, str]) -> ProblemDetails | None:
        client = scope.get("client")
        if client and not is_loopback(client[0]):
            return ProblemDetails(403, f"Without tokens only this machine may call. {_NO_TOKENS}")
        # A page of another site could name this machine as its own; only its name for us gives it away.
        if not is_loopback(_name(headers.get("host", "localhost"))):
            return ProblemDetails(403, f"Without tokens this machine is called localhost. {_NO_TOKENS}")
        return None

    def _shown(self, authorization: str) -> Token | None:
        kind, _, shown = authorization.partition(" ")
        digest = hashlib.sha256(shown.strip().encode("utf-8", "replace")).digest()
        # Every token is compared, and in constant time: how long a refusal takes says nothing.
        matching = [token for token in self._tokens if hmac.compare_digest(token.digest, digest)]
        return matching[0] if matching and kind.lower() == "bearer" else None

    def _is_our_own(self, headers: Mapping[str, str]) -> bool:
        """Whether a write comes from no browser, from our own pages, or from a front end that is named."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin in self._origins:
            return True
        is_ours = origin is None or origin.partition("://")[2] == headers.get("host")
        return is_ours and site in (None, "same-origin", "none")


def _name(host: str) -> str:
    """A host without its port: ``[::1]:8000`` is ``[::1]``."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host


async def _whole_body(receive: Receive, announced: str) -> bytes | None:
    """A body, None where it is longer than it may be."""
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > LARGEST_BODY:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            # Half a request is none.
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What a route is given in place of ``receive``: the body that was read for it, then whatever comes."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        return next(messages, None) or await receive()

    return replay
