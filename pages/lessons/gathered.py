"""What is painted, as features to learn from: gathered as the slices are seen."""

import threading
from typing import NamedTuple

import numpy as np

from pages.cache.task import Task
from pages.lessons import learning
from pages.lessons.earlier import Before
from pages.lessons.sights import sights
from sandseg.predict.glimpse import Cell, cells_painted, is_worth_it
from sandseg.predict.teaching import Painted, gather, gather_early, joined
from sandseg.teach.painting.strokes import Painting

MOST_GLIMPSED = 0.5  # of a slice: beyond, to see all of it takes hardly longer


class Todo(NamedTuple):
    """A slice that was painted on: its digest, (Y, X) uint8 values, and the cells painted in."""

    digest: int
    values: np.ndarray
    cells: list[Cell]


class Gathered:
    """The painted pixels of all slices; safe to use from any thread.

    What is still to do may be gathered early, from parts of a slice that were glimpsed.
    """

    def __init__(self, task: Task):
        self.task = task
        self.before = Before(task)
        self._lock = threading.RLock()
        self._todo: dict[int, Todo] = {}
        self._painted: dict[int, Painted] = {}
        self._digests: dict[int, int] = {}
        self._early: dict[int, tuple[int, Painted]] = {}

    def note(self, painting: Painting) -> bool:
        """Note what was painted on since; return whether anything was."""
        with self._lock:
            shown = painting.painted_slices
            todo, self._todo = self._todo, {}
            for z in shown:
                values = self.before.under(z, painting.slice_values(z))
                digest = learning.digest_of(values)
                if z in todo and todo[z].digest == digest:
                    self._todo[z] = todo[z]
                elif self._digests.get(z) != digest:
                    self._todo[z] = Todo(digest, values.copy(), cells_painted(values))
            is_changed = bool(self._todo or todo or self._digests.keys() - set(shown))
            for known in (self._painted, self._digests, self._early):
                for gone in known.keys() - set(shown):
                    del known[gone]
            return is_changed

    def forget_todo(self) -> None:
        """Ask for nothing more before the next stroke."""
        with self._lock:
            self._todo.clear()

    @property
    def todo(self) -> list[int]:
        """The slices whose features are still needed."""
        with self._lock:
            return list(self._todo)

    @property
    def is_at_hand(self) -> bool:
        """Whether all that is to do can be done at once."""
        return all(sights.find(self.task, z) for z in self.todo)

    @property
    def painted(self) -> dict[int, Painted]:
        """What is gathered, by slice; without what is only glimpsed."""
        with self._lock:
            return dict(self._painted)

    def counts(self, n_classes: int) -> np.ndarray:
        """Return (2, C): strokes and pixels of each class."""
        painted = self.painted
        return joined(painted).counts(n_classes) if painted else np.zeros((2, n_classes), int)

    def all_painted(self) -> tuple[dict[int, Painted], bool] | None:
        """Return all that is painted, and whether some is only glimpsed; None while some lacks."""
        with self._lock:
            early = {z: one for z, (_, one) in self._early.items() if z in self._todo}
            is_known = not self.unseen() and len(early) == len(self._todo)
            return (self._painted | early, bool(early)) if is_known else None

    def unseen(self) -> list[int]:
        """Return the slices of which not even what is painted was glimpsed, and can be at once."""
        with self._lock:
            return [
                z
                for z, one in self._todo.items()
                if self._early.get(z, (None,))[0] != one.digest
                and is_worth_it(one.cells, one.values.shape, MOST_GLIMPSED)
            ]

    def glance(self, z: int) -> None:
        """See what is painted on a slice, and little around it; raises as `Sights.make` does."""
        with self._lock:
            one = self._todo.get(z)
        if one:
            painted = gather_early(sights.glance(self.task, z, one.cells), one.values)
            with self._lock:
                self._early[z] = one.digest, painted

    def gather(self) -> bool:
        """Take what is painted on the slices at hand; return whether there were any."""
        with self._lock:
            todo = dict(self._todo)
        fresh = {}
        for z, one in todo.items():
            if sight := sights.find(self.task, z):
                fresh[z] = gather(sight, one.values), one.digest
        with self._lock:
            for z, (painted, digest) in fresh.items():
                self._painted[z], self._digests[z] = painted, digest
                self._early.pop(z, None)
                if z in self._todo and self._todo[z].digest == digest:
                    del self._todo[z]
        return bool(fresh)
