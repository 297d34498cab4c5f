"""How much of the rock is what: phase fractions, porosity."""

from collections.abc import Sequence

import numpy as np

from sandseg.classes import SegmentationClass


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


def _n_labels(classes: Sequence[SegmentationClass]) -> int:
    return max(material.value for material in classes) + 1


def pore_mask(labels: np.ndarray, classes: Sequence[SegmentationClass]) -> np.ndarray:
    """Mark pore space, that is all classes with `is_pore`: bool of the shape of the labels."""
    is_pore = np.zeros(256, bool)
    is_pore[[material.value for material in classes if material.is_pore]] = True
    return is_pore[labels]


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
