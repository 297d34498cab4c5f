"""How much of the rock is what: phase fractions, porosity, profiles, connected pores."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from sandseg.classes import IGNORED, SegmentationClass


def phase_fractions(
    labels: np.ndarray, n_classes: int, within: np.ndarray | None = None
) -> np.ndarray:
    """Return the share of each class.

    Args:
        labels: (Y, X) or (Z, Y, X) uint8; `IGNORED` pixels are left out.
        n_classes: Number of classes C.
        within: bool of the same shape: only these pixels count.

    Returns:
        (C,) in [0, 1] that sum to 1; NaN without a labelled pixel.
    """
    counts = _slice_counts(labels, n_classes, within).sum(axis=0)
    return _share(counts, counts.sum())


def fractions_per_slice(
    label_stack: np.ndarray, n_classes: int, within: np.ndarray | None = None
) -> np.ndarray:
    """Return (Z, C): the `phase_fractions` of each slice of a (Z, Y, X) stack."""
    counts = _slice_counts(label_stack, n_classes, within)
    return _share(counts, counts.sum(axis=1, keepdims=True))


def porosity(
    labels: np.ndarray, classes: Sequence[SegmentationClass], within: np.ndarray | None = None
) -> float:
    """Return pore volume / total volume in [0, 1]; NaN without a labelled pixel.

    Args:
        labels: (Y, X) or (Z, Y, X) uint8; `IGNORED` pixels are left out.
        classes: The classes; those with `is_pore` are pore space.
        within: bool of the same shape: only these pixels count, as from `sample_mask`.
    """
    fractions = phase_fractions(labels, _n_labels(classes), within)
    return float(sum(fractions[material.value] for material in classes if material.is_pore))


def porosity_profile(
    labels: np.ndarray,
    classes: Sequence[SegmentationClass],
    axis: int = 0,
    within: np.ndarray | None = None,
) -> np.ndarray:
    """Return (N,): the porosity of each of the N layers along an axis.

    Args:
        labels: (Z, Y, X) or (Y, X) uint8; `IGNORED` pixels are left out.
        classes: The classes; those with `is_pore` are pore space.
        axis: The axis to walk along: 0 is Z in a stack.
        within: bool of the same shape: only these pixels count.

    Returns:
        (N,) in [0, 1], NaN for a layer without a labelled pixel.
    """
    others = tuple(i for i in range(labels.ndim) if i != axis % labels.ndim)
    counted = _counted(labels, within)
    n_pore = np.count_nonzero(_pore_mask(labels, classes) & counted, axis=others)
    return _share(n_pore, np.count_nonzero(counted, axis=others))


def connected_porosity(
    labels: np.ndarray,
    classes: Sequence[SegmentationClass],
    axis: int = 0,
    within: np.ndarray | None = None,
) -> float:
    """Return the share of the pore volume that leads through the rock from face to face.

    Args:
        labels: (Z, Y, X) or (Y, X) uint8.
        classes: The classes; those with `is_pore` are pore space.
        axis: The axis across which the two faces lie.
        within: bool of the same shape: only pores here count. Without it the air round a sample
            connects everything.

    Returns:
        In [0, 1]; NaN without pores. Pixels touch by their faces (6 neighbours in a stack).
    """
    pore_mask = _pore_mask(labels, classes) & _counted(labels, within)
    pores, n_pores = ndimage.label(pore_mask)
    is_through = np.isin(np.arange(n_pores + 1), np.intersect1d(*_end_faces(pores, axis)))
    is_through[0] = False
    sizes = np.bincount(pores.ravel())
    return float(_share(sizes[is_through].sum(), sizes[1:].sum()))


def sample_mask(labels: np.ndarray, classes: Sequence[SegmentationClass]) -> np.ndarray:
    """Mark the sample itself, its pores included, and leave out the air around it.

    Each slice's sample is the convex hull of its largest piece of solid: what a drilled cylinder
    is, chips in its rim counted as pores. In a slice cut from inside the rock it is the whole
    slice, but for pores in the corners.

    Args:
        labels: (Y, X) or (Z, Y, X) uint8.
        classes: The classes; those without `is_pore` are solid.

    Returns:
        bool of the same shape; all False in a slice without solid.
    """
    if labels.ndim == 3:
        return np.stack([sample_mask(image, classes) for image in labels])
    solid = ~_pore_mask(labels, classes) & (labels != IGNORED)
    pieces, _ = ndimage.label(solid)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    if not sizes.any():
        return np.zeros(labels.shape, bool)
    return _convex_hull(pieces == sizes.argmax())


def _convex_hull(mask: np.ndarray) -> np.ndarray:
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


def _end_faces(array: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    return array.take(0, axis=axis), array.take(-1, axis=axis)


def _n_labels(classes: Sequence[SegmentationClass]) -> int:
    return max(material.value for material in classes) + 1


def _pore_mask(labels: np.ndarray, classes: Sequence[SegmentationClass]) -> np.ndarray:
    is_pore = np.zeros(256, bool)
    is_pore[[material.value for material in classes if material.is_pore]] = True
    return is_pore[labels]


def _counted(labels: np.ndarray, within: np.ndarray | None) -> np.ndarray:
    is_labelled = labels != IGNORED
    return is_labelled if within is None else is_labelled & within


def _slice_counts(labels: np.ndarray, n_classes: int, within: np.ndarray | None) -> np.ndarray:
    """Return (Z, C): pixels by slice and class, reading one slice at a time."""
    label_stack = labels if labels.ndim == 3 else labels[None]
    masks = [...] * len(label_stack) if within is None else within.reshape(label_stack.shape)
    counts = [
        np.bincount(image[mask].ravel(), minlength=n_classes)[:n_classes]
        for image, mask in zip(label_stack, masks, strict=True)
    ]
    return np.array(counts, dtype=np.int64).reshape(len(label_stack), n_classes)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
