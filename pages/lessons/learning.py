"""What is learned from the strokes of a lesson, and what it makes of the slices that are looked at.

All of it can be made anew from the strokes; none of it is on the disk.
"""

import json
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from pages.components.painting.tickets import Look
from sandseg.classes import IGNORED, SegmentationClass
from sandseg.errors import SandsegError
from sandseg.export.pictures import encode_png
from sandseg.measure.composition import Composition, composition_of
from sandseg.predict.glimpse import Glimpses, Scout
from sandseg.predict.sight import Sight
from sandseg.predict.slices import SlicePrediction
from sandseg.predict.teaching import Painted, learn_from
from sandseg.teach.learning.held_back import HeldBackScore
from sandseg.teach.learning.pixel_classifier import Classifier
from sandseg.teach.learning.where_next import Place, place_in_slice, where_next

ALL_PARTS = 10**6  # more than a slice can have
COARSE_PIXELS = 2**16  # answered first: as many as a screen shows of a slice, in a blink


@dataclass(frozen=True, eq=False)
class Taught:
    """What was learned from the first `n` events, and how much there was to learn from."""

    n: int
    classifier: Classifier
    classes: tuple[SegmentationClass, ...]


@dataclass(frozen=True, eq=False)
class Piece:
    """Labels as they go to a browser: of what somebody sees, one for `step` × `step` pixels.

    `of` is what they were learned by from the first `n` events. `pngs` hold their values, 255 where
    nothing was seen, and how sure they are in whole percent, if that was asked for; none where
    there is nothing to show. With `is_partial` there are more to come where there are none;
    with `is_early` some of what is painted was only glimpsed.
    `n_known` of the slices that a plane crosses have labels; `n_parts` is how much was known.
    """

    version: int
    n: int
    look: Look
    of: Taught | None = None
    step: int = 1
    is_whole: bool = False
    is_partial: bool = False
    is_early: bool = False
    n_known: int | None = None
    n_parts: int = 0
    pngs: tuple[bytes, ...] = ()

    def packed(self, facts: dict[str, Any]) -> bytes:
        """Return it as it goes to a browser: length of the header, header (JSON), PNGs."""
        header = facts | {
            "version": self.version,
            "learned": self.n,
            "axis": self.look.axis,
            "z": self.look.z,
            "box": self.look.box,
            "step": self.step,
            "isWhole": self.is_whole,
            "isPartial": self.is_partial,
            "isEarly": self.is_early,
            "known": self.n_known,
            "isEmpty": not self.pngs,
            "lengths": [len(png) for png in self.pngs],
        }
        head = json.dumps(header).encode()
        return b"".join([struct.pack("<I", len(head)), head, *self.pngs])


@dataclass(frozen=True, eq=False)
class Whole:
    """All of a slice of a `shape`, as `of` answers it.

    `percent`, (Y, X) uint8, says how sure it is, and `sure` is the PNG of that once asked for.
    """

    of: Taught
    shape: tuple[int, int]
    phases: Composition
    png: bytes
    percent: np.ndarray
    sure: bytes = b""
    version: int = 0

    @property
    def labels(self) -> np.ndarray:
        """The labels, (Y, X) uint8, 255 where nothing was seen."""
        with Image.open(BytesIO(self.png)) as picture:
            return np.array(picture)

    def with_sure(self) -> "Whole":
        """Return it with how sure it is as a picture, too."""
        return replace(self, sure=encode_png(self.percent))

    def piece(self, look: Look) -> Piece | None:
        """Return it for somebody who sees a part; None where it lacks what they ask for."""
        if look.is_sure and not self.sure:
            return None
        height, width = self.shape
        all_of_it = look._replace(box=(0, 0, width, height))
        pngs = (self.png, self.sure) if look.is_sure else (self.png,)
        return Piece(self.version, self.of.n, all_of_it, self.of, is_whole=True, pngs=pngs)


@dataclass(frozen=True, eq=False)
class Summary:
    """A lesson in numbers, for one slice.

    `n_strokes` and `n_pixels` (C,) are painted in each class, on all slices; `phases` is what the
    slice is made of, None until all of it is answered; `refusal` says why nothing was learned. With
    `is_taught` all strokes are learned from; `known` is what the model was taught before.
    """

    classes: tuple[SegmentationClass, ...]
    n_strokes: tuple[int, ...]
    n_pixels: tuple[int, ...]
    phases: Composition | None = None
    refusal: SandsegError | None = None
    score: HeldBackScore | None = None
    is_taught: bool = False
    known: str = ""


