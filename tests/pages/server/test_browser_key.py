from http.cookies import SimpleCookie

import pytest
from starlette.responses import HTMLResponse, JSONResponse

from pages.server.browser_key import COOKIE, BrowserKey, known_key, new_key
from tests import own_loop

PAGE, DATA = HTMLResponse("page"), JSONResponse({})
FOREIGN = ("", "short", "a" * 65, "ä" * 40, "a" * 31, "../" * 12, "a b" * 12, "a\n" * 20)


def given(answer=PAGE, scheme="http", **headers):
    """The key that comes with an answer, with what stands beside it; None without one."""
    named = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/", "scheme": scheme, "headers": named}
    sent = []

    async def send(message):
        sent.append(message)

    own_loop.run(BrowserKey(answer)(scope, None, send))
    cookies = [text.decode() for name, text in sent[0]["headers"] if name == b"set-cookie"]
    return SimpleCookie("".join(cookies)).get(COOKIE)


def test_a_browser_gets_a_key_with_its_first_page_and_keeps_it():
    key = given()

    assert known_key({COOKIE: key.value}) == key.value
    assert (key["httponly"], key["samesite"], key["path"]) == (True, "Lax", "/")
    assert int(key["max-age"]) > 24 * 3600
    assert given(cookie=f"other=1; {COOKIE}={key.value}") is None


def test_no_two_browsers_have_the_same():
    assert len({given().value for _ in range(20)}) == 20


def test_only_pages_bring_a_key():
    assert given(DATA) is None


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_is_no_key_of_ours_opens_nothing_and_is_replaced(foreign):
    assert known_key({COOKIE: foreign}) == ""
    assert given(cookie=f"{COOKIE}={foreign}") is not None


def test_where_the_connection_is_encrypted_it_is_sent_over_no_other():
    assert not given()["secure"]
    assert given(scheme="https")["secure"]
    assert given(x_forwarded_proto="https")["secure"]


def test_a_key_cannot_be_guessed():
    assert len(new_key()) * 6 > 250
    assert known_key({COOKIE: new_key()})
