"""The convex hull of a mask."""

import numpy as np


def convex_hull(mask: np.ndarray) -> np.ndarray:
    """Mark the pixels whose centers lie in the convex hull of those of a (Y, X) mask, not empty."""
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
