"""One fair line for work that two visitors cannot have done at a time: first come, first served."""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

LOOK_S = 0.5  # how often somebody who waits hears how long it will still take
FIRST_GUESS_S = 0.5  # of the time one turn takes, before there was any
NEW_SHARE = 0.3  # of the last turn in the guess for the next
LONG_S = 1.0  # of a turn, before the others go first


class Ticket:
    """A place in the line, for an answer that `key` tells from others."""

    def __init__(self, key: Hashable = None):
        self.key = key
        self.began = self.away = 0.0  # when it was last served; seconds it let others go first


class FairLine:
    """Askers of many threads, served one at a time in the order they came.

    Who leaves holds up nobody. Who asks for what somebody before them asked for need not wait any
    longer once that is known. Who is long at work lets the others go first now and then.
    """

    def __init__(self):
        self._tickets: deque[Ticket] = deque()
        self._moved = threading.Condition()
        self._seconds = FIRST_GUESS_S

    @property
    def n_waiting(self) -> int:
        """How many stand in line, the one who is served included."""
        return len(self._tickets)

    @contextmanager
    def turn(
        self,
        is_known: Callable[[], bool],
        on_wait: Callable[[int, float], None],
        key: Hashable = None,
    ) -> Iterator[Ticket]:
        """Wait until it is the caller's turn, or the answer is known.

        Args:
            is_known: Whether somebody else got the same answer meanwhile.
            on_wait: Told twice a second while others are before this caller: how many, and about
                how many seconds that takes. If it raises, the caller leaves the line.
            key: The same for those who ask for the same.
        """
        ticket = Ticket(key)
        with self._moved:
            self._tickets.append(ticket)
        try:
            while (n_before := self._wait(ticket, is_known)) > 0:
                on_wait(n_before, n_before * self._seconds)
            yield ticket
        finally:
            with self._moved:
                self._tickets.remove(ticket)
                self._moved.notify_all()

    @contextmanager
    def timed(self, ticket: Ticket) -> Iterator[None]:
        """Do the work of a turn; its time goes into the guess for the next."""
        start = ticket.began = time.perf_counter()
        yield
        seconds = time.perf_counter() - start - ticket.away
        self._seconds += NEW_SHARE * (seconds - self._seconds)

    def give_way(self) -> None:
        """Let those who ask for something else go first: call it between parts of a turn.

        Nothing happens before the turn has lasted `LONG_S`, or where nobody else waits.
        """
        with self._moved:
            ticket, now = self._tickets[0], time.perf_counter()
            others = [other for other in self._tickets if other.key != ticket.key]
            if now - ticket.began < LONG_S or not others:
                return
            same = [other for other in self._tickets if other.key == ticket.key]
            others.sort(key=lambda other: other.began > 0)  # who has not begun comes first
            self._tickets = deque([*others, *same])
            self._moved.notify_all()
            self._moved.wait_for(lambda: self._tickets[0] is ticket)
            ticket.began = time.perf_counter()
            ticket.away += ticket.began - now

    def _wait(self, ticket: Ticket, is_known: Callable[[], bool]) -> int:
        """Wait a moment; return how many are still before this ticket, 0 when it is served."""

        def is_served() -> bool:
            return self._tickets[0] is ticket or is_known()

        with self._moved:
            return 0 if self._moved.wait_for(is_served, LOOK_S) else self._tickets.index(ticket)
