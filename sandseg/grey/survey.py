"""How often each grey value occurs in a slice or a stack, by class."""

import math
from dataclasses import dataclass

import numpy as np

from sandseg.grey.display import to_display
from sandseg.measure.outside import missing_mask
from sandseg.scan.stack import Stack

LARGEST_COUNT = 2**26  # voxels; of a larger stack only some slices are counted
N_COUNTED = 24
N_GREYS = 256


@dataclass(frozen=True, eq=False)
class Survey:
    """The grey values of a stack: how often each occurs, and the lowest and the highest.

    `counts` is (C + 1, 256) as from `count_greys`; `low` and `high` are of the stack's own scale,
    NaN where no pixel is a number; `n_slices` is how many slices were looked at.
    """

    counts: np.ndarray
    low: float
    high: float
    n_slices: int


def spread_slices(n_slices: int, n: int) -> list[int]:
    """Return up to n different slices, evenly spread from the first to the last."""
    positions = np.linspace(0, n_slices - 1, min(n, n_slices))
    return [int(z) for z in positions.round()]


def count_greys(greys: np.ndarray, labels: np.ndarray | None, n_classes: int) -> np.ndarray:
    """Count grey values by class.

    Args:
        greys: uint8 of any shape.
        labels: uint8 of the same shape, or None where nobody labelled.
        n_classes: Number of classes C.

    Returns:
        (C + 1, 256) int64; the last row counts pixels without a label.
    """
    if labels is None:
        kinds = np.full(greys.shape, n_classes, np.uint16)
    else:
        kinds = np.minimum(labels, n_classes).astype(np.uint16)
    pairs = (kinds << 8 | greys).ravel()
    size = (n_classes + 1) * N_GREYS
    return np.bincount(pairs, minlength=size).reshape(n_classes + 1, N_GREYS)


def survey_stack(
    stack: Stack,
    low: float,
    high: float,
    labels: Stack | None = None,
    n_classes: int = 0,
) -> Survey:
    """Look through the slices of a stack, or through some of a large one, evenly spread.

    Args:
        stack: The grey slices.
        low: Grey value shown black.
        high: Grey value shown white.
        labels: Those of the slices, uint8, or None.
        n_classes: Number of classes C of the labels.

    Raises:
        StackError: A slice is damaged.
    """
    is_small = math.prod(stack.shape) <= LARGEST_COUNT
    slices = spread_slices(stack.n_slices, stack.n_slices if is_small else N_COUNTED)
    counts = np.zeros((n_classes + 1, N_GREYS), np.int64)
    ends = []
    for z in slices:
        image = stack.read_slice(z)
        found = labels and labels.read_slice(z)
        counts += count_greys(to_display(image, low, high), found, n_classes)
        finite = image[~missing_mask(image)] if image.dtype.kind == "f" else image
        if finite.size:
            ends += [float(finite.min()), float(finite.max())]
    lowest, highest = (min(ends), max(ends)) if ends else (np.nan, np.nan)
    return Survey(counts, lowest, highest, len(slices))
