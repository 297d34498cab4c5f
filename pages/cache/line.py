"""Computed once for all who ask: one fair line of askers, results kept up to a number of bytes."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Result = TypeVar("Result")

LOOK_S = 0.5  # how often somebody who waits hears how long it will still take
FIRST_GUESS_S = 0.5  # of the time one computation takes, before there was any
NEW_SHARE = 0.3  # of the last computation in the guess for the next


class SharedResults(Generic[Result]):
    """Answers asked for by many threads; one is computed at a time, first come, first served.

    Whoever asks for what somebody before them in the line asked for gets it with them. Results
    that were not asked for the longest are forgotten when all together are too large.

    Args:
        max_bytes: The most that is kept, in bytes.
        size: Gives the bytes of a result.
    """

    def __init__(self, max_bytes: int, size: Callable[[Result], int]):
        self._max_bytes, self._size = max_bytes, size
        self._known: OrderedDict[Hashable, Result] = OrderedDict()
        self._n_bytes = 0
        self._line: deque[object] = deque()
        self._changed = threading.Condition()
        self._seconds = FIRST_GUESS_S

    @property
    def n_bytes(self) -> int:
        """Bytes of all that is kept."""
        return self._n_bytes

    @property
    def n_waiting(self) -> int:
        """How many stand in line, the one who is served included."""
        return len(self._line)

    def get(
        self,
        key: Hashable,
        compute: Callable[[], Result],
        on_wait: Callable[[int, float], None] = lambda _position, _seconds: None,
    ) -> Result:
        """Return the result for a key; compute it when it is this caller's turn.

        Args:
            key: Tells results apart.
            compute: Makes the result; what it raises reaches this caller alone.
            on_wait: Told twice a second while others are before this caller: how many, and about
                how many seconds it takes. If it raises, the caller leaves the line.
        """
        ticket = object()
        with self._changed:
            if key in self._known:
                return self._take(key)
            self._line.append(ticket)
        try:
            while (position := self._wait(ticket, key)) > 0:
                on_wait(position, position * self._seconds)
            with self._changed:
                if key in self._known:
                    return self._take(key)
            return self._serve(key, compute)
        finally:
            with self._changed:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _wait(self, ticket: object, key: Hashable) -> int:
        """Wait a moment; return how many are still before this ticket, 0 with the result known."""

        def is_served() -> bool:
            return self._line[0] is ticket or key in self._known

        with self._changed:
            return 0 if self._changed.wait_for(is_served, LOOK_S) else self._line.index(ticket)

    def _serve(self, key: Hashable, compute: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        result = compute()
        seconds = time.perf_counter() - start
        with self._changed:
            self._seconds += NEW_SHARE * (seconds - self._seconds)
            self._known[key] = result
            self._n_bytes += self._size(result)
            while self._n_bytes > self._max_bytes and self._known:
                _, oldest = self._known.popitem(last=False)
                self._n_bytes -= self._size(oldest)
        return result

    def _take(self, key: Hashable) -> Result:
        self._known.move_to_end(key)
        return self._known[key]
