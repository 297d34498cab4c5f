"""The route of strokes: events come and are kept, labels that were learned from them go back.

    POST /api/paint/TICKET/events             {"known": n, "events": […]}
    GET  /api/paint/TICKET/state?known=n      the same answer, without sending anything
    GET  /api/paint/TICKET/labels?z=&have=&box=x0,y0,x1,y1[&axis=z|y|x][&sure=0|1]
    GET  /api/paint/TICKET/imported?file=NAME    the slices that an import brings

Events are answered once they are on the disk, with all the sender does not know, in the server's
order. Labels are of slice z, or of that plane along another axis; with them may come how sure they
are. They are waited for; 204 says that none came, and the browser asks again. Nothing is computed
here: the event loop serves everybody.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit import config
from streamlit.url_util import make_url_path
from streamlit.web.server.server_util import is_xsrf_enabled
from streamlit.web.server.starlette.starlette_app_utils import validate_xsrf_token
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from pages.components.painting.tickets import Look, Paintable, Ticket, find
from sandseg.errors import SandsegError
from sandseg.export.pictures import encode_png

MOST_BYTES = 10**6  # of one request
LARGEST = 2**53  # of any number: beyond it a browser cannot count
AXES = ("z", "y", "x")


def paint_address() -> str:
    """Return where the route is: below the address the app is served at."""
    return make_url_path(config.get_option("server.baseUrlPath"), "api/paint/")


def paint_routes() -> list[Route]:
    """Return the routes, for `st.App`."""
    place = paint_address() + "{ticket}/"
    return [
        Route(place + "events", _events, methods=["POST"]),
        Route(place + "state", _state, methods=["GET"]),
        Route(place + "labels", _labels, methods=["GET"]),
        Route(place + "imported", _imported, methods=["GET"]),
    ]


async def _events(request: Request) -> Response:
    token, cookie = request.headers.get("X-Xsrftoken"), request.cookies.get(XSRF_COOKIE_NAME)
    if is_xsrf_enabled() and not validate_xsrf_token(token, cookie):
        return _refused(403, "This page is not one of the app's.")
    ticket = _ticket(request)
    if isinstance(ticket, Response):
        return ticket
    try:
        body = await _body(request)
    except ClientDisconnect:
        return Response(status_code=408)
    if body is None:
        return _refused(413, "Too much at a time.", "Send fewer strokes at once.")
    sent = _parsed(body)
    if sent is None:
        return _refused(400, "These are no strokes.")
    return await _answer(ticket.lesson.add, *sent)


async def _state(request: Request) -> Response:
    ticket = _ticket(request)
    if isinstance(ticket, Response):
        return ticket
    known = _number(request.query_params.get("known", "0"))
    return _refused(400, "No number.") if known is None else await _answer(_since, ticket, known)


async def _labels(request: Request) -> Response:
    ticket = _ticket(request)
    if isinstance(ticket, Response):
        return ticket
    query = request.query_params
    numbers = [query.get("z", ""), query.get("have", "0"), *query.get("box", "").split(",")]
    found = [_number(text) for text in numbers]
    axis, sure = query.get("axis", "z"), query.get("sure", "0")
    if len(found) != 6 or None in found or axis not in AXES or sure not in ("0", "1"):
        return _refused(400, "This names no part of a slice.")
    z, have, *box = found
    lesson: Paintable = ticket.lesson
    ticket_id = ticket.id
    del ticket  # whoever waits does not keep a session's ticket good
    content = await lesson.news(ticket_id, Look(z, tuple(box), axis, sure == "1"), have)
    if content is None:
        return Response(status_code=204)
    return Response(content, media_type="application/octet-stream", headers=_FRESH)


async def _imported(request: Request) -> Response:
    ticket = _ticket(request)
    if isinstance(ticket, Response):
        return ticket
    slices = await run_in_threadpool(ticket.lesson.imported, request.query_params.get("file", ""))
    if slices is None:
        return _refused(404, "No such strokes were imported.")
    content = await run_in_threadpool(_packed_slices, slices)
    return Response(content, media_type="application/octet-stream")


def _packed_slices(slices: Mapping[int, np.ndarray]) -> bytes:
    """Length of the header, header (JSON), a grey PNG of each slice."""
    pictures = [encode_png(values) for values in slices.values()]
    header = {"slices": list(map(int, slices)), "lengths": list(map(len, pictures))}
    head = json.dumps(header).encode()
    return b"".join([struct.pack("<I", len(head)), head, *pictures])


_FRESH = {"Cache-Control": "no-store"}


def _ticket(request: Request) -> Ticket | Response:
    """Return the ticket of a request, or why it is not good."""
    ticket = find(request.path_params["ticket"])
    if ticket is None:
        return _refused(404, "This page is too old.", "Reload it; all strokes are kept.")
    if ticket.is_too_fast():
        answer = _refused(429, "Too many strokes at a time.")
        answer.headers["Retry-After"] = "1"
        return answer
    return ticket


async def _body(request: Request) -> bytes | None:
    """Read what is sent; None where it is too much."""
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _parsed(body: bytes) -> tuple[list[Any], int] | None:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(sent, dict):
        return None
    events, known = sent.get("events"), sent.get("known", 0)
    is_right = isinstance(events, list) and type(known) is int and 0 <= known < LARGEST
    return (events, known) if is_right else None


async def _answer(ask, *args) -> Response:  # noqa: ANN001 - any function that waits for the disk
    try:
        return JSONResponse(await run_in_threadpool(ask, *args), headers=_FRESH)
    except SandsegError as error:
        return _refused(507, error.message, error.hint)


def _since(ticket: Ticket, known: int) -> dict[str, Any]:
    return ticket.lesson.since(known)


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal() and len(text) < 17
    return int(text) if is_number and int(text) < LARGEST else None


def _refused(status: int, message: str, hint: str = "") -> Response:
    headers = {"Connection": "close"} if status == 413 else {}
    return JSONResponse({"message": message, "hint": hint}, status, headers)
