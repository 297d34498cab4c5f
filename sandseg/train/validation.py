"""How good a network is on the validation slices: confusion matrix and loss."""

from collections.abc import Callable, Sequence

import keras
import numpy as np

from sandseg.classes import IGNORED
from sandseg.config import TilingConfig, TrainConfig
from sandseg.predict.tiling import predict_tiled
from sandseg.score.metrics import confusion_matrix


class StoppedError(Exception):
    """Somebody asked to stop during the validation."""


def validate(
    model: keras.Model,
    validation: Sequence[tuple[np.ndarray, np.ndarray]],
    config: TrainConfig,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[np.ndarray, float]:
    """Predict all validation slices.

    Returns:
        The (C, C) confusion matrix, true labels in rows, and the mean cross-entropy of the
        labelled pixels.

    Raises:
        StoppedError: Somebody asked to stop.
    """
    n_classes = max(config.unet.n_classes, 2)
    matrix = np.zeros((n_classes, n_classes), np.int64)
    total, n_labelled = 0.0, 0
    for image, labels in validation:
        logits = predict_logits(model, image, config.unet.stride, should_stop)
        matrix += confusion_matrix(labels, logits.argmax(axis=-1).astype(np.uint8), n_classes)
        is_labelled = labels != IGNORED
        total += cross_entropy(logits[is_labelled], labels[is_labelled].astype(int)).sum()
        n_labelled += int(is_labelled.sum())
    return matrix, float(total / max(n_labelled, 1))


def predict_logits(
    model: keras.Model,
    image: np.ndarray,
    stride: int,
    should_stop: Callable[[], bool] = lambda: False,
) -> np.ndarray:
    """Return (Y, X, C) logits of a (Y, X) image; one logit becomes two, of labels 0 and 1."""

    def predict_batch(tiles: np.ndarray) -> np.ndarray:
        if should_stop():
            raise StoppedError
        logits = keras.ops.convert_to_numpy(model(tiles, training=False))
        if logits.shape[-1] == 1:  # the binary case: label 1 where the logit is positive
            logits = np.concatenate([np.zeros_like(logits), logits], axis=-1)
        return logits

    return predict_tiled(image, predict_batch, TilingConfig(), stride)


def cross_entropy(logits: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the (N,) cross-entropies of (N, C) logits and (N,) labels."""
    highest = logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(logits - highest).sum(axis=-1)) + highest[:, 0]
    return log_total - np.take_along_axis(logits, true[:, None], -1)[:, 0]
