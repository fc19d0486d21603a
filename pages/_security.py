"""What a browser may do with our pages: load from here alone, run no script but ours, stand in nobody's frame."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

POLICY = {
    "default-src": "'self'",
    # The hash is of the one script that stands in Streamlit's own page: `window.prerenderReady = false`.
    "script-src": "'self' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='",
    # Streamlit, the grid and the charts set styles on what they draw.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "frame-ancestors": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "object-src": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{what} {where}" for what, where in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    # A link in the address bar names a loan: nobody else learns of it.
    "Referrer-Policy": "no-referrer",
}
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_NAMES = {name for name, _ in _ENCODED}
# What begins a response: to a request, to one that opens a socket, to one that is not let open it.
_BEGINNINGS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}


class SecurityHeaders:
    """ASGI middleware: every response carries these headers, once, whatever it said of them itself."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] in _BEGINNINGS:
                kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in _NAMES]
                message = {**message, "headers": [*kept, *_ENCODED]}
            await send(message)

        await self._app(scope, receive, send_with_headers)
