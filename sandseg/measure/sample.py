"""Where the sample lies in a slice: the rock without the air around it."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from sandseg.classes import IGNORED, SegmentationClass
from sandseg.measure.fractions import pore_mask

ALL_BUT_FILLED = 0.99  # what is taken for pores in corners is at most a hundredth of a slice


def sample_mask(labels: np.ndarray, classes: Sequence[SegmentationClass]) -> np.ndarray:
    """Mark the sample itself, its pores included, and leave out the air around it.

    Each slice's sample is the convex hull of its largest piece of solid: what a drilled cylinder
    is, chips in its rim counted as pores. A slice that it all but fills is cut from inside the
    rock and belongs to it wholly, pores in its corners included.

    Args:
        labels: (Y, X) or (Z, Y, X) uint8.
        classes: The classes; those without `is_pore` are solid.

    Returns:
        bool of the same shape; all False in a slice without solid.
    """
    if labels.ndim == 3:
        return np.stack([sample_mask(image, classes) for image in labels])
    solid = ~pore_mask(labels, classes) & (labels != IGNORED)
    pieces, _ = ndimage.label(solid)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    if not sizes.any():
        return np.zeros(labels.shape, bool)
    hull = _convex_hull(pieces == sizes.argmax())
    return np.ones_like(hull) if hull.mean() >= ALL_BUT_FILLED else hull


def labels_inside(
    true: np.ndarray, classes: Sequence[SegmentationClass], most_unlabelled: float = 0.1
) -> np.ndarray:
    """Return true labels with all that is no sample `IGNORED`: what scores are counted over.

    Args:
        true: (Y, X) uint8, true labels of a slice.
        classes: What they mean.
        most_unlabelled: Share of pixels without a label up to which the sample can be told; of a
            slice labelled in part, all labels count, since nobody labels the air outside then.
    """
    is_partial = np.count_nonzero(true == IGNORED) > most_unlabelled * true.size
    return true if is_partial else np.where(sample_mask(true, classes), true, np.uint8(IGNORED))


def _convex_hull(mask: np.ndarray) -> np.ndarray:
    # Each row of a convex shape is one run of pixels, so its two ends describe it.
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    every_row = np.arange(rows[0], rows[-1] + 1)
    left = np.interp(every_row, *_lower_hull(rows, first))
    right = -np.interp(every_row, *_lower_hull(rows, -last))
    columns = np.arange(mask.shape[1])
    hull = np.zeros(mask.shape, bool)
    # A pixel belongs to the hull when its center does; the hundredth forgives rounding.
    hull[every_row] = (columns >= left[:, None] - 0.01) & (columns <= right[:, None] + 0.01)
    return hull


def _lower_hull(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of the lower convex hull of points sorted by x (Andrew's chain)."""
    corners: list[tuple[int, int]] = []
    for point in zip(x.tolist(), y.tolist(), strict=True):
        while len(corners) >= 2 and _turn(corners[-2], corners[-1], point) <= 0:
            corners.pop()
        corners.append(point)
    corner_x, corner_y = np.array(corners).T
    return corner_x, corner_y


def _turn(start: tuple[int, int], middle: tuple[int, int], end: tuple[int, int]) -> int:
    """Return the sign of a turn: positive to the left, 0 straight on."""
    return (middle[0] - start[0]) * (end[1] - start[1]) - (middle[1] - start[1]) * (
        end[0] - start[0]
    )
