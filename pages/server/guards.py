"""What stands before every request: is it for this server, and what must go with the answer."""

from starlette.middleware import Middleware

from pages.server.browser_key import BrowserKey
from pages.server.headers import SafeHeaders
from pages.server.hosts import KnownHosts


def guards() -> list[Middleware]:
    """Return the middleware for `st.App`, the outermost first."""
    return [Middleware(SafeHeaders), Middleware(KnownHosts), Middleware(BrowserKey)]
