"""The route of strokes as a server calls it, without a server."""

import gc
import json

import pytest
from starlette.applications import Starlette
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

from pages.components.painting import route, tickets
from pages.components.painting.tickets import Look, issue
from sandseg.errors import SandsegError
from tests import own_loop

TOKEN = generate_xsrf_token_string()


class Notes:
    """Keeps what comes, and says so."""

    def __init__(self, refusal=None, labels=b"labels"):
        self.events, self.refusal, self.labels, self.asked = [], refusal, labels, []

    def add(self, events, known):
        if self.refusal:
            raise self.refusal
        self.events += events
        return self.since(known)

    def since(self, known):
        return {"n": len(self.events), "events": self.events[known:], "refused": []}

    async def news(self, who, look, have):
        self.asked.append((who, look, have))
        return self.labels


def ask(method, place, body=b"", token=TOKEN, length=None):
    """Send a request in pieces; return status and body."""
    pieces = [body[i : i + 100_000] for i in range(0, len(body), 100_000)] or [b""]
    answers = []

    async def receive():
        piece = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message):
        answers.append(message)

    path, _, query = place.partition("?")
    headers = {"cookie": f"_streamlit_xsrf={TOKEN}", "x-xsrftoken": token}
    if length is not None:
        headers["content-length"] = str(length)
    scope = {
        "type": "http",
        "method": method,
        "path": f"{route.paint_address()}{path}",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    own_loop.run(Starlette(routes=route.paint_routes())(scope, receive, send))
    return answers[0]["status"], b"".join(answer.get("body", b"") for answer in answers[1:])


def post(ticket, events, known=0, **how):
    status, body = ask("POST", f"{ticket.id}/events", sent(events, known), **how)
    return status, json.loads(body)


def sent(events, known=0):
    return json.dumps({"events": events, "known": known}).encode()


@pytest.fixture
def ticket():
    return issue(Notes())


def test_events_are_answered_with_what_the_sender_does_not_know(ticket):
    post(ticket, ["a", "b"])

    assert post(ticket, ["c"], known=1) == (200, {"n": 3, "events": ["b", "c"], "refused": []})


def test_a_fresh_page_gets_all_events(ticket):
    post(ticket, ["a", "b"])

    status, body = ask("GET", f"{ticket.id}/state?known=0")

    assert (status, json.loads(body)["events"]) == (200, ["a", "b"])


def test_labels_are_asked_for_by_slice_version_and_part():
    ticket = issue(Notes())

    answer = ask("GET", f"{ticket.id}/labels?z=3&have=17&box=0,1,20,30")

    assert answer == (200, b"labels")
    assert ticket.lesson.asked == [(ticket.id, Look(3, (0, 1, 20, 30)), 17)]


def test_labels_of_a_plane_across_the_slices_may_come_with_how_sure_they_are():
    ticket = issue(Notes())

    ask("GET", f"{ticket.id}/labels?z=560&have=0&box=0,1,20,30&axis=y&sure=1")

    [(_, look, _)] = ticket.lesson.asked
    assert look == Look(560, (0, 1, 20, 30), "y", is_sure=True)


def test_where_no_labels_come_in_time_the_browser_asks_again():
    ticket = issue(Notes(labels=None))

    assert ask("GET", f"{ticket.id}/labels?z=0&have=0&box=0,0,9,9") == (204, b"")


@pytest.mark.parametrize(
    "query",
    ["", "z=0&have=0", "z=-1&box=0,0,1,1", "z=0&box=0,0,1", "z=0&box=0,0,1,x", "z=²&box=1,1,2,2"],
)
def test_what_names_no_part_of_a_slice_is_refused(ticket, query):
    assert ask("GET", f"{ticket.id}/labels?{query}")[0] == 400


def test_without_the_token_of_the_app_nothing_is_kept(ticket):
    status, says = post(ticket, ["a"], token="2|guessed|guessed|1")

    assert status == 403
    assert says["message"]
    assert not ticket.lesson.events


def test_a_ticket_ends_with_the_session_it_was_issued_to(ticket):
    other = issue(Notes())
    other_id = other.id
    del other
    gc.collect()

    assert ask("POST", f"{other_id}/events", sent(["a"]))[0] == 404
    assert ask("GET", "made-up/state")[0] == 404
    assert ask("GET", "made-up/labels?z=0&box=0,0,1,1")[0] == 404


@pytest.mark.parametrize("length", [None, 2 * route.MOST_BYTES])
def test_too_much_at_a_time_is_refused(ticket, length):
    status, says = post(ticket, ["a" * (route.MOST_BYTES + 1)], length=length)

    assert (status, says["hint"]) == (413, "Send fewer strokes at once.")
    assert not ticket.lesson.events


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[]", b'{"events": 3}', b'{"events": [], "known": -1}', b"[" * 100_000],
)
def test_what_is_no_list_of_events_is_refused(ticket, body):
    assert ask("POST", f"{ticket.id}/events", body)[0] == 400


def test_where_the_disk_is_full_the_page_hears_why():
    ticket = issue(Notes(refusal=SandsegError("The disk is full.", "Make room.")))

    assert post(ticket, ["a"]) == (507, {"message": "The disk is full.", "hint": "Make room."})


def test_who_sends_too_fast_must_wait_and_may_go_on_then(ticket, monkeypatch):
    monkeypatch.setattr(tickets, "PER_S", 0)
    statuses = {ask("GET", f"{ticket.id}/state")[0] for _ in range(tickets.BURST)}

    assert statuses == {200}
    assert ask("GET", f"{ticket.id}/state")[0] == 429
    monkeypatch.setattr(tickets, "PER_S", 1e6)
    assert ask("GET", f"{ticket.id}/state")[0] == 200
