"""How many of the errors lie near the borders between classes."""

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter

from sandseg.classes import IGNORED


def boundary_mask(labels: np.ndarray, distance: int = 2) -> np.ndarray:
    """Mark the pixels near a border between two classes.

    Args:
        labels: (Y, X) uint8; `IGNORED` pixels make no border.
        distance: How far from the pixels on a border, in pixels along rows, columns or diagonals;
            1 marks just the pixels that have a neighbour of another class.

    Returns:
        (Y, X) bool.
    """
    is_labelled = labels != IGNORED
    size = 2 * distance + 1
    highest = maximum_filter(np.where(is_labelled, labels, 0), size, mode="nearest")
    lowest = minimum_filter(labels, size, mode="nearest")
    return (highest > lowest) & is_labelled


def boundary_error_share(true: np.ndarray, predicted: np.ndarray, distance: int = 2) -> float:
    """Return the share in [0, 1] of the wrong pixels that lie near a true border; NaN without any.

    `distance` is in pixels, as for `boundary_mask`.
    """
    is_wrong = (true != predicted) & (true != IGNORED)
    n_wrong = np.count_nonzero(is_wrong)
    if n_wrong == 0:
        return float("nan")
    return np.count_nonzero(is_wrong & boundary_mask(true, distance)) / n_wrong
