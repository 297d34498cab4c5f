"""Predictions compared with true labels, slice by slice, once for all visitors."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from pages.cache.models import classes_of
from pages.cache.rocks import COMPARING, DRAWING, hold, true_labels
from pages.cache.slices import (
    grey_slice,
    prediction_of,
    true_in_picture,
    true_seen,
)
from pages.cache.store import kept
from pages.cache.task import Task
from sandseg.classes import IGNORED
from sandseg.export.overlay import errors_only
from sandseg.export.pictures import encode_jpeg, encode_png
from sandseg.score.evaluation import Evaluation, evaluate_slice

THUMBNAIL_SIZE = 220  # pixels, at least


@kept()
def slice_evaluation(task: Task, z: int, truth: str) -> Evaluation:
    """Compare a segmented slice with its labels, inside the sample.

    Raises:
        LabelError: The labels belong to other classes than the model's.
    """
    classes, found = classes_of(task.model_name), prediction_of(task, z)
    true = true_seen(task, z, truth)
    with hold(task.source, COMPARING):
        compared = evaluate_slice(true, found.labels, found.confidence, len(classes))
        _ = compared.scores, compared.intervals  # computed now, they are kept with it
    return compared


def stack_evaluations(
    task: Task, truth: str, on_slice: Callable[[int, int], None]
) -> dict[int, Evaluation]:
    """Compare all slices with a label; `on_slice` hears how many of how many are done."""
    labelled = labelled_slices(truth)
    found = {}
    for n_done, z in enumerate(labelled, start=1):
        found[z] = slice_evaluation(task, z, truth)
        on_slice(n_done, len(labelled))
    return found


@kept()
def labelled_slices(truth: str) -> list[int]:
    """Return the slices z in which at least one pixel is labelled."""
    labels = true_labels(truth).slices()
    return [z for z, image in enumerate(labels) if (image != IGNORED).any()]


@kept()
def error_thumbnail(task: Task, z: int, truth: str) -> bytes:
    """Encode a small picture of all wrong pixels of a slice."""
    true, found = true_in_picture(task, z, truth), prediction_of(task, z)
    grey = grey_slice(task, z)
    with hold(task.source, DRAWING):
        picture = Image.fromarray(errors_only(grey, true, found.labels))
        small = picture.reduce(max(1, min(picture.size) // THUMBNAIL_SIZE))
    return encode_jpeg(np.asarray(small))


@kept()
def cell_pixels(task: Task, z: int, truth: str, row: int, column: int) -> tuple[bytes, int]:
    """Encode the pixels of a true (row) and a predicted (column) class as a mask; count them."""
    true = true_seen(task, z, truth)
    mask = (true == row) & (prediction_of(task, z).labels == column)
    return encode_png(mask.astype(np.uint8) * 255), int(np.count_nonzero(mask))
