"""What the comparison with labels costs time for, computed once and kept; see `cache`."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from pages.cache import slices as cache
from pages.cache.store import kept
from pages.cache.view import Task
from sandseg.classes import IGNORED
from sandseg.export import overlay
from sandseg.export.pictures import encode_jpeg, encode_palette_png, encode_png
from sandseg.score.evaluation import Evaluation, evaluate_slice

THUMBNAIL_SIZE = 220  # pixels, at least


@kept()
def slice_evaluation(task: Task, z: int, truth: str) -> Evaluation:
    """Compare a segmented slice with its labels.

    Raises:
        LabelError: The labels belong to other classes than the model's.
    """
    predicted = cache.prediction(task, z)
    true = true_slice(task, z, truth)
    found = evaluate_slice(true, predicted.labels, predicted.confidence, n_classes(task))
    _ = found.scores, found.intervals  # computed now, they are kept with it
    return found


def stack_evaluations(
    task: Task, truth: str, on_slice: Callable[[int, int], None]
) -> dict[int, Evaluation]:
    """Compare all slices with a label; `on_slice` hears how many of how many are done."""
    labelled = labelled_slices(task, truth)
    found = {}
    for n_done, z in enumerate(labelled, start=1):
        found[z] = slice_evaluation(task, z, truth)
        on_slice(n_done, len(labelled))
    return found


@kept()
def labelled_slices(task: Task, truth: str) -> list[int]:
    """Return the slices z in which at least one pixel is labelled."""
    labels = cache.true_labels(truth, n_classes=n_classes(task))
    return [z for z, image in enumerate(labels) if (image != IGNORED).any()]


@kept()
def truth_picture(task: Task, z: int, truth: str) -> bytes:
    """Encode the true labels of a slice."""
    classes = cache.model(task.model_name).classes
    return encode_palette_png(true_slice(task, z, truth), classes)


@kept()
def error_picture(task: Task, z: int, truth: str, class_value: int | None) -> bytes:
    """Encode marks for the wrong pixels of a slice: those of a class, or all."""
    labels = cache.prediction(task, z).labels
    return encode_png(overlay.error_marks(true_slice(task, z, truth), labels, class_value))


@kept()
def error_thumbnail(task: Task, z: int, truth: str) -> bytes:
    """Encode a small picture of all wrong pixels of a slice."""
    picture = Image.fromarray(_errors(task, z, truth))
    small = picture.reduce(max(1, min(picture.size) // THUMBNAIL_SIZE))
    return encode_jpeg(np.asarray(small))


@kept()
def cell_pixels(task: Task, z: int, truth: str, row: int, column: int) -> tuple[bytes, int]:
    """Encode the pixels of a true (row) and a predicted (column) class as a mask; count them."""
    true = true_slice(task, z, truth)
    mask = (true == row) & (cache.prediction(task, z).labels == column)
    return encode_png(mask.astype(np.uint8) * 255), int(np.count_nonzero(mask))


def true_slice(task: Task, z: int, truth: str) -> np.ndarray:
    """Return the true labels of a slice, (Y, X) uint8."""
    return cache.true_labels(truth, n_classes=n_classes(task))[z]


def n_classes(task: Task) -> int:
    """Return how many classes the model tells apart."""
    return len(cache.model(task.model_name).classes)


def _errors(task: Task, z: int, truth: str) -> np.ndarray:
    mapping = cache.grey_mapping(task.source, task.model_name, task.model_sha256)
    grey = cache.grey_slice(task.source, z, mapping)
    labels = cache.prediction(task, z).labels
    return overlay.errors_only(grey, true_slice(task, z, truth), labels)
