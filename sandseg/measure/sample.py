"""Where the sample lies in a slice: the rock without the air around it."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from sandseg.classes import IGNORED, SegmentationClass
from sandseg.measure.fractions import pore_mask
from sandseg.measure.hull import convex_hull

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
    hull = convex_hull(pieces == sizes.argmax())
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
