"""Train a U-Net on patches; report each epoch, stop when asked, go on from a checkpoint."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
    """Exponential moving average of the trained weights, kept beside the network.

    `weights` is empty before the first step.
    """

    def __init__(self, momentum: float):
        super().__init__()
        self.momentum = momentum
        self.weights: list[np.ndarray] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Move the average a little towards the weights of this step."""
        current = self.model.get_weights()
        if not self.weights:
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
    training = Training(patches, validation, config, hooks or TrainingHooks(), checkpoint)
    training.begin(start)
    return training.run()


class Training:
    """A network on its way: what it learns from, and all that changes until it is finished."""

    def __init__(
        self,
        patches: PatchSource,
        validation: Sequence[tuple[np.ndarray, np.ndarray]],
        config: TrainConfig,
        hooks: TrainingHooks,
        checkpoint: Path | None,
    ):
        self._patches, self._validation, self._config = patches, validation, config
        self._hooks, self._checkpoint = hooks, checkpoint
        self._trained = TrainedModel(new_network(config, patches.n_steps))
        self._average = WeightAverage(config.ema_momentum) if config.ema_momentum else None
        self._state = EpochState()
        self._keeps_statistics = False

    def begin(self, start: Callable[[keras.Model], None]) -> None:
        """Go on where the checkpoint stopped; without one, `start` may set the weights."""
        restored = restore(self._checkpoint, self._trained)
        if restored is None:
            start(self._trained.model)
            return
        average, self._state = restored
        if self._average:
            self._average.weights = average

    def run(self) -> TrainedModel:
        """Go through the epochs that are left, until the last one or until asked to stop."""
        trained = self._trained
        while len(trained.history) < self._config.epochs and trained.is_finished:
            if self._hooks.should_stop():
                trained.is_finished = False
                break
            self._keep_statistics()
            self._do_epoch()
            save_state(self._checkpoint, trained, self._averaged_weights, self._state)
        if self._averaged_weights:
            trained.model.set_weights(self._averaged_weights)
        return trained

    def _keep_statistics(self) -> None:
        """Go on, once it is time to, in a network that no longer looks at its batches' statistics.

        Its weights are the same.
        """
        is_time = self._config.keeps_statistics(len(self._trained.history))
        if not is_time or self._keeps_statistics:
            return
        network = new_network(self._config, self._patches.n_steps, keeps_statistics=True)
        copy_state(self._trained.model, network)
        self._trained.model = network
        self._keeps_statistics = True

    def _do_epoch(self) -> None:
        """Learn, validate, tell; a stop on the way leaves an epoch that can be gone on with."""
        began = time.perf_counter() - self._state.seconds
        try:
            self._learn()
            report = self._validate()
        except StoppedError:
            self._trained.is_finished = False
            self._state.seconds = time.perf_counter() - began
        else:
            self._finish_epoch(replace(report, seconds=time.perf_counter() - began))
            self._state = EpochState()

    def _learn(self) -> None:
        """Do the steps of the epoch that are not done yet."""
        n_done, state = len(self._trained.history), self._state
        if state.step >= self._patches.n_steps:  # interrupted while it was validated
            return
        model = self._trained.model
        batches = PatchBatches(self._patches, n_done, state.step)
        watch = StepWatch(self._hooks, state, n_done)
        callbacks = [self._average, watch] if self._average else [watch]
        with memory_errors(self._config):
            model.fit(batches, verbose=0, shuffle=False, callbacks=callbacks)
        state.loss = [keras.ops.convert_to_numpy(variable) for variable in model.metrics_variables]
        if model.stop_training:  # should_stop may say something else by now
            raise StoppedError

    def _validate(self) -> EpochReport:
        """Score the averaged weights; how long the epoch took is not known yet."""
        with self._averaged() as network, memory_errors(self._config):
            matrix, loss = validate(
                network, self._validation, self._config, self._hooks.should_stop
            )
        found = iou(matrix)
        total, count = (float(value) for value in self._state.loss[:2])
        return EpochReport(
            epoch=len(self._trained.history) + 1,
            n_epochs=self._config.epochs,
            loss=total / count,
            iou=tuple(float(value) for value in found),
            mean_iou=float(np.nanmean(found)),
            seconds=0.0,
            validation_loss=loss,
        )

    def _finish_epoch(self, report: EpochReport) -> None:
        """Keep the weights if they are the best so far, and tell."""
        trained = self._trained
        best = max((past.mean_iou for past in trained.history), default=-np.inf)
        trained.history.append(report)
        with self._averaged() as network:
            if report.mean_iou > best or not trained.best_epoch:
                trained.best_epoch = report.epoch
                trained.best_weights = network.get_weights()
                save_best(self._checkpoint, trained)
            self._hooks.on_epoch(report, network)

    @property
    def _averaged_weights(self) -> list[np.ndarray]:
        """Empty where no average is asked for, and before the first step."""
        return self._average.weights if self._average else []

    @contextmanager
    def _averaged(self) -> Iterator[keras.Model]:
        """Lend the network with its averaged weights; then it has its own again."""
        model = self._trained.model
        if not self._averaged_weights:
            yield model
            return
        own = model.get_weights()
        model.set_weights(self._averaged_weights)
        try:
            yield model
        finally:
            model.set_weights(own)
