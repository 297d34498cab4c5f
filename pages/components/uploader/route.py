"""The route of large uploads: what comes is written to the visit's folder block by block.

    PUT /api/upload/TICKET    the stream that `sandseg.arrivals` describes

The answer is a status alone. What there is to say to the visitor stays with the ticket, and the
page says it: a browser whose upload is refused half-way does not read answers.
"""

import asyncio
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit import config
from streamlit.url_util import make_url_path
from streamlit.web.server.server_util import is_xsrf_enabled
from streamlit.web.server.starlette.starlette_app_utils import validate_xsrf_token
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from pages.components.uploader.tickets import Ticket, redeem
from sandseg.errors import SandsegError
from sandseg.uploads.receive import Arrival

BLOCK_BYTES = 2**20  # in memory at a time, for each upload
BLOCK_S = 60.0  # in which a block must come: who is slower than 17 kB/s holds nothing


def upload_address() -> str:
    """Return where the route is: below the address the app is served at."""
    return make_url_path(config.get_option("server.baseUrlPath"), "api/upload/")


def upload_route() -> Route:
    """Return the route, for `st.App`."""
    return Route(upload_address() + "{ticket}", _put, methods=["PUT"])


async def _put(request: Request) -> Response:
    token, cookie = request.headers.get("X-Xsrftoken"), request.cookies.get(XSRF_COOKIE_NAME)
    if is_xsrf_enabled() and not validate_xsrf_token(token, cookie):
        return _answer(403)
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal():
        return _answer(411)
    ticket = redeem(request.path_params["ticket"])
    if ticket is None:
        return _answer(404)
    try:
        await _receive(request, ticket, int(length))
    except SandsegError as error:
        ticket.refusal = error
        return _answer(413)
    except (ClientDisconnect, TimeoutError):
        return _answer(408)
    return _answer(204)


async def _receive(request: Request, ticket: Ticket, n_bytes: int) -> None:
    """Write to the disk in a thread: it may be slow, and others are served meanwhile."""
    with await run_in_threadpool(Arrival, ticket.visit.folder, n_bytes, ticket.wanted) as arrival:
        async for block in _blocks(request):
            await run_in_threadpool(arrival.write, block)
        ticket.files = arrival.finish()


async def _blocks(request: Request) -> AsyncIterator[bytearray]:
    """Collect what comes in small pieces.

    Raises:
        ClientDisconnect: The sender is gone.
        TimeoutError: The sender is too slow.
    """
    pieces, is_more = request.stream(), True
    while is_more:
        block, is_more = bytearray(), False
        async with asyncio.timeout(BLOCK_S):
            async for piece in pieces:
                block += piece
                if len(block) >= BLOCK_BYTES:
                    is_more = True
                    break
        yield block


def _answer(status: int) -> Response:
    """Answer; a sender that is refused may have more to send, so hang up."""
    return Response(status_code=status, headers={} if status == 204 else {"Connection": "close"})
