"""Where the next stroke helps most: where an answer hesitates over an area, not along a line."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

REACH = 6.0  # pixels, standard deviation: about what a stroke covers
AWAY = 24  # pixels from what is painted: nearer, the strokes there have said what they can
LEAST_DOUBT = 0.05  # below it, there is nothing to ask


@dataclass(frozen=True)
class Place:
    """Where to paint: slice, row and column in pixels.

    `doubt` in [0, 1]; `classes` are the two that the answer hesitates between, from 0.
    """

    z: int
    y: int
    x: int
    doubt: float
    classes: tuple[int, int]


def place_in_slice(
    z: int,
    probabilities: np.ndarray,
    values: np.ndarray,
    step: int = 1,
    unseen: np.ndarray | None = None,
) -> Place | None:
    """Find the place in a slice where painting helps most.

    Doubt is small where the likeliest class leads the second by far (margin sampling: Scheffer et
    al., Active hidden Markov models for information extraction, 2001). Every border between two
    classes is in doubt, so what counts is its mean over what a stroke covers.

    Args:
        z: Index of the slice.
        probabilities: (Y', X', C) float32 of every `step`-th row and column.
        values: (Y, X) uint8, 0 where nothing is painted.
        step: Pixels between two answers.
        unseen: (Y', X') bool, where the slice shows nothing, or nothing is known of it.

    Returns:
        The place; None where nothing is in doubt, or all of it is painted.
    """
    highest = np.partition(probabilities, -2, axis=-1)[..., -2:]
    doubt = 1 - (highest[..., 1] - highest[..., 0])
    if unseen is not None:
        doubt = np.where(unseen, 0, doubt)
    around = ndimage.gaussian_filter(doubt.astype(np.float32), REACH / step, mode="nearest")
    around[_near(values, step, around.shape)] = 0
    if unseen is not None:
        around[unseen] = 0
    row, column = np.unravel_index(int(around.argmax()), around.shape)
    if around[row, column] < LEAST_DOUBT:
        return None
    first, second = np.argsort(-_mean_around(probabilities, row, column, step), kind="stable")[:2]
    return Place(
        z,
        min(int(row) * step, values.shape[0] - 1),
        min(int(column) * step, values.shape[1] - 1),
        float(around[row, column]),
        (int(first), int(second)),
    )


def where_next(places: Iterable[Place | None]) -> Place | None:
    """Return the place of most doubt among those of several slices; None where there is none."""
    return max((one for one in places if one), key=lambda one: (one.doubt, -one.z), default=None)


def _near(values: np.ndarray, step: int, shape: tuple[int, int]) -> np.ndarray:
    """Return (Y', X') bool: within `AWAY` of what is painted."""
    is_painted = np.zeros(shape, bool)
    rows, columns = np.nonzero(values)
    is_painted[
        np.minimum(rows // step, shape[0] - 1), np.minimum(columns // step, shape[1] - 1)
    ] = 1
    if not is_painted.any():
        return is_painted
    return ndimage.distance_transform_edt(~is_painted) * step < AWAY


def _mean_around(probabilities: np.ndarray, row: int, column: int, step: int) -> np.ndarray:
    reach = max(int(REACH / step), 1)
    rows = np.s_[max(row - reach, 0) : row + reach + 1]
    return probabilities[rows, max(column - reach, 0) : column + reach + 1].mean(axis=(0, 1))
