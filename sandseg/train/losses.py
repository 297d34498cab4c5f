"""Losses for segmentation that leave out pixels nobody labelled."""

import keras
from keras import ops

from sandseg.classes import IGNORED

FOCUS = 2.0  # exponent of the focal loss, as in Lin et al. 2017


@keras.saving.register_keras_serializable("sandseg")
class SegmentationLoss(keras.losses.Loss):
    """Mean loss over the labelled pixels of a batch.

    Formulas: "cross_entropy" is -log p of the true class; "focal" weighs it by (1 - p)^2 (Lin et
    al. 2017, arXiv:1708.02002); "cross_entropy_dice" adds 1 - the mean soft Dice (Milletari et al.
    2016, arXiv:1606.04797). With one class the logit's sigmoid is the probability of label 1.
    """

    def __init__(self, kind: str = "cross_entropy", n_classes: int = 4, name="segmentation_loss"):
        super().__init__(name=name, reduction="sum")  # `call` takes the mean itself
        self.kind = kind
        self.n_classes = n_classes

    def call(self, y_true, y_pred) -> keras.KerasTensor:
        """Return the loss of (N, Y, X) labels and (N, Y, X, C) logits, a scalar."""
        labels = ops.cast(y_true, "int32")
        logits = ops.cast(y_pred, "float32")
        if self.n_classes == 1:  # the two-class case in its softmax form
            logits = ops.concatenate([ops.zeros_like(logits), logits], axis=-1)
        is_labelled = ops.cast(ops.not_equal(labels, IGNORED), "float32")  # (N, Y, X)
        n_labelled = ops.maximum(ops.sum(is_labelled), 1.0)
        true = ops.one_hot(ops.where(labels == IGNORED, 0, labels), ops.shape(logits)[-1])
        log_probability = ops.sum(true * ops.log_softmax(logits, axis=-1), axis=-1)
        per_pixel = -log_probability
        if self.kind == "focal":
            per_pixel = (1.0 - ops.exp(log_probability)) ** FOCUS * per_pixel
        loss = ops.sum(per_pixel * is_labelled) / n_labelled
        if self.kind == "cross_entropy_dice":
            loss = loss + 1.0 - self._mean_dice(true, logits, is_labelled)
        return loss

    def _mean_dice(self, true, logits, is_labelled):
        weight = is_labelled[..., None]
        probabilities = ops.softmax(logits, axis=-1)
        overlap = ops.sum(true * probabilities * weight, axis=(0, 1, 2))  # (C,)
        total = ops.sum((true + probabilities) * weight, axis=(0, 1, 2))
        return ops.mean((2.0 * overlap + 1.0) / (total + 1.0))

    def get_config(self) -> dict:
        """Return what makes this loss again."""
        return {"kind": self.kind, "n_classes": self.n_classes, "name": self.name}
