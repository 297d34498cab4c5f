"""What a browser is told not to do with this app's pages: headers on every answer.

A page takes its code from this server alone, talks to it alone, and stands in no frame of others.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_NOT_USED = ("camera", "microphone", "geolocation", "usb", "serial", "hid", "midi")


class SafeHeaders:
    """Put the headers on every answer of an app, refusals included."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self.headers = dict(safe_headers())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_safe)


def safe_headers() -> Iterator[tuple[str, str]]:
    """Yield names and values."""
    yield "Content-Security-Policy", content_policy()
    yield "X-Frame-Options", "SAMEORIGIN"  # the same for browsers that do not know the above
    yield "X-Content-Type-Options", "nosniff"
    yield "Referrer-Policy", "same-origin"  # an address is a key: no other site is told it
    yield "Permissions-Policy", ", ".join(f"{name}=()" for name in _NOT_USED)
    yield "Cross-Origin-Opener-Policy", "same-origin"
    yield "Cross-Origin-Resource-Policy", "same-origin"


def content_policy() -> str:
    """Return where a page may take things from.

    Streamlit makes two allowances necessary: it starts the code of components from blobs, and
    writes styles into the page. Nothing is compiled from text: its charts are interpreted.
    """
    scripts = ["'self'", "blob:", *map(_hash, _inline_scripts())]
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(scripts),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-src": "'self'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _inline_scripts() -> list[str]:
    """The scripts that stand in Streamlit's only page."""
    page = Path(streamlit.__file__).parent / "static" / "index.html"
    return _INLINE_SCRIPT.findall(page.read_text(encoding="utf-8"))


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
