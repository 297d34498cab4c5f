"""A key for each browser, in a cookie: by it a visitor is known again after a reload.

It opens what the visitor brought or began, and nothing else. No script can read it, it goes to no
other site, and the server keeps a hash of it alone, with what it opens.
"""

import re
import secrets
from http.cookies import SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "sandseg_key"
KEEP_S = 180 * 24 * 3600
_PATTERN = re.compile(r"[\w-]{32,64}", re.ASCII)


class BrowserKey:
    """Give every browser that asks for a page its key, unless it has one."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or known_key(cookie_parser(_header(scope, "cookie"))):
            await self.app(scope, receive, send)
            return

        async def send_key(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _cookie(_is_encrypted(scope)))
            await send(message)

        await self.app(scope, receive, send_key)


def known_key(cookies: dict[str, str]) -> str:
    """Return the key among a browser's cookies; "" where there is none, or none of ours."""
    key = str(cookies.get(COOKIE, ""))
    return key if _PATTERN.fullmatch(key) else ""


def new_key() -> str:
    """Return a key nobody can guess."""
    return secrets.token_urlsafe(32)


def _cookie(is_encrypted: bool) -> str:
    """Lax: who follows a link from another site's page is known too."""
    cookie = SimpleCookie({COOKIE: new_key()})
    told = {"path": "/", "max-age": KEEP_S, "httponly": True, "samesite": "Lax"}
    cookie[COOKIE].update(told | {"secure": is_encrypted})
    return cookie[COOKIE].OutputString()


def _is_encrypted(scope: Scope) -> bool:
    return "https" in (scope.get("scheme"), _header(scope, "x-forwarded-proto"))


def _header(scope: Scope, name: str) -> str:
    return Headers(scope=scope).get(name, "")
