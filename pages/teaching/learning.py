"""What is learned from the strokes of a lesson, and what it makes of the slices that are looked at.

All of it can be made anew from the strokes; none of it is on the disk.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sandseg.classes import SegmentationClass
from sandseg.export.pictures import encode_png
from sandseg.measure.composition import Composition, composition_of
from sandseg.predict.sight import Sight
from sandseg.predict.slices import SlicePrediction
from sandseg.teach.classifier import Classifier, learn

COARSE_PIXELS = 2**16  # answered first: as many as a screen shows of a slice, in a blink
N_WHOLE = 2  # slices whose answer is kept in full
EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True, eq=False)
class Painted:
    """The painted pixels of a slice, by row and column.

    `features` (P, F) float32, `values` (P,) uint8 from 1, `strokes` (P,) int32 from 1; `digest`
    tells whether the slice was painted on since.
    """

    digest: int
    features: np.ndarray
    values: np.ndarray
    strokes: np.ndarray

    def counts(self, n_classes: int) -> np.ndarray:
        """Return (2, C): strokes and pixels of each class."""
        _, first = np.unique(self.strokes, return_index=True)
        of = (self.values[first], self.values)
        return np.stack([np.bincount(v, minlength=n_classes + 1)[1 : n_classes + 1] for v in of])


@dataclass(frozen=True, eq=False)
class Taught:
    """What was learned from the first `n` events, and how much there was to learn from."""

    n: int
    classifier: Classifier
    classes: tuple[SegmentationClass, ...]


@dataclass(frozen=True, eq=False)
class Piece:
    """Labels as they go to a browser: of a `box` of slice `z`, one for `step` × `step` pixels.

    `png` holds their values, 255 where nothing was seen; "" where there is nothing to show.
    """

    version: int
    n: int
    z: int
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    step: int = 1
    is_whole: bool = False
    png: bytes = b""


@dataclass(frozen=True, eq=False)
class Whole:
    """All of a slice, as learned from the first `n` events."""

    n: int
    found: SlicePrediction
    phases: Composition
    png: bytes
    version: int = 0


def gather(sight: Sight, values: np.ndarray, digest: int) -> Painted:
    """Take the features of what is painted on a slice.

    Args:
        sight: The slice.
        values: (Y, X) uint8, 0 where nothing is painted.
        digest: See `Painted`.
    """
    rows, columns = np.nonzero(values)
    return Painted(
        digest,
        sight.at(rows, columns),
        values[rows, columns],
        stroke_numbers(values)[rows, columns],
    )


def stroke_numbers(values: np.ndarray) -> np.ndarray:
    """Number what hangs together in one class, (Y, X) int32 from 1; 0 where nothing is painted."""
    numbers, n = np.zeros(values.shape, np.int32), 0
    for value in np.unique(values[values > 0]):
        found, n_found = ndimage.label(values == value, EIGHT)
        numbers += np.where(found, found + n, 0).astype(np.int32)
        n += n_found
    return numbers


def digest_of(values: np.ndarray) -> int:
    """Tell whether a slice was painted on, by a checksum of it."""
    return zlib.crc32(np.ascontiguousarray(values))


def learn_from(
    painted: dict[int, Painted], classes: tuple[SegmentationClass, ...], n: int
) -> Taught | None:
    """Learn from all painted slices; None while fewer than two classes are painted."""
    parts = [painted[z] for z in sorted(painted) if len(painted[z].values)]
    if not parts:
        return None
    values = np.concatenate([part.values for part in parts])
    if len(np.unique(values)) < 2:
        return None
    features = np.concatenate([part.features for part in parts])
    strokes, last = [], 0
    for part in parts:
        strokes.append(part.strokes + last)
        last += int(part.strokes.max())
    classifier = learn(features, values, np.concatenate(strokes), len(classes))
    return Taught(n, classifier, classes)


def step_for(box: tuple[int, int, int, int]) -> int:
    """Return of how many pixels along each side one is answered first: 1, 2, 4 or 8."""
    width, height = box[2] - box[0], box[3] - box[1]
    return next((s for s in (1, 2, 4) if width * height <= COARSE_PIXELS * s * s), 8)


def coarse_piece(sight: Sight, taught: Taught, box: tuple[int, int, int, int]) -> tuple[bytes, int]:
    """Answer what is seen of a slice, as fine as is quick: a PNG and the step of its pixels."""
    step = step_for(box)
    x0, y0, x1, y1 = box
    half = step // 2
    shape = sight.seen.grey.shape
    rows = np.minimum(np.arange(y0, y1, step) + half, shape[0] - 1)
    columns = np.minimum(np.arange(x0, x1, step) + half, shape[1] - 1)
    return encode_png(sight.labels_at(taught.classifier, rows, columns)), step


def whole(sight: Sight, taught: Taught, between: Callable[[], None]) -> Whole:
    """Answer all of a slice; `between` may end it by an exception."""
    found = sight.predict(taught.classifier, taught.classes, between)
    labels = found.seen_labels
    phases = composition_of(labels, taught.classes, found.sample)
    return Whole(taught.n, found, phases, encode_png(labels))
