"""Where painting helps most, over slices that nobody needs to have opened."""

from collections.abc import Callable

import numpy as np

from pages.cache.task import Task
from pages.lessons import learning
from pages.lessons.desk import desk
from pages.lessons.learning import Taught
from pages.lessons.sights import sights
from sandseg.errors import SandsegError
from sandseg.teach.learning.where_next import Place


class Lead:
    """The place to paint next; scouts see the stack while nothing else is to do, bit by bit."""

    def __init__(self, task: Task, n_slices: int):
        self.task, self.n_slices = task, n_slices
        self.place: Place | None = None
        self._of: tuple[Taught | None, int] = None, 0  # what taught it, and how many scouts told it
        self._damaged: set[int] = set()

    def is_old(self, taught: Taught) -> bool:
        """Whether more is known by now."""
        return self._of != (taught, len(sights.scouts(self.task)))

    def find(self, taught: Taught, values_of: Callable[[int], np.ndarray]) -> bool:
        """Find the place anew; return whether it is another one.

        Args:
            taught: What was learned.
            values_of: Gives what is painted on a slice, (Y, X) uint8.
        """
        scouts, before = sights.scouts(self.task), self.place
        slices = {z: (scout, values_of(z)) for z, scout in scouts.items()}
        self.place = learning.next_place(taught, slices)
        self._of = taught, len(scouts)
        return self.place != before

    def next_slice(self) -> int | None:
        """Return a slice that a scout can see more of."""
        return sights.to_scout(self.task, self.n_slices, self._damaged)

    def scout(self, z: int) -> None:
        """See a little more of a slice."""
        desk.step_aside()
        try:
            sights.scout(self.task, z)
        except SandsegError:  # it is damaged: nobody is led there
            self._damaged.add(z)
