"""Tickets for the upload route: each lets one visitor send files once.

A page issues them and the route redeems them, in one process. A ticket lives no longer than the
session it was issued to.
"""

import secrets
import weakref
from dataclasses import dataclass, field

from pages.session.visit import Visit
from sandseg.errors import SandsegError
from sandseg.uploads.receive import Arrived, Wanted


@dataclass(eq=False)
class Ticket:
    """Leave to send files into the folder of a visit, and in the end what came of it.

    While files come, the ticket keeps the visit: its folder is not removed under them.
    """

    visit: Visit
    wanted: Wanted
    id: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    files: tuple[Arrived, ...] = ()
    refusal: SandsegError | None = None


_issued: weakref.WeakValueDictionary[str, Ticket] = weakref.WeakValueDictionary()
_address = ""


def open_at(address: str) -> None:
    """Tell the pages where the route is; "" once it is gone."""
    global _address
    _address = address


def address() -> str:
    """Return where files may be sent, "" where the app is served without the route."""
    return _address


def issue(visit: Visit, wanted: Wanted) -> Ticket:
    """Make a ticket nobody can guess."""
    ticket = Ticket(visit, wanted)
    _issued[ticket.id] = ticket
    return ticket


def redeem(ticket_id: str) -> Ticket | None:
    """Return the ticket of this id, once."""
    return _issued.pop(ticket_id, None)
