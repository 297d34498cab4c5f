"""How unevenly lit a slice is: beam hardening makes one material bright here and dark there."""

from collections.abc import Sequence

import numpy as np

from sandseg.classes import SegmentationClass

MIN_PIXELS = 1000  # fewer say nothing about a whole slice
MAX_PIXELS = 50_000  # enough for four numbers
OUTLIER = 3.0  # median absolute deviations: a bright grain is no drift; this also flattens a little
ENDS = (2, 98)  # percentiles that a drift is measured between


def grey_drift(
    grey: np.ndarray, labels: np.ndarray, classes: Sequence[SegmentationClass], within: np.ndarray
) -> float | None:
    """Return by how much the commonest solid's grey values drift across a slice.

    A plane and a bowl, a + bx + cy + d(x² + y²), are laid through its pixels by least squares.

    Args:
        grey: (Y, X) float32 on the model's scale, [0, 1].
        labels: (Y, X) uint8.
        classes: Of the labels.
        within: (Y, X) bool: only these pixels count.

    Returns:
        The rise of that surface as a share of the median grey value, or None where there is too
        little of the solid.
    """
    solids = [within & (labels == material.value) for material in classes if not material.is_pore]
    where = max(map(np.flatnonzero, solids), key=len, default=np.empty(0, int))
    if len(where) < MIN_PIXELS:
        return None
    where = where[:: -(-len(where) // MAX_PIXELS)]
    values = grey.ravel()[where].astype(np.float64)
    middle = np.median(values)
    deviations = np.abs(values - middle)
    is_usual = deviations <= OUTLIER * np.median(deviations)

    y, x = (_centred(axis) for axis in np.unravel_index(where, grey.shape))
    terms = np.stack([np.ones_like(y), y, x, y**2 + x**2], axis=1)  # (N, 4)
    factors = np.linalg.lstsq(terms[is_usual], values[is_usual], rcond=None)[0]
    low, high = np.percentile(terms @ factors, ENDS)
    return float((high - low) / max(middle, 1e-3))


def _centred(positions: np.ndarray) -> np.ndarray:
    """Return positions in [-1, 1] about their mean."""
    return (positions - positions.mean()) / max(np.ptp(positions) / 2, 1.0)
