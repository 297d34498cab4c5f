"""The largest upright box inside a sample."""

import numpy as np

Box = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
Span = tuple[int, int]
_MOST_CELLS = 256  # along an axis: the box is found to within so small a part of the picture


def largest_box(mask: np.ndarray) -> tuple[Span, Span]:
    """Return rows and columns of the largest rectangle in which a mask holds everywhere.

    Args:
        mask: (Y, X) bool. Where it measures more than 256 pixels, edges are found to within a
            256th of it, but those of the picture exactly; the rectangle never reaches outside.

    Returns:
        First row and the one after the last, then the same of the columns; all 0 without any.
    """
    step = max(1, -(-max(mask.shape) // _MOST_CELLS))
    starts = [np.arange(0, length, step) for length in mask.shape]
    cells = np.logical_and.reduceat(mask, starts[0], axis=0)
    cells = np.logical_and.reduceat(cells, starts[1], axis=1)
    # In pixels, as the last cell of a row may be narrower.
    edges = [
        np.minimum(np.arange(n + 1) * step, m) for n, m in zip(cells.shape, mask.shape, strict=True)
    ]
    best, found = 0, ((0, 0), (0, 0))
    top = np.zeros(cells.shape[1], int)  # the first row of the run of cells that ends here
    for row in range(cells.shape[0]):
        top = np.where(cells[row], top, row + 1)
        area, span = _largest_below(edges[0][row + 1] - edges[0][top], edges[1])
        if area > best:
            left, right, height = span
            bottom = int(edges[0][row + 1])
            best, found = area, ((bottom - height, bottom), (left, right))
    return found


def _largest_below(heights: np.ndarray, edges: np.ndarray) -> tuple[int, tuple[int, int, int]]:
    """Return the area of the largest rectangle under a histogram, and its left, right, height."""
    best, found = 0, (0, 0, 0)
    open_bars: list[tuple[int, int]] = []  # left edge and height, ever higher
    lefts = edges.tolist()
    for i, height in enumerate([*heights.tolist(), 0]):
        left = lefts[i]
        while open_bars and open_bars[-1][1] >= height:
            left, tall = open_bars.pop()
            if tall * (lefts[i] - left) > best:
                best, found = tall * (lefts[i] - left), (left, lefts[i], tall)
        open_bars.append((left, height))
    return best, found
