"""How many connections are held, and how long one may wait before it asks for something.

Uvicorn has no limit on either; a thousand that say nothing would keep everybody else out. Where
there are too many, the one that has waited longest for a request goes: never one that is served.
"""

import asyncio
import errno
import ipaddress
import logging
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

from uvicorn.protocols.http.auto import AutoHTTPProtocol as Protocol

from sandseg.settings import MAX_CONNECTIONS

ASKS_S = 20.0  # in which the head of a request must have come
MOST_FILES = 65_536
_OWN_FILES = 256  # of the app's, beside connections
_log = logging.getLogger(__name__)


class Connections:
    """The open connections of a server, by who waits and who is served."""

    def __init__(self, most: int, most_of_one: int):
        self.most, self.most_of_one = most, most_of_one
        self.open: dict[asyncio.Transport, str] = {}  # and the address at the other end
        self.waiting: dict[Protocol, asyncio.TimerHandle] = {}  # the longest first

    def add(self, protocol: Protocol) -> None:
        """Hold one more, where need be in place of another or not at all."""
        self.open = {one: peer for one, peer in self.open.items() if not one.is_closing()}
        peer = (protocol.client or ("",))[0]
        self.open[protocol.transport] = peer
        self.wait(protocol)
        if not _is_loopback(peer):
            self._make_room(list(self.open.values()).count(peer) - self.most_of_one, peer)
        self._make_room(len(self.open) - self.most)

    def wait(self, protocol: Protocol) -> None:
        """Give a connection some time to ask for something."""
        if protocol not in self.waiting:
            loop = asyncio.get_running_loop()
            self.waiting[protocol] = loop.call_later(ASKS_S, self.close, protocol)

    def served(self, protocol: Protocol) -> None:
        """Note that it has asked, or is gone."""
        if timer := self.waiting.pop(protocol, None):
            timer.cancel()

    def close(self, protocol: Protocol) -> None:
        """Hang up."""
        self.served(protocol)
        self.open.pop(protocol.transport, None)
        protocol.transport.abort()

    def _make_room(self, n_too_many: int, peer: str = "") -> None:
        if n_too_many <= 0:
            return
        _say_once()
        for protocol in list(self._longest(peer))[:n_too_many]:
            self.close(protocol)

    def _longest(self, peer: str) -> Iterator[Protocol]:
        for protocol in self.waiting:
            if not peer or self.open.get(protocol.transport) == peer:
                yield protocol


def limit_connections() -> None:
    """Hold Uvicorn to the limits from now on, and let the server open as many files as it may."""
    asyncio.get_running_loop().set_exception_handler(_log_unless_full)
    _hold_to(raise_file_limit())


@cache
def _hold_to(n_files: int) -> Connections:
    held = Connections(max(n_files - _OWN_FILES, n_files // 2), MAX_CONNECTIONS.read())

    made, received = Protocol.connection_made, Protocol.data_received
    lost = Protocol.connection_lost

    def connection_made(self: Protocol, transport: asyncio.Transport) -> None:
        made(self, transport)
        held.add(self)

    def data_received(self: Protocol, data: bytes) -> None:
        received(self, data)
        is_served = self.transport.get_protocol() is not self or (
            self.cycle is not None and not self.cycle.response_complete
        )
        (held.served if is_served else held.wait)(self)

    def connection_lost(self: Protocol, exc: Exception | None) -> None:
        held.served(self)
        lost(self, exc)

    Protocol.connection_made = connection_made
    Protocol.data_received = data_received
    Protocol.connection_lost = connection_lost
    return held


def raise_file_limit() -> int:
    """Let this process open as many files as the system allows; return how many."""
    try:
        import resource
    except ImportError:  # Windows, where none is set
        return MOST_FILES
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    if now != resource.RLIM_INFINITY and now < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    now = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST_FILES if now == resource.RLIM_INFINITY else min(now, MOST_FILES)


def _log_unless_full(loop: asyncio.AbstractEventLoop, context: dict) -> None:
    """Do not log a line for each of two thousand in the queue for whom there is no file left.

    They are accepted all at once, before those that wait make room, and tried again in a second.
    """
    error = context.get("exception")
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        _say_once()
    else:
        loop.default_exception_handler(context)


def _is_loopback(peer: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(peer).is_loopback
    return False


@cache
def _say_once() -> None:
    _log.warning("More connections than allowed; those that ask for nothing are closed.")
