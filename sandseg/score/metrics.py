"""How well predicted labels agree with true ones: a confusion matrix and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sandseg.classes import IGNORED
from sandseg.errors import LabelError


def confusion_matrix(true: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Count pixels by true (row) and predicted (column) label.

    Args:
        true: Integer labels in [0, n_classes), any shape; pixels that are `IGNORED` are left out.
        predicted: Integer labels in [0, n_classes), of the same shape.
        n_classes: Number of classes C.

    Returns:
        (C, C) int64. Matrices of several slices can be added.

    Raises:
        LabelError: The shapes differ, or a label belongs to no class.
    """
    return grouped_confusion_matrices(true, predicted, n_classes, np.uint8(0), 1)[0]


def grouped_confusion_matrices(
    true: np.ndarray, predicted: np.ndarray, n_classes: int, groups: np.ndarray, n_groups: int
) -> np.ndarray:
    """Count pixels by group, true (row) and predicted (column) label, in one pass.

    Args:
        true: Integer labels in [0, n_classes), any shape; pixels that are `IGNORED` are left out.
        predicted: Integer labels in [0, n_classes), of the same shape.
        n_classes: Number of classes C.
        groups: Integers in [0, n_groups) that broadcast to the same shape.
        n_groups: Number of groups G.

    Returns:
        (G, C, C) int64.

    Raises:
        LabelError: The shapes differ, or a label belongs to no class.
    """
    check_same_size(true, predicted)
    is_labelled = true != IGNORED
    if not is_labelled.all():
        groups = np.broadcast_to(groups, true.shape)[is_labelled]
        true, predicted = true[is_labelled], predicted[is_labelled]
    _require_labels(true, n_classes, "labels hold")
    _require_labels(predicted, n_classes, "prediction holds")
    codes = (groups * np.int32(n_classes) + true) * np.int32(n_classes) + predicted
    counts = np.bincount(codes.ravel(), minlength=n_groups * n_classes**2)
    return counts.reshape(n_groups, n_classes, n_classes).astype(np.int64, copy=False)


def check_same_size(true: np.ndarray, predicted: np.ndarray) -> None:
    """Check that true and predicted labels are of the same slices.

    Raises:
        LabelError: The shapes differ.
    """
    if true.shape != predicted.shape:
        raise LabelError(
            f"The labels measure {_size(true)} pixels, but the prediction {_size(predicted)}.",
            hint="Compare a prediction with the labels of the same slices.",
        )


def iou(matrix: np.ndarray) -> np.ndarray:
    """Return (..., C): the intersection over union of each class of (..., C, C) matrices.

    NaN where a class is neither in the truth nor in the prediction.
    """
    hits = _hits(matrix)
    return _ratio(hits, support(matrix) + matrix.sum(axis=-2) - hits)


def dice(matrix: np.ndarray) -> np.ndarray:
    """Return (..., C): twice the intersection over the sum of both; NaN as for `iou`."""
    return _ratio(2 * _hits(matrix), support(matrix) + matrix.sum(axis=-2))


def precision(matrix: np.ndarray) -> np.ndarray:
    """Return (..., C): the share of pixels called a class that are it; NaN if none is called so."""
    return _ratio(_hits(matrix), matrix.sum(axis=-2))


def recall(matrix: np.ndarray) -> np.ndarray:
    """Return (..., C): the share of a class's pixels that are found; NaN where it has none."""
    return _ratio(_hits(matrix), support(matrix))


def support(matrix: np.ndarray) -> np.ndarray:
    """Return (..., C): the true pixels of each class."""
    return matrix.sum(axis=-1)


def mean_iou(matrix: np.ndarray) -> float:
    """Return the mean IoU of the classes that occur; NaN if none does."""
    return _known_mean(iou(matrix))


def frequency_weighted_iou(matrix: np.ndarray) -> float:
    """Return the mean IoU weighted by the true pixels of each class; NaN without pixels."""
    return float(_ratio(np.nansum(support(matrix) * iou(matrix)), matrix.sum()))


def accuracy(matrix: np.ndarray) -> float:
    """Return the share of pixels that are right; NaN without pixels."""
    return float(_ratio(np.trace(matrix), matrix.sum()))


def normalize_rows(matrix: np.ndarray) -> np.ndarray:
    """Return (C, C): what becomes of each true class, rows sum to 1; NaN where it has no pixels."""
    return _ratio(matrix, matrix.sum(axis=1, keepdims=True))


def normalize_columns(matrix: np.ndarray) -> np.ndarray:
    """Return (C, C): what each predicted class really is, columns sum to 1; NaN where unused."""
    return _ratio(matrix, matrix.sum(axis=0, keepdims=True))


@dataclass(frozen=True, eq=False)
class Scores:
    """All scores of one (C, C) confusion matrix; arrays are (C,), NaN where undefined."""

    matrix: np.ndarray
    iou: np.ndarray
    dice: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    support: np.ndarray
    mean_iou: float
    frequency_weighted_iou: float
    accuracy: float

    def to_dict(self, class_names: Sequence[str]) -> dict:
        """Return plain numbers, lists and dicts by class name, `None` for NaN, ready for JSON."""

        def by_name(values: np.ndarray) -> dict[str, float | None]:
            return {name: _plain(x) for name, x in zip(class_names, values, strict=True)}

        return {
            "confusion_matrix": self.matrix.tolist(),
            "iou": by_name(self.iou),
            "mean_iou": _plain(self.mean_iou),
            "accuracy": _plain(self.accuracy),
            "dice": by_name(self.dice),
            "precision": by_name(self.precision),
            "recall": by_name(self.recall),
            "frequency_weighted_iou": _plain(self.frequency_weighted_iou),
            "support": {name: int(n) for name, n in zip(class_names, self.support, strict=True)},
        }


def scores(matrix: np.ndarray) -> Scores:
    """Read all scores off a (C, C) confusion matrix."""
    return Scores(
        matrix=matrix,
        iou=iou(matrix),
        dice=dice(matrix),
        precision=precision(matrix),
        recall=recall(matrix),
        support=support(matrix),
        mean_iou=mean_iou(matrix),
        frequency_weighted_iou=frequency_weighted_iou(matrix),
        accuracy=accuracy(matrix),
    )


def few_classes(found: dict, class_names: Sequence[str]) -> str:
    """Say why scores, as `Scores.to_dict` returns them, mean little; "" where they do not."""
    present = [name for name in class_names if found["support"][name]]
    if not present:
        return "No pixel that counts has a true label, so there are no scores."
    if len(present) == 1:
        return f"Only {present[0]} has true labels: scores over one class say little."
    return ""


def _hits(matrix: np.ndarray) -> np.ndarray:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    part, whole = np.broadcast_arrays(part, whole)
    ratio = np.full(part.shape, np.nan)
    return np.divide(part, whole, out=ratio, where=whole > 0)


def _known_mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _size(labels: np.ndarray) -> str:
    return " × ".join(str(length) for length in labels.shape)


def _require_labels(labels: np.ndarray, n_classes: int, whose: str) -> None:
    if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
        value = labels.max() if labels.max() >= n_classes else labels.min()
        raise LabelError(
            f"The {whose} the value {value}, but the {n_classes} classes are numbered "
            f"0 to {n_classes - 1}.",
            hint="Check that the right file is compared and that its classes count from 0.",
        )