class Overtaken(Exception):  # noqa: N818 - it is none
    """Something newer was painted: the work at hand is not needed any more."""


def numbered(classes: Sequence[SegmentationClass]) -> tuple[SegmentationClass, ...]:
    """Return classes as labels count them: from 0, where strokes count from 1."""
    return tuple(replace(one, value=value) for value, one in enumerate(classes))


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


def next_place(taught: Taught, slices: Mapping[int, tuple[Scout, np.ndarray]]) -> Place | None:
    """Return where the next stroke helps most; `slices` are scouts and what is painted there."""
    places = []
    for z, (scout, values) in slices.items():
        probabilities = scout.probabilities(taught.classifier)
        places.append(place_in_slice(z, probabilities, values, scout.step, scout.unseen))
    return where_next(places)


def step_for(box: tuple[int, int, int, int]) -> int:
    """Return of how many pixels along each side one is answered first: 1, 2, 4 or 8."""
    width, height = box[2] - box[0], box[3] - box[1]
    return next((s for s in (1, 2, 4) if width * height <= COARSE_PIXELS * s * s), 8)


def coarse_piece(known: Sight | Glimpses, taught: Taught, look: Look) -> Piece:
    """Answer what is seen of a slice, as fine as is quick, where it is known."""
    step = step_for(look.box)
    x0, y0, x1, y1 = look.box
    half = step // 2
    shape = known.seen.grey.shape
    rows = np.minimum(np.arange(y0, y1, step) + half, shape[0] - 1)
    columns = np.minimum(np.arange(x0, x1, step) + half, shape[1] - 1)
    pngs = _pngs(known.answer_at(taught.classifier, rows, columns), look)
    is_partial = isinstance(known, Glimpses)
    n_parts = parts_of(known)
    return Piece(0, taught.n, look, taught, step, is_partial=is_partial, n_parts=n_parts, pngs=pngs)


def plane_piece(known: Mapping[int, Sight | Glimpses], taught: Taught, look: Look) -> Piece:
    """Answer what is seen of a plane across the slices: row or column `look.z` of those known."""
    x0, y0, x1, y1 = look.box
    labels = np.full((y1 - y0, x1 - x0), IGNORED, np.uint8)
    confidence = np.full(labels.shape, np.nan, np.float32)
    at, across = np.array([look.z]), np.arange(x0, x1)
    for z in sorted(known):
        if y0 <= z < y1:
            lines = (at, across) if look.axis == "y" else (across, at)
            found = known[z].answer_at(taught.classifier, *lines)
            labels[z - y0], confidence[z - y0] = found.labels.ravel(), found.confidence.ravel()
    pngs = _pngs(SlicePrediction(labels, confidence), look)
    n = len(known)
    return Piece(0, taught.n, look, taught, n_known=n, n_parts=n, pngs=pngs)


def parts_of(known: Sight | Glimpses | None) -> int:
    """Tell by a number how much is known of a slice; 0: nothing."""
    return len(known.cells) if isinstance(known, Glimpses) else ALL_PARTS * bool(known)


def percent_of(confidence: np.ndarray) -> np.ndarray:
    """Return confidence in whole percent, uint8, rounded down; 255 where it is NaN."""
    return np.nan_to_num(100 * confidence, nan=IGNORED).astype(np.uint8)


def _pngs(found: SlicePrediction, look: Look) -> tuple[bytes, ...]:
    labels = encode_png(found.labels)
    return (labels, encode_png(percent_of(found.confidence))) if look.is_sure else (labels,)


def whole(sight: Sight, taught: Taught, between: Callable[[], None]) -> Whole:
    """Answer all of a slice; `between` may end it by an exception."""
    found = sight.predict(taught.classifier, taught.classes, between)
    labels = found.seen_labels
    phases = composition_of(labels, taught.classes, found.sample)
    percent = percent_of(found.confidence)
    return Whole(taught, labels.shape, phases, encode_png(labels), percent)
