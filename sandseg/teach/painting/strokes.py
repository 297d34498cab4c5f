"""Strokes played one after the other: what is painted on a stack, with undo and redo."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sandseg.classes import SegmentationClass
from sandseg.errors import TeachError
from sandseg.teach.painting.blocks import Blocks, Change
from sandseg.teach.painting.events import (
    MAX_CLASSES,
    Accept,
    Event,
    Import,
    Paint,
    SetClasses,
    parse_event,
)
from sandseg.teach.painting.raster import closed_region, stroke_mask

N_UNPACKED = 64  # the latest changes are kept as they are: undone at once

# Gives the painted slices, (Y, X) uint8 by index, of a file that an event names
ReadImport = Callable[[str], Mapping[int, np.ndarray]]


@dataclass
class _Step:
    """Something that can be undone: what was before it, or comes after it once undone."""

    change: Change | None = None
    classes: tuple[SegmentationClass, ...] | None = None
    accepted: dict[int, "_Accepted"] | None = None


@dataclass(frozen=True)
class _Accepted:
    """Labels of a slice that are taken as right: their file, and the values in it."""

    file: str
    values: frozenset[int]


def _no_files(_: str) -> Mapping[int, np.ndarray]:
    raise TeachError("The strokes to import are not here.", hint="Import their file again.")


class Painting:
    """What is painted on a stack of (Z, Y, X) pixels.

    The same events in the same order give the same painting. `classes` are numbered from 1, as they
    are painted; there may be none yet.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: Sequence[SegmentationClass] = (),
        read_import: ReadImport = _no_files,
    ):
        self.shape = tuple(shape)
        self.classes = tuple(classes)
        self.n_events = 0
        self._accepted: dict[int, _Accepted] = {}
        self._blocks = Blocks(self.shape)
        self._read_import = read_import
        self._seen: set[str] = set()
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self._fresh: deque[Change] = deque()

    def play(self, given: dict[str, Any]) -> bool:
        """Do what an event says.

        Args:
            given: The event, as `events` describes it.

        Returns:
            Whether it is new: one that came before does nothing.

        Raises:
            TeachError: It is malformed, or cannot be done; the painting stays as it was.
        """
        event = parse_event(given, self.shape)
        if event.id in self._seen:
            return False
        if event.do == "undo":
            self._undo()
        elif event.do == "redo":
            self._redo()
        else:
            self._do(event)
        self._seen.add(event.id)
        self.n_events += 1
        return True

    @property
    def painted_slices(self) -> tuple[int, ...]:
        """Indices of the slices that something is painted on, in order."""
        return self._blocks.slices()

    @property
    def accepted_slices(self) -> tuple[int, ...]:
        """Indices of the slices whose labels were accepted as right, in order."""
        return tuple(sorted(self._accepted))

    def accepted_values(self, z: int) -> np.ndarray:
        """Return the accepted labels of slice z: (Y, X) uint8, classes from 1, 0 where none is.

        Raises:
            TeachError: Their file is missing or damaged.
        """
        return self._read_import(self._accepted[z].file)[z]

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether something undone can come back."""
        return bool(self._undone)

    def slice_values(self, z: int) -> np.ndarray:
        """Return what is painted on slice z: (Y, X) uint8, 0 where nothing is."""
        return self._blocks.read_plane(("z", z))

    def plane_values(self, axis: str, at: int) -> np.ndarray:
        """Return what is painted on a plane: (rows, columns) uint8; y × x, z × x or z × y."""
        return self._blocks.read_plane((axis, at))

    def counts(self) -> dict[int, int]:
        """Return how many pixels are painted in each class; one without any is left out."""
        found = self._blocks.counts()
        return {int(value): int(found[value]) for value in np.flatnonzero(found)}

    def _do(self, event: Event) -> None:
        if isinstance(event, Paint):
            step = _Step(self._paint(event))
        elif isinstance(event, SetClasses):
            step = _Step(classes=self._rename(event.classes))
        elif isinstance(event, Import):
            step = _Step(self._blocks.paste(self._imported(event.file)))
        elif isinstance(event, Accept):
            step = _Step(accepted=self._accept(event))
        else:
            step = _Step(self._blocks.clear())
        self._done.append(step)
        self._undone.clear()
        self._keep_small(step)

    def _paint(self, event: Paint) -> Change | None:
        most = len(self.classes) or MAX_CLASSES
        if event.value > most:
            raise TeachError(
                f"A stroke is of class {event.value}, but there are {most}.",
                hint="Choose one of the classes.",
            )
        plane = event.axis, event.at
        if event.tool != "fill":
            shape = self._blocks.plane_shape(event.axis)
            top, left, mask = stroke_mask(event.points, event.size, shape)
            return self._blocks.paint(plane, top, left, mask, event.value)
        column, row = event.points[0]
        values = self._blocks.read_plane(plane)
        if values[row, column] == event.value:
            raise TeachError(
                "This region is of that class already, so nothing was filled.",
                hint="Choose another class, or another place.",
            )
        top, left, region = closed_region(values, int(column), int(row))
        return self._blocks.paint(plane, top, left, region, event.value)

    def _imported(self, file: str) -> Mapping[int, np.ndarray]:
        slices = self._read_import(file)
        most = len(self.classes) or MAX_CLASSES
        if any(values.max(initial=0) > most for values in slices.values()):
            raise TeachError(
                f"The strokes to import are of more classes than there are: {most}.",
                hint="Add classes first, or choose another file.",
            )
        return slices

    def _accept(self, event: Accept) -> dict[int, _Accepted]:
        """Note that labels are right, or no longer; return all that were noted before."""
        before = self._accepted
        others = {z: known for z, known in before.items() if z != event.at}
        if event.file:
            slices = self._imported(event.file)
            if set(slices) != {event.at}:
                raise TeachError(
                    "These labels are not those of the slice to accept.",
                    hint="Look at the slice again, then accept its labels.",
                )
            values = frozenset(np.unique(slices[event.at]).tolist()) - {0}
            others[event.at] = _Accepted(event.file, values)
        self._accepted = others
        return before

    def _rename(self, classes: tuple[SegmentationClass, ...]) -> tuple[SegmentationClass, ...]:
        """Take other classes, and return those before."""
        before, is_shorter = self.classes, len(classes) < len(self.classes)
        accepted = [known.values for known in self._accepted.values()]
        for value in sorted(set(self.counts()).union(*accepted)):
            is_there = value <= len(classes)
            if is_there and not (is_shorter and classes[value - 1].name != before[value - 1].name):
                continue
            name = f'"{before[value - 1].name}"' if before else f"class {value}"
            raise TeachError(
                f"Something is painted or accepted as {name}, so it cannot be removed.",
                hint="Erase its strokes first, and take back the slices that show it.",
            )
        self.classes = classes
        return before

    def _undo(self) -> None:
        if not self._done:
            raise TeachError("There is nothing to undo.", hint="Paint something first.")
        self._undone.append(self._swap(self._done.pop()))

    def _redo(self) -> None:
        if not self._undone:
            raise TeachError("There is nothing to do again.", hint="Undo something first.")
        self._done.append(self._swap(self._undone.pop()))

    def _swap(self, step: _Step) -> _Step:
        classes, accepted = step.classes, step.accepted
        if classes is not None:
            classes, self.classes = self.classes, classes
        if accepted is not None:
            accepted, self._accepted = self._accepted, accepted
        back = _Step(self._blocks.swap(step.change) if step.change else None, classes, accepted)
        self._keep_small(back)
        return back

    def _keep_small(self, step: _Step) -> None:
        if step.change:
            self._fresh.append(step.change)
        while len(self._fresh) > N_UNPACKED:
            self._fresh.popleft().pack()
