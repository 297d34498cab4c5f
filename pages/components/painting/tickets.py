"""Tickets for the route of strokes: each opens one lesson, as long as the session it was issued to.

A page issues them and the route finds them, in one process.
"""

import secrets
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

BURST, PER_S = 60, 30.0  # requests of a ticket at once, and then each second


class Look(NamedTuple):
    """What a browser sees: slice `z`, and of it the pixels from (x0, y0) up to (x1, y1).

    Along another `axis` than "z" it is plane `z` across the slices, and y counts those. With
    `is_sure` it sees how sure the labels are.
    """

    z: int
    box: tuple[int, int, int, int]
    axis: str = "z"
    is_sure: bool = False


class Paintable(Protocol):
    """What a ticket opens; the dictionaries go to the browser as JSON."""

    def add(self, events: list[Any], known: int) -> dict[str, Any]:
        """Keep events on the disk; return all the sender does not know.

        Raises:
            SandsegError: There is no room for them.
        """

    def since(self, known: int) -> dict[str, Any]:
        """Return the events after the first `known` ones."""

    def imported(self, file: str) -> Mapping[int, np.ndarray] | None:
        """Return the slices, (Y, X) uint8 by index, that an import of a file brings.

        None where there was no such import.
        """

    async def news(self, who: str, look: Look, have: int) -> bytes | None:
        """Wait for labels newer than version `have`; None where none come in time."""


@dataclass(eq=False)
class Ticket:
    """Leave to paint in a lesson, at a bounded rate."""

    lesson: Paintable
    id: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _tokens: float = BURST
    _filled_at: float = field(default_factory=time.monotonic)

    def is_too_fast(self) -> bool:
        """Count a request; return whether there are too many."""
        now = time.monotonic()
        self._tokens = min(BURST, self._tokens + (now - self._filled_at) * PER_S)
        self._filled_at = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        return False


_issued: weakref.WeakValueDictionary[str, Ticket] = weakref.WeakValueDictionary()
_address = ""


def open_at(address: str) -> None:
    """Tell the pages where the route is; "" once it is gone."""
    global _address
    _address = address


def address() -> str:
    """Return where strokes may be sent, "" where the app is served without the route."""
    return _address


def issue(lesson: Paintable) -> Ticket:
    """Make a ticket nobody can guess; whoever keeps it keeps it good."""
    ticket = Ticket(lesson)
    _issued[ticket.id] = ticket
    return ticket


def find(ticket_id: str) -> Ticket | None:
    """Return the ticket of this id."""
    return _issued.get(ticket_id)
