"""One budget of memory for all that a server does at a time: each work takes its part before.

Half of what there is by default (`SANDSEG_MEMORY`): the rest is of libraries, networks and others.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from sandseg import settings
from sandseg.errors import SandsegError
from sandseg.scan.limits import size_text

WAIT_S = 60.0  # for others to finish
SMALL_BYTES = 32 * 2**20  # less is not counted: there are more of such than can be
AT_WORK, KEPT = 3 / 4, 1 / 8  # shares of the whole: of work, and of each of two kinds of results
_LIMITS = (  # of a container: cgroups of version 2 and 1
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def whole() -> int:
    """Return the bytes of the whole budget.

    Raises:
        ConfigError: The setting is no number.
    """
    return settings.MEMORY.read() or there_is() // 2


def there_is() -> int:
    """Return the bytes of this machine's memory, or of the container's."""
    found = psutil.virtual_memory().total
    for path in _LIMITS:
        try:
            found = min(found, int(path.read_text()))
        except (OSError, ValueError):  # there is none, or it says "max"
            continue
    return found


def for_results(most_bytes: int) -> int:
    """Return how many bytes of a kind of results may be kept: so many, or its share if less."""
    return min(most_bytes, int(KEPT * whole()))


class Budget:
    """What all works at a time may take together; who comes first is served first.

    A work inside another one of the same thread has its part without waiting: the outer one says
    what both take, and nobody waits for what they themselves hold.
    """

    def __init__(self, n_bytes: Callable[[], int] = lambda: int(AT_WORK * whole())):
        self._n_bytes = n_bytes
        self._moved = threading.Condition()
        self._line: list[Part] = []
        self._taken: list[Part] = []
        self._here = threading.local()

    @property
    def taken(self) -> int:
        """The bytes that are taken now."""
        return sum(part.n_bytes for part in list(self._taken))

    @contextmanager
    def take(
        self, n_bytes: int, what: str, share: float = 1.0, wait_s: float | None = None
    ) -> Iterator["Part"]:
        """Hold so many bytes while a block works.

        Args:
            n_bytes: The peak of the work, at the most.
            what: Names it at the start of a sentence; works of one name share `share` of all.
            share: Of the budget, that all works of this name may take together.
            wait_s: How long to wait for others.

        Raises:
            SandsegError: It is more than there is, or others do not finish.
        """
        part = Part(n_bytes, what, share)
        if n_bytes <= SMALL_BYTES or getattr(self._here, "depth", 0):
            yield part
            return
        self._wait(part, WAIT_S if wait_s is None else wait_s)
        self._here.depth = 1
        try:
            yield part
        finally:
            self._here.depth = 0
            with self._moved:
                self._taken.remove(part)
                self._moved.notify_all()

    def grow(self, part: "Part", n_bytes: int) -> None:
        """Let a work have more that turned out to need it.

        Raises:
            SandsegError: Others have the rest.
        """
        with self._moved:
            if n_bytes > part.n_bytes:
                if not self._fits(part, n_bytes - part.n_bytes):
                    raise _refusal(part.what)
                part.n_bytes = n_bytes

    def _wait(self, part: "Part", wait_s: float) -> None:
        most = self._n_bytes()
        if part.n_bytes > part.share * most:
            raise SandsegError(
                f"{part.what} takes about {size_text(part.n_bytes)} of memory; this server gives "
                f"{size_text(part.share * most)} to it.",
                hint="Crop or downsample the stack. Or start the app with a higher "
                f"{settings.MEMORY.name}.",
            )
        with self._moved:
            self._line.append(part)
            try:
                if not self._moved.wait_for(lambda: self._is_next(part), wait_s):
                    raise _refusal(part.what)
                self._taken.append(part)
            finally:
                self._line.remove(part)
                self._moved.notify_all()

    def _is_next(self, part: "Part") -> bool:
        """Whether it is the first that only waits for room, and there is room."""
        able = (one for one in self._line if one.share == 1 or self._has_share(one, one.n_bytes))
        return next(able, None) is part and self._fits(part, part.n_bytes)

    def _fits(self, part: "Part", n_bytes: int) -> bool:
        return self.taken + n_bytes <= self._n_bytes() and self._has_share(part, n_bytes)

    def _has_share(self, part: "Part", n_bytes: int) -> bool:
        alike = sum(one.n_bytes for one in self._taken if one.what == part.what)
        return alike + n_bytes <= part.share * self._n_bytes()


class Part:
    """What one work holds."""

    def __init__(self, n_bytes: int, what: str, share: float):
        self.n_bytes, self.what, self.share = n_bytes, what, share


def _refusal(what: str) -> SandsegError:
    return SandsegError(
        f"{what} has to wait: the server's memory is in use by other visitors' work.",
        hint="Try again in a minute.",
    )


budget = Budget()
