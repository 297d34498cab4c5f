"""One fair line for work that two visitors cannot have done at a time: first come, first served."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_S = 0.5  # how often somebody who waits hears how long it will still take
FIRST_GUESS_S = 0.5  # of the time one turn takes, before there was any
NEW_SHARE = 0.3  # of the last turn in the guess for the next


class FairLine:
    """Askers of many threads, served one at a time in the order they came.

    Who leaves holds up nobody. Who asks for what somebody before them asked for need not wait any
    longer once that is known.
    """

    def __init__(self):
        self._tickets: deque[object] = deque()
        self._moved = threading.Condition()
        self._seconds = FIRST_GUESS_S

    @property
    def n_waiting(self) -> int:
        """How many stand in line, the one who is served included."""
        return len(self._tickets)

    @contextmanager
    def turn(
        self, is_known: Callable[[], bool], on_wait: Callable[[int, float], None]
    ) -> Iterator[None]:
        """Wait until it is the caller's turn, or the answer is known.

        Args:
            is_known: Whether somebody else got the same answer meanwhile.
            on_wait: Told twice a second while others are before this caller: how many, and about
                how many seconds that takes. If it raises, the caller leaves the line.
        """
        ticket = object()
        with self._moved:
            self._tickets.append(ticket)
        try:
            while (n_before := self._wait(ticket, is_known)) > 0:
                on_wait(n_before, n_before * self._seconds)
            yield
        finally:
            with self._moved:
                self._tickets.remove(ticket)
                self._moved.notify_all()

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Do the work of a turn; its time goes into the guess for the next."""
        start = time.perf_counter()
        yield
        self._seconds += NEW_SHARE * (time.perf_counter() - start - self._seconds)

    def _wait(self, ticket: object, is_known: Callable[[], bool]) -> int:
        """Wait a moment; return how many are still before this ticket, 0 when it is served."""

        def is_served() -> bool:
            return self._tickets[0] is ticket or is_known()

        with self._moved:
            return 0 if self._moved.wait_for(is_served, LOOK_S) else self._tickets.index(ticket)
