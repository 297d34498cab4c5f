"""Train a U-Net on patches; report each epoch, stop when asked, go on from a checkpoint."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np

from sandseg.config import TilingConfig, TrainConfig
from sandseg.errors import TrainingError
from sandseg.losses import SegmentationLoss
from sandseg.metrics import confusion_matrix, iou
from sandseg.patches import PatchSource
from sandseg.tiling import predict_tiled
from sandseg.unet import build_unet

GRADIENT_NORM = 1.0  # longer gradients are shortened to this


@dataclass(frozen=True)
class EpochReport:
    """What one epoch brought, on the validation slices and with the averaged weights."""

    epoch: int  # counted from 1
    n_epochs: int
    loss: float
    iou: tuple[float, ...]
    mean_iou: float
    seconds: float


@dataclass
class TrainedModel:
    """A network with its averaged weights and how it got there."""

    model: keras.Model
    history: list[EpochReport] = field(default_factory=list)
    is_finished: bool = True


class PatchBatches(keras.utils.PyDataset):
    """The batches of one epoch, for `keras.Model.fit`."""

    def __init__(self, source: PatchSource, epoch: int):
        super().__init__()
        self._source, self._epoch = source, epoch

    def __len__(self) -> int:
        return self._source.n_steps

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        return self._source.batch(self._epoch, step)


class WeightAverage(keras.callbacks.Callback):
    """Exponential moving average of the trained weights, kept beside the network."""

    def __init__(self, momentum: float):
        super().__init__()
        self.momentum = momentum
        self.weights: list[np.ndarray] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Move the average a little towards the weights of this step."""
        current = self.model.get_weights()
        if not self.weights or not self.momentum:
            self.weights = current
            return
        for variable, average, weights in zip(
            self.model.weights, self.weights, current, strict=True
        ):
            # Batch normalization averages its statistics itself; twice would be too late.
            share = 1 - self.momentum if variable.trainable else 1.0
            average += share * (weights - average)


class StopWhen(keras.callbacks.Callback):
    """End the epoch after the step in which somebody asked to stop, or the loss is no number."""

    def __init__(self, should_stop: Callable[[], bool]):
        super().__init__()
        self.should_stop = should_stop

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Look whether to go on."""
        if not np.isfinite(logs["loss"]):
            raise TrainingError(
                f"The loss stopped being a number after step {batch + 1} of an epoch.",
                hint="Lower the learning rate, or check the labels and grey values.",
            )
        if self.should_stop():
            self.model.stop_training = True


def train(
    patches: PatchSource,
    validation: Sequence[tuple[np.ndarray, np.ndarray]],
    config: TrainConfig,
    on_epoch: Callable[[EpochReport, keras.Model], None] = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
    checkpoint: Path | None = None,
) -> TrainedModel:
    """Train from scratch, or go on where the checkpoint stopped.

    Args:
        patches: What to learn from.
        validation: Pairs of (Y, X) float32 images in [0, 1] and (Y, X) uint8 labels.
        config: Network and recipe.
        on_epoch: Told after each epoch; the network then holds the averaged weights.
        should_stop: Asked after each step.
        checkpoint: Folder that keeps what is needed to go on; read if it holds something.

    Returns:
        The network with its averaged weights; `is_finished` is false after a stop.

    Raises:
        TrainingError: The loss is no number any more.
    """
    keras.utils.set_random_seed(config.seed)
    if config.mixed_precision:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    trained = TrainedModel(build_unet(config.unet))
    average = WeightAverage(config.ema_momentum)
    _compile(trained.model, config, patches.n_steps)
    _restore(checkpoint, trained, average)
    stop = StopWhen(should_stop)

    for epoch in range(len(trained.history), config.epochs):
        start = time.perf_counter()
        batches = PatchBatches(patches, epoch)
        logs = trained.model.fit(batches, verbose=0, shuffle=False, callbacks=[average, stop])
        if trained.model.stop_training:  # should_stop may say something else by now
            trained.is_finished = False
            break
        raw_weights = trained.model.get_weights()
        trained.model.set_weights(average.weights)
        scores = iou(validation_matrix(trained.model, validation, config))
        report = EpochReport(
            epoch=epoch + 1,
            n_epochs=config.epochs,
            loss=float(logs.history["loss"][-1]),
            iou=tuple(float(value) for value in scores),
            mean_iou=float(np.nanmean(scores)),
            seconds=time.perf_counter() - start,
        )
        trained.history.append(report)
        on_epoch(report, trained.model)
        trained.model.set_weights(raw_weights)
        _save(checkpoint, trained, average)
    if average.weights:
        trained.model.set_weights(average.weights)
    return trained


def validation_matrix(
    model: keras.Model, validation: Sequence[tuple[np.ndarray, np.ndarray]], config: TrainConfig
) -> np.ndarray:
    """Return the (C, C) confusion matrix over all validation slices, true labels in rows."""
    n_classes = max(config.unet.n_classes, 2)

    def predict_batch(tiles: np.ndarray) -> np.ndarray:
        logits = keras.ops.convert_to_numpy(model(tiles, training=False))
        if config.unet.n_classes == 1:  # the binary case: label 1 where the logit is positive
            logits = np.concatenate([np.zeros_like(logits), logits], axis=-1)
        return logits

    matrix = np.zeros((n_classes, n_classes), np.int64)
    for image, labels in validation:
        logits = predict_tiled(image, predict_batch, TilingConfig(), config.unet.stride)
        matrix += confusion_matrix(labels, logits.argmax(axis=-1).astype(np.uint8), n_classes)
    return matrix


def _compile(model: keras.Model, config: TrainConfig, n_steps: int) -> None:
    if config.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0,
            decay_steps=max(config.epochs * n_steps - config.warmup_steps, 1),
            warmup_target=config.learning_rate,
            warmup_steps=config.warmup_steps,
        )
    else:
        rate = config.learning_rate
    if config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate)
    else:
        optimizer = keras.optimizers.AdamW(
            rate, weight_decay=config.weight_decay, global_clipnorm=GRADIENT_NORM
        )
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, SegmentationLoss(config.loss, config.unet.n_classes))


def _save(checkpoint: Path | None, trained: TrainedModel, average: WeightAverage) -> None:
    """Write all that goes on changing into one file, so that it is never half of two epochs."""
    if checkpoint is None:
        return
    checkpoint.mkdir(parents=True, exist_ok=True)
    arrays = {f"weight_{i}": w for i, w in enumerate(trained.model.get_weights())}
    arrays |= {f"average_{i}": w for i, w in enumerate(average.weights)}
    variables = trained.model.optimizer.variables
    arrays |= {f"optimizer_{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(variables)}
    history = json.dumps([asdict(report) for report in trained.history])
    part = checkpoint / "state.part"
    with part.open("wb") as file:
        np.savez(file, history=np.array(history), **arrays)
    part.replace(checkpoint / "state.npz")


def _restore(checkpoint: Path | None, trained: TrainedModel, average: WeightAverage) -> None:
    path = checkpoint / "state.npz" if checkpoint else None
    if path is None or not path.exists():
        return
    with np.load(path, allow_pickle=False) as state:
        groups = {
            kind: [state[f"{kind}_{i}"] for i in range(sum(n.startswith(kind) for n in state))]
            for kind in ("weight", "average", "optimizer")
        }
        history = json.loads(str(state["history"]))
    trained.model.set_weights(groups["weight"])
    average.weights = groups["average"]
    for variable, value in zip(trained.model.optimizer.variables, groups["optimizer"], strict=True):
        variable.assign(value)
    trained.history = [EpochReport(**{**report, "iou": tuple(report["iou"])}) for report in history]
