"""What is looked at in a lesson, and by whom; used by one thread at a time."""

import time

from pages.components.painting.tickets import Look

LOOK_S = 20.0  # after which a browser that asked for nothing more looks no longer


class Looks:
    """The parts of a stack of shape (Z, Y, X) that browsers show now."""

    def __init__(self, shape: tuple[int, int, int]):
        self._shape = shape
        self._seen: dict[str, tuple[Look, float]] = {}

    def note(self, who: str, look: Look) -> Look | None:
        """Note what somebody looks at; return the part of it that there is, None where none is."""
        n_planes, height, width = self._as_along(look.axis)
        x0, y0, x1, y1 = look.box
        x1, y1 = min(x1, width), min(y1, height)
        if not (look.z < n_planes and x0 < x1 and y0 < y1):
            return None
        since = time.monotonic() - LOOK_S
        self._seen = {one: seen for one, seen in self._seen.items() if seen[1] >= since}
        self._seen[who] = look._replace(box=(x0, y0, x1, y1)), time.monotonic()
        return self._seen[who][0]

    @property
    def now(self) -> list[Look]:
        """What is looked at now, by anybody, each once."""
        since = time.monotonic() - LOOK_S
        return list(dict.fromkeys(look for look, at in list(self._seen.values()) if at > since))

    def _as_along(self, axis: str) -> tuple[int, int, int]:
        """Return how many planes there are along an axis, of how many rows and columns."""
        n_slices, height, width = self._shape
        by_axis = {"y": (height, n_slices, width), "x": (width, n_slices, height)}
        return by_axis.get(axis, self._shape)
