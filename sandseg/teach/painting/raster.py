"""Strokes to pixels, in whole numbers alone: a browser that counts the same paints the same."""

from functools import lru_cache

import numpy as np

from sandseg.errors import TeachError

SEGMENTS_AT_ONCE = 1024  # of a stroke: bounds the memory
N_SEGMENTS_KEPT = 4096


def stroke_mask(
    points: np.ndarray, size: int, shape: tuple[int, int]
) -> tuple[int, int, np.ndarray]:
    """Return which pixels a brush paints that is drawn along some points.

    A pixel is painted where it is no farther than half the brush from a segment between two points
    that follow one another, its rim included: 4 · distance² ≤ size².

    Args:
        points: (N, 2) whole numbers, [column, row] inside the plane.
        size: Diameter of the brush in pixels.
        shape: (rows, columns) of the plane.

    Returns:
        First row and first column of the part of the plane that the stroke reaches, and the part
        as bool.
    """
    points = np.asarray(points, np.int64)
    a, b = (points[:-1], points[1:]) if len(points) > 1 else (points, points)
    reach = size // 2
    top, left = np.maximum(points[:, ::-1].min(axis=0) - reach, 0)
    bottom, right = np.minimum(points[:, ::-1].max(axis=0) + reach + 1, shape)
    # Where a run of painted pixels begins +1, behind its end -1: the sum along a row counts them.
    edges = np.zeros((bottom - top, right - left + 1), np.int64)
    flat, width = edges.reshape(-1), edges.shape[1]
    for first in range(0, len(a), SEGMENTS_AT_ONCE):
        part = slice(first, first + SEGMENTS_AT_ONCE)
        rows, starts, ends = _runs(a[part], b[part], size)
        seen = (rows >= top) & (rows < bottom) & (ends >= left) & (starts < right)
        begin = (rows[seen] - top) * width
        first_columns = np.maximum(starts[seen] - left, 0)
        end_columns = np.minimum(ends[seen] + 1, right) - left
        flat += np.bincount(begin + first_columns, minlength=flat.size)
        flat -= np.bincount(begin + end_columns, minlength=flat.size)
    return int(top), int(left), np.cumsum(edges[:, :-1], axis=1) > 0


def closed_region(plane: np.ndarray, column: int, row: int) -> tuple[int, int, np.ndarray]:
    """Return the connected region of one value around a place; neighbours share an edge.

    Args:
        plane: (rows, columns) uint8 of painted values, 0 where nothing is painted.
        column: Of the place.
        row: Of the place.

    Returns:
        First row and first column of a part of the plane that holds the region, and the region in
        it as bool.

    Raises:
        TeachError: Nothing is painted there, and nothing encloses it.
    """
    from scipy import ndimage

    reach = 32
    while True:
        top, left = max(row - reach, 0), max(column - reach, 0)
        part = plane[top : row + reach + 1, left : column + reach + 1]
        regions, _ = ndimage.label(part == plane[row, column])
        region = regions == regions[row - top, column - left]
        at_edge = _at_edges(region)
        at_border = (
            top == 0,
            left == 0,
            top + len(part) == plane.shape[0],
            left + part.shape[1] == plane.shape[1],
        )
        if plane[row, column] == 0 and any(
            edge and border for edge, border in zip(at_edge, at_border, strict=True)
        ):
            raise TeachError(
                "This place is not enclosed, so nothing was filled.",
                hint="Draw a closed line around it first, with no gap.",
            )
        if not any(edge and not border for edge, border in zip(at_edge, at_border, strict=True)):
            return top, left, region
        reach *= 4


def _at_edges(region: np.ndarray) -> tuple[bool, bool, bool, bool]:
    """Whether a region reaches the first row, first column, last row, last column of its part."""
    edges = region[0], region[:, 0], region[-1], region[:, -1]
    return tuple(bool(edge.any()) for edge in edges)


def _runs(a: np.ndarray, b: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (R,) rows, first and last columns of the runs that segments a to b paint."""
    found = [_runs_from_origin(x, y, size) for x, y in (b - a).tolist()]
    start = np.repeat(a, [runs.shape[1] for runs in found], axis=0)
    rows, starts, ends = np.concatenate(found, axis=1)
    return rows + start[:, 1], starts + start[:, 0], ends + start[:, 0]


@lru_cache(maxsize=N_SEGMENTS_KEPT)  # a hand moves by few pixels at a time: the same come often
def _runs_from_origin(x: int, y: int, size: int) -> np.ndarray:
    """Return (3, R) int16: rows, first and last columns that a segment from (0, 0) paints.

    What a segment paints is convex, so each row holds one run. Its ends are found in fractions and
    then put right by whole numbers.
    """
    reach = size // 2
    rows = np.arange(min(0, y) - reach, max(0, y) + reach + 1)
    b = np.array([x, y])
    found = np.full((2, len(rows)), 2**14)
    for rough, sign, first in zip(_rough_ends(b, size / 2, rows), (1, -1), found, strict=True):
        for change in (-1, 0, 1):
            columns = np.rint(rough).astype(np.int64) + change
            painted = _is_painted(b, size, columns, rows)
            np.minimum(first, sign * columns, out=first, where=painted)
    some = found[0] < 2**14
    runs = np.stack([rows, found[0], -found[1]])[:, some].astype(np.int16)
    runs.flags.writeable = False
    return runs


def _rough_ends(b: np.ndarray, radius: float, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the run of a row begins and ends, but for rounding, as fractions of columns.

    The ends are those of the discs around (0, 0) and b, or of the band between them.
    """
    starts, ends = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    for column, row in ((0, 0), b):
        square = radius**2 - (rows - row) ** 2
        half = np.sqrt(np.maximum(square, 0))
        np.minimum(starts, column - half, out=starts, where=square >= 0)
        np.maximum(ends, column + half, out=ends, where=square >= 0)
    length = np.hypot(*b)
    for side in (-radius, radius) if b[1] else ():  # the long sides of a band that is not level
        t = (rows - side * b[0] / length) / b[1]
        columns, is_there = -side * b[1] / length + t * b[0], (t >= 0) & (t <= 1)
        np.minimum(starts, columns, out=starts, where=is_there)
        np.maximum(ends, columns, out=ends, where=is_there)
    is_nothing = starts > ends
    return np.where(is_nothing, 0, starts), np.where(is_nothing, 0, ends)


def _is_painted(b: np.ndarray, size: int, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Whether pixels are painted by a segment from (0, 0) to b: the rule, exactly."""
    length, t = b @ b, columns * b[0] + rows * b[1]
    from_a = columns**2 + rows**2
    from_b = (columns - b[0]) ** 2 + (rows - b[1]) ** 2
    across = (b[0] * rows - b[1] * columns) ** 2
    at_ends = 4 * np.where(t <= 0, from_a, from_b) <= size**2
    return np.where((t <= 0) | (t >= length), at_ends, 4 * across <= size**2 * length)
