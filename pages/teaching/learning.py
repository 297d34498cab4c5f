"""What is learned from the strokes of a lesson, and what it makes of the slices that are looked at.

All of it can be made anew from the strokes; none of it is on the disk.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sandseg.classes import SegmentationClass
from sandseg.export.pictures import encode_png
from sandseg.measure.composition import Composition, composition_of
from sandseg.predict.sight import Sight
from sandseg.predict.slices import SlicePrediction
from sandseg.predict.teaching import Painted, learn_from
from sandseg.teach.learning.pixel_classifier import Classifier
from sandseg.teach.learning.where_next import Place, place_in_slice, where_next

NEXT_STEP = 4  # pixels between two answers, where a place to paint is looked for
COARSE_PIXELS = 2**16  # answered first: as many as a screen shows of a slice, in a blink


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


def digest_of(values: np.ndarray) -> int:
    """Tell whether a slice was painted on, by a checksum of it."""
    return zlib.crc32(np.ascontiguousarray(values))


def learn(
    painted: Mapping[int, Painted],
    classes: tuple[SegmentationClass, ...],
    n: int,
    n_corrected: int = 0,
) -> Taught | None:
    """Learn from all painted slices; None while there is too little to tell anything apart.

    Args:
        painted: By the index of the slice.
        classes: What the answers mean.
        n: Events so far.
        n_corrected: See `teaching.learn_from`.

    Raises:
        SandsegError: Nothing can be learned from these strokes.
    """
    found = {int(value) for one in painted.values() for value in np.unique(one.values)}
    if len(found) < (1 if n_corrected else 2):
        return None
    return Taught(n, learn_from(painted, len(classes), n_corrected), classes)


def next_place(taught: Taught, slices: Mapping[int, tuple[Sight, np.ndarray]]) -> Place | None:
    """Return where the next stroke helps most; `slices` are sights and what is painted on them."""
    places = []
    for z, (sight, values) in slices.items():
        rows, columns = (np.arange(0, length, NEXT_STEP) for length in values.shape)
        probabilities = sight.probabilities_at(taught.classifier, rows, columns)
        places.append(place_in_slice(z, probabilities, values, NEXT_STEP, sight.seen.unseen))
    return where_next(places)


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
