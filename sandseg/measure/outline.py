"""The outline of a sample, and the circle or box that fits it: what can be drawn over a slice."""

import numpy as np
from scipy import ndimage

from sandseg.measure.sample_shape import BOX, CIRCLE, SampleShape

MOST_POINTS = 300  # of all outlines of a slice together
MOST_PIECES = 30  # the longest ones
MOST_STEPS = 4000  # along the borders that are looked at: 3500 round a core of 1024 pixels
SMOOTHING = 1.0  # pixels: a line that runs aslant shows no steps
FRAME = 3  # pixels around the slice
TOLERANCE = 0.3  # pixels that a line may lie beside the border, where the points suffice
COARSER = 1.5  # times that, as long as they do not


def outline_of(mask: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the border of a mask as closed polygons.

    Args:
        mask: (Y, X) bool.

    Returns:
        Of each, its (N, 2) float32 points, x and y in pixels from the upper left corner of the
        slice; the first is not repeated. None where all or nothing of the slice is marked.
    """
    if mask.all() or not mask.any():
        return ()
    from skimage.measure import approximate_polygon, find_contours  # slow to load

    framed = np.pad(mask, FRAME).astype(np.float32)  # closes what the edge of the slice cuts off
    smooth = ndimage.gaussian_filter(framed, SMOOTHING, truncate=FRAME / SMOOTHING)
    longest = sorted(find_contours(smooth, 0.5), key=len, reverse=True)[:MOST_PIECES]
    step = -(-sum(map(len, longest)) // MOST_STEPS)
    lines = [np.append(line[:-1:step], line[:1], axis=0) for line in longest]  # closed, as before
    lines = [line[:, ::-1] + 0.5 - FRAME for line in lines]  # the middle of a pixel is at its half
    tolerance = TOLERANCE * step
    while True:
        lines = [approximate_polygon(line, tolerance) for line in lines]
        lines = [line for line in lines if len(line) > 3]  # else it is only a speck
        if sum(map(len, lines)) <= MOST_POINTS:
            return tuple(line[:-1].astype(np.float32) for line in lines)
        tolerance *= COARSER


def fitting_shape(kind: str, mask: np.ndarray) -> SampleShape:
    """Return the circle or box, in whole pixels, that fits a sample.

    Args:
        kind: "circle" or "box"; any other is returned as it is.
        mask: (Y, X) bool. Where nothing is marked, the whole slice is fitted.
    """
    mask = mask if mask.any() else np.ones(mask.shape, bool)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    if kind == BOX:
        return SampleShape(BOX, tuple(map(float, (left, top, right, bottom))))
    if kind != CIRCLE:
        return SampleShape(kind)
    if mask.all():
        inscribed = (left + right) // 2, (top + bottom) // 2, min(right - left, bottom - top) // 2
        return SampleShape(CIRCLE, tuple(float(max(number, 1)) for number in inscribed))
    y, x = np.nonzero(mask)
    same_area = x.mean() + 0.5, y.mean() + 0.5, np.sqrt(len(x) / np.pi)
    tried = [_rounded(numbers) for numbers in (same_area, *_through_border(mask))]
    return max(tried, key=lambda shape: _overlap(shape.mask(mask.shape), mask))


def _rounded(numbers: tuple[float, ...]) -> SampleShape:
    return SampleShape(CIRCLE, tuple(float(max(round(number), 1)) for number in numbers))


def _overlap(mask: np.ndarray, other: np.ndarray) -> float:
    return np.count_nonzero(mask & other) / np.count_nonzero(mask | other)


def _through_border(mask: np.ndarray) -> list[tuple[float, float, float]]:
    """Return the circle nearest to a border, but for where the edge of the slice cuts it off."""
    points = np.concatenate([np.zeros((0, 2)), *outline_of(mask)])
    height, width = mask.shape
    inner = (points > 1).all(axis=1) & (points < (width - 1, height - 1)).all(axis=1)
    points = points[inner].astype(np.float64)
    if len(points) < 8:
        return []
    terms = np.column_stack([2 * points, np.ones(len(points))])
    x, y, rest = np.linalg.lstsq(terms, (points**2).sum(axis=1), rcond=None)[0]
    is_near = 0 <= x <= width and 0 <= y <= height
    return [(x, y, float(np.sqrt(rest + x**2 + y**2)))] if is_near else []
