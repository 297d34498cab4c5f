import re

import pytest

from pages.server.headers import SafeHeaders, content_policy
from tests import own_loop


def headers_of(status=200, given=()):
    """The headers that leave the server with an answer."""
    said = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": list(given)})
        await send({"type": "http.response.body", "body": b""})

    async def send(message):
        said.append(message)

    async def receive():
        return {"type": "http.request"}

    own_loop.run(SafeHeaders(app)({"type": "http"}, receive, send))
    return {name.decode(): value.decode() for name, value in said[0]["headers"]}


@pytest.mark.parametrize("status", [200, 404, 421])
def test_every_answer_says_what_a_browser_must_not_do(status):
    found = headers_of(status, [(b"etag", b"1")])

    assert found["etag"] == "1"
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "same-origin"
    assert "camera=()" in found["permissions-policy"]
    assert "frame-ancestors 'self'" in found["content-security-policy"]


def test_no_script_comes_from_elsewhere_or_from_text():
    rules = dict(rule.split(" ", 1) for rule in content_policy().split("; "))

    assert "unsafe" not in rules["script-src"]
    assert re.search(r"'sha256-[\w+/=]{44}'", rules["script-src"])  # Streamlit's one of one line
    assert (rules["default-src"], rules["object-src"]) == ("'self'", "'none'")
    assert not re.search(r"https?:|\*", content_policy())


def test_other_traffic_passes_untouched():
    seen = []

    async def app(scope, receive, send):
        seen.append((scope["type"], send))

    own_loop.run(SafeHeaders(app)({"type": "websocket"}, None, "send"))

    assert seen == [("websocket", "send")]
