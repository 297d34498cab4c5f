"""Where the errors lie: near the borders between classes, and of which kind."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter

from sandseg.classes import IGNORED


class ErrorKinds(NamedTuple):
    """The wrong pixels of one class, as boolean masks of the labels' shape."""

    missed: np.ndarray  # truly the class, called something else
    invented: np.ndarray  # called the class, truly something else


def error_kinds(true: np.ndarray, predicted: np.ndarray, class_value: int) -> ErrorKinds:
    """Tell the pixels of a class that were missed from those that were invented."""
    is_true, is_predicted = true == class_value, predicted == class_value
    return ErrorKinds(is_true & ~is_predicted, is_predicted & ~is_true & (true != IGNORED))


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
