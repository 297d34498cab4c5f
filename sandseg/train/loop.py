"""Train a U-Net on patches; report each epoch, stop when asked, go on from a checkpoint."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from sandseg.config import TrainConfig
from sandseg.data.patches import PatchSource
from sandseg.errors import TrainingError
from sandseg.runs.folder import EpochReport
from sandseg.score.metrics import iou
from sandseg.train.checkpoint import (
    EpochState,
    TrainedModel,
    copy_state,
    restore,
    save_best,
    save_state,
)
from sandseg.train.compile import memory_errors, new_network, share_evenly
from sandseg.train.validation import StoppedError, validate


@dataclass(frozen=True)
class TrainingHooks:
    """What is told and asked on the way: to stop, before each epoch, after each step, and between
    the tiles of the validation.
    """

    on_step: Callable[[int, int], None] = lambda *_: None  # epochs and steps of the next done
    on_epoch: Callable[[EpochReport, keras.Model], None] = lambda *_: None  # averaged weights in it
    should_stop: Callable[[], bool] = lambda: False


class PatchBatches(keras.utils.PyDataset):
    """The batches of one epoch, or the rest of it, for `keras.Model.fit`."""

    def __init__(self, source: PatchSource, epoch: int, first_step: int = 0):
        super().__init__()
        self._source, self._epoch, self._first_step = source, epoch, first_step

    def __len__(self) -> int:
        return self._source.n_steps - self._first_step

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        return share_evenly(*self._source.batch(self._epoch, self._first_step + step))


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


class StepWatch(keras.callbacks.Callback):
    """Count steps and their loss; end the epoch when asked to, or when the loss is no number."""

    def __init__(self, hooks: TrainingHooks, state: EpochState, n_epochs_done: int = 0):
        super().__init__()
        self.hooks, self.state, self.n_epochs_done = hooks, state, n_epochs_done

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Go on with the loss of the steps that were done before an interruption."""
        for variable, value in zip(self.model.metrics_variables, self.state.loss, strict=False):
            variable.assign(value)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Look whether to go on."""
        self.state.step += 1
        if not np.isfinite(logs["loss"]):
            raise TrainingError(
                f"The loss stopped being a number after step {self.state.step} of an epoch.",
                hint="Lower the learning rate, or check the labels and grey values.",
            )
        self.hooks.on_step(self.n_epochs_done, self.state.step)
        if self.hooks.should_stop():
            self.model.stop_training = True


def train(
    patches: PatchSource,
    validation: Sequence[tuple[np.ndarray, np.ndarray]],
    config: TrainConfig,
    hooks: TrainingHooks | None = None,
    checkpoint: Path | None = None,
    start: Callable[[keras.Model], None] = lambda _: None,
) -> TrainedModel:
    """Train from scratch, or go on where the checkpoint stopped.

    With mixed precision the network computes in bfloat16, which needs no scaling of the loss.

    Args:
        patches: What to learn from.
        validation: Pairs of (Y, X) float32 images in [0, 1] and (Y, X) uint8 labels.
        config: Network and recipe.
        hooks: Told after each step and epoch; asked whether to stop.
        checkpoint: Folder that keeps what is needed to go on; read if it holds something.
        start: May set the weights of a new network; not called when going on.

    Returns:
        The network with its averaged weights; `is_finished` is false after a stop.

    Raises:
        TrainingError: The loss is no number any more, a batch does not fit into memory, or the
            checkpoint is damaged.
    """
    hooks = hooks or TrainingHooks()
    trained = TrainedModel(new_network(config, patches.n_steps))
    average = WeightAverage(config.ema_momentum)
    restored = restore(checkpoint, trained)
    if restored is None:
        start(trained.model)
    average.weights, state = restored or ([], EpochState())
    has_kept = False
    while len(trained.history) < config.epochs and trained.is_finished:
        if hooks.should_stop():
            trained.is_finished = False
            break
        if config.keeps_statistics(len(trained.history)) and not has_kept:
            _keep_statistics(trained, config, patches.n_steps)
            has_kept = True
        began = time.perf_counter() - state.seconds
        try:
            watch = StepWatch(hooks, state, len(trained.history))
            _train_epoch(patches, trained, average, watch, config)
            report = _validate(trained, average, validation, config, hooks, state)
        except StoppedError:
            trained.is_finished = False
            state.seconds = time.perf_counter() - began
        else:
            report = replace(report, seconds=time.perf_counter() - began)
            _finish_epoch(trained, average, report, hooks, checkpoint)
            state = EpochState()
        save_state(checkpoint, trained, average.weights, state)
    if average.weights:
        trained.model.set_weights(average.weights)
    return trained


def _keep_statistics(trained: TrainedModel, config: TrainConfig, n_steps: int) -> None:
    """Go on with the same weights in a network that no longer looks at its batches' statistics."""
    network = new_network(config, n_steps, keeps_statistics=True)
    copy_state(trained.model, network)
    trained.model = network


def _train_epoch(
    patches: PatchSource,
    trained: TrainedModel,
    average: WeightAverage,
    watch: StepWatch,
    config: TrainConfig,
) -> None:
    """Do the steps of the epoch that are not done yet."""
    epoch, state = len(trained.history), watch.state
    if state.step >= patches.n_steps:  # interrupted while it was validated
        return
    batches = PatchBatches(patches, epoch, state.step)
    with memory_errors(config):
        trained.model.fit(batches, verbose=0, shuffle=False, callbacks=[average, watch])
    variables = trained.model.metrics_variables
    state.loss = [keras.ops.convert_to_numpy(variable) for variable in variables]
    if trained.model.stop_training:  # should_stop may say something else by now
        raise StoppedError


def _validate(
    trained: TrainedModel,
    average: WeightAverage,
    validation: Sequence[tuple[np.ndarray, np.ndarray]],
    config: TrainConfig,
    hooks: TrainingHooks,
    state: EpochState,
) -> EpochReport:
    """Score the averaged weights; the network has its own again if it is asked to stop."""
    raw_weights = trained.model.get_weights()
    trained.model.set_weights(average.weights)
    try:
        with memory_errors(config):
            matrix, loss = validate(trained.model, validation, config, hooks.should_stop)
    finally:
        trained.model.set_weights(raw_weights)
    found = iou(matrix)
    total, count = (float(value) for value in state.loss[:2])
    return EpochReport(
        epoch=len(trained.history) + 1,
        n_epochs=config.epochs,
        loss=total / count,
        iou=tuple(float(value) for value in found),
        mean_iou=float(np.nanmean(found)),
        seconds=0.0,
        validation_loss=loss,
    )


def _finish_epoch(
    trained: TrainedModel,
    average: WeightAverage,
    report: EpochReport,
    hooks: TrainingHooks,
    checkpoint: Path | None,
) -> None:
    """Keep the weights if they are the best so far, and tell."""
    best = max((past.mean_iou for past in trained.history), default=-np.inf)
    trained.history.append(report)
    if report.mean_iou > best or not trained.best_epoch:
        trained.best_epoch = report.epoch
        trained.best_weights = [weights.copy() for weights in average.weights]
        save_best(checkpoint, trained)
    raw_weights = trained.model.get_weights()
    trained.model.set_weights(average.weights)
    hooks.on_epoch(report, trained.model)
    trained.model.set_weights(raw_weights)
