"""The route of uploads as a server calls it, without a server."""

import asyncio
import gc
import json

import pytest
from starlette.applications import Starlette
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

from pages.components.uploader import route
from pages.components.uploader.tickets import issue
from pages.session.visit import Visit
from sandseg.uploads.receive import Wanted
from tests import own_loop

TIFFS = Wanted(("tif",))
TOKEN = generate_xsrf_token_string()
CONTENT = b'[["scan.tif", 4]]\ngrey'


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))


@pytest.fixture
def visit(work):
    return Visit()


def put(ticket_id, pieces=(CONTENT,), *, header=TOKEN, ending=None, length=None):
    """Send pieces and return the status; `ending` is awaited once they are read."""
    waiting = list(pieces)

    async def receive():
        if not waiting and ending:
            return await ending()
        body = waiting.pop(0) if waiting else b""
        more = bool(waiting or ending)
        return {"type": "http.request", "body": body, "more_body": more}

    statuses = []

    async def send(message):
        statuses.append(message.get("status"))

    n_bytes = sum(map(len, pieces)) if length is None else length
    headers = {"cookie": f"_streamlit_xsrf={TOKEN}", "x-xsrftoken": header}
    if n_bytes is not False:
        headers["content-length"] = str(n_bytes)
    scope = {
        "type": "http",
        "method": "PUT",
        "path": f"{route.upload_address()}{ticket_id}",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    own_loop.run(Starlette(routes=[route.upload_route()])(scope, receive, send))
    return statuses[0]


def left_of(visit):
    return list(visit.folder.rglob("*")) if visit.folder.exists() else []


def test_what_is_sent_waits_with_the_ticket(visit):
    ticket = issue(visit, TIFFS)

    assert put(ticket.id, [CONTENT[:9], CONTENT[9:19], CONTENT[19:]]) == 204

    [file] = ticket.files
    assert file.name == "scan.tif"
    assert file.path.read_bytes() == b"grey"


def test_a_ticket_is_good_for_one_upload_and_ends_with_its_visit(visit):
    ticket, unused = issue(visit, TIFFS), issue(visit, TIFFS)
    unused_id = unused.id

    assert [put(ticket.id) for _ in range(2)] == [204, 404]
    del unused
    gc.collect()
    assert put(unused_id) == 404
    assert put("made-up") == 404


def test_without_the_token_of_the_app_nothing_is_taken_and_the_ticket_stays_good(visit):
    ticket = issue(visit, TIFFS)

    assert put(ticket.id, header="2|guessed|guessed|1") == 403
    assert not left_of(visit)
    assert put(ticket.id) == 204


def test_an_upload_says_how_large_it_is(visit):
    assert put(issue(visit, TIFFS).id, length=False) == 411


def test_a_refusal_waits_with_the_ticket(visit):
    ticket = issue(visit, TIFFS)

    assert put(ticket.id, [b'[["evil.exe", 4]]\ngrey']) == 413

    assert "evil.exe" in ticket.refusal.message
    assert not [path for path in left_of(visit) if path.is_file()]


def test_a_sender_that_hangs_up_leaves_nothing_behind(visit):
    async def hang_up():
        return {"type": "http.disconnect"}

    ticket = issue(visit, TIFFS)

    assert put(ticket.id, [CONTENT[:20]], ending=hang_up, length=len(CONTENT)) == 408
    assert not ticket.files
    assert not left_of(visit)


def test_a_sender_that_is_too_slow_leaves_nothing_behind(visit, monkeypatch):
    async def dawdle():
        await asyncio.sleep(0.03)
        return {"type": "http.request", "body": b"x", "more_body": True}

    monkeypatch.setattr(route, "BLOCK_S", 0.2)
    ticket = issue(visit, TIFFS)
    content = json.dumps([["scan.tif", 1000]]).encode() + b"\n"

    assert put(ticket.id, [content], ending=dawdle, length=len(content) + 1000) == 408
    assert not left_of(visit)


def test_a_visit_outlives_an_upload_to_it_and_then_takes_it_along(work):
    held = [issue(Visit(), TIFFS)]
    folder, ticket_id = held[0].visit.folder, held[0].id

    async def forget():
        held.clear()  # the session is forgotten while its upload comes
        gc.collect()
        assert folder.exists()
        return {"type": "http.request", "body": CONTENT[20:], "more_body": False}

    status = put(ticket_id, [CONTENT[:20]], ending=forget, length=len(CONTENT))
    gc.collect()

    assert status == 204
    assert not folder.exists()
