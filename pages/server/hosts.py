"""Under which names this server answers: no other site can lead a visitor's browser here.

In DNS rebinding a name of a stranger's suddenly means this server's address. A browser then takes
its pages for the stranger's own, and the only sign of it is the name it asks for. An address in
numbers cannot be led elsewhere.
"""

import ipaddress
import logging
import socket
from contextlib import suppress
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

_LOCAL = ("localhost", "ip6-localhost")
_MISDIRECTED = 421
_MOST_LOGGED = 20
_log = logging.getLogger(__name__)


class KnownHosts:
    """Let only requests through that ask for a name of this server, websockets included."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self.refused: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        host = Headers(scope=scope).get("host", "") if "headers" in scope else None
        if host is None or is_known(host):
            await self.app(scope, receive, send)
            return
        self._log(host)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        text = "This server does not go by that name. Whoever runs it can add it to "
        text += "allowedHosts in .streamlit/config.toml, or set STREAMLIT_SERVER_ALLOWED_HOSTS.\n"
        await PlainTextResponse(text, _MISDIRECTED)(scope, receive, send)

    def _log(self, host: str) -> None:
        if len(self.refused) < _MOST_LOGGED and host not in self.refused:
            self.refused.add(host)
            _log.warning("Refused a request for %r, no name of this server.", host[:200])


def is_known(host: str) -> bool:
    """Tell whether what a browser asks for, "name:port", is this server.

    Where it listens on this computer alone, it is by a name or an address of the loopback.
    Elsewhere also by any address in numbers and by the machine's own names. Names of
    `server.allowedHosts`, `browser.serverAddress` and `server.corsAllowedOrigins` are added.
    """
    name = _name(host)
    if name is None:
        return False
    try:
        number = ipaddress.ip_address(name)
    except ValueError:
        return name in _LOCAL or name.endswith(".localhost") or _is_named(name)
    return number.is_loopback or not _is_local_alone() or _is_named(name)


def _name(host: str) -> str | None:
    """Return the name or address without the port, or None where it is no such thing."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    if parts.netloc != host or "@" in host or not parts.hostname:
        return None
    return parts.hostname.rstrip(".")


def _is_named(name: str) -> bool:
    allowed = [entry.strip().lower().rstrip(".") for entry in _allowed_by_settings()]
    if not _is_local_alone():
        allowed += _own_names()
    return any(
        pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))
        for pattern in allowed
    )


def _allowed_by_settings() -> list[str]:
    origins = config.get_option("server.corsAllowedOrigins") or []
    found = [*(config.get_option("server.allowedHosts") or []), *map(_host_of, origins)]
    for option in ("browser.serverAddress", "server.address"):
        if config.is_manually_set(option) and config.get_option(option):
            found.append(config.get_option(option))
    return [name for name in found if name]


def _host_of(origin: str) -> str:
    with suppress(ValueError):
        return urlsplit(origin).hostname or ""
    return ""


def _is_local_alone() -> bool:
    address = config.get_option("server.address") or ""
    if address in _LOCAL:
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(address).is_loopback
    return False


@lru_cache(1)
def _own_names() -> tuple[str, ...]:
    """The machine's names; looked up once, since a slow name server may be asked."""
    own = socket.gethostname().lower()
    return own, f"{own.partition('.')[0]}.local", socket.getfqdn().lower()
