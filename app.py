"""The server: the dashboard at / and the REST API at /api. Run it by `streamlit run app.py` or `uvicorn app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from secrets import token_hex

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp
from streamlit.logger import get_logger

from loan_core.api import api, opened
from pages._security import SecurityHeaders


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    # Loaded before anyone asks, they do not keep the first visitor waiting.
    for module in ("pandas", "plotly.graph_objects"):
        import_module(module)
    # What is mounted has no lifespan of its own.
    async with opened(api, (st.get_option("server.address") or "",)):
        yield


def known_names_only(app: ASGIApp) -> ASGIApp:
    """A page of somebody else that gives itself this machine's address is turned away: its name is not ours."""
    return TrustedHostMiddleware(app, st.get_option("server.allowedHosts") or ["*"], www_redirect=False)


def number_the_failure(error: Exception) -> bool:
    """A person reads that something failed and its number; the log has the number with what failed."""
    number = token_hex(4)
    get_logger("loan_book").error("Failure %s", number, exc_info=error)
    st.error(
        f"Something failed, and this page is not complete. Reload it. If it fails again, tell whoever keeps the "
        f"server: its log has this as failure **{number}**.",
        icon=":material/error:",
    )
    return True


app = st.App(
    "pages/frame.py",
    lifespan=lifespan,
    # A mount has what is below it; the address itself would be answered with a page.
    routes=[Route("/api", api), Mount("/api", api)],
    middleware=[Middleware(SecurityHeaders), Middleware(known_names_only)],
    on_script_error=number_the_failure,
)
