from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import TrainingError

keras = pytest.importorskip("keras")

from sandseg.train.checkpoint import EpochState  # noqa: E402
from sandseg.train.loop import StepWatch, TrainingHooks, WeightAverage, train  # noqa: E402

pytestmark = pytest.mark.slow  # loads TensorFlow

CONFIG = TrainConfig(
    unet=UNetConfig((4, 6), n_classes=3, stem="full"),
    epochs=2,
    steps_per_epoch=2,
    batch_size=2,
    patch_size=8,
    warmup_steps=2,
    ema_momentum=0.5,
    norm_share=1.0,
    optimizer="adam",  # the quicker one
)
# In its last epoch, batch normalization keeps its statistics.
WHOLE = replace(CONFIG, epochs=3, norm_share=0.6, unet=replace(CONFIG.unet, dropout=0.3))


class MadeUpPatches:
    """Noise whose brightness is its label; the same epoch and step give the same batch."""

    n_steps = CONFIG.steps_per_epoch

    def __init__(self, factor=1.0):
        self.factor = factor

    def batch(self, epoch, step):
        rng = np.random.default_rng([7, epoch, step])
        labels = rng.integers(0, 3, (2, 8, 8)).astype(np.uint8)
        noise = rng.normal(0, 0.1, labels.shape)
        return (self.factor * (labels / 2 + noise)).astype(np.float32)[..., None], labels


def validation_slices():
    images, labels = MadeUpPatches().batch(99, 0)
    return list(zip(images[..., 0], labels, strict=True))


def assert_same(weights, others):
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_array_equal(one, other)


class FakeNetwork:
    """Goes through given weights, one step at a time; the last of them is not trained."""

    def __init__(self, *weights):
        self.stop_training = False
        self.weights = [SimpleNamespace(trainable=i < 2) for i in range(3)]
        self._values = iter(weights)

    def get_weights(self):
        return [np.array(values, np.float32) for values in next(self._values)]


def test_the_average_moves_as_a_hand_computes_and_statistics_are_taken_as_they_are():
    average = WeightAverage(momentum=0.75)
    steps = ([[8.0, 0.0], 1.0, 3.0], [[4.0, 4.0], 1.0, 5.0], [[3.0, 9.0], 5.0, 4.0])
    average.set_model(FakeNetwork(*steps))

    for step, expected in enumerate(([[8, 0], 1, 3], [[7, 1], 1, 5], [[6, 3], 2, 4])):
        average.on_train_batch_end(step)
        for weights, by_hand in zip(average.weights, expected, strict=True):
            np.testing.assert_allclose(weights, by_hand)


def test_the_training_goes_on_until_somebody_asks_to_stop():
    is_asked, told = False, []
    hooks = TrainingHooks(on_step=lambda *done: told.append(done), should_stop=lambda: is_asked)
    watch = StepWatch(hooks, EpochState(step=4), n_epochs_done=3)
    watch.set_model(FakeNetwork())

    watch.on_train_batch_end(0, {"loss": 1.0})
    assert not watch.model.stop_training
    is_asked = True
    watch.on_train_batch_end(1, {"loss": 1.0})
    assert watch.model.stop_training
    assert told == [(3, 5), (3, 6)]


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_an_error(loss):
    watch = StepWatch(TrainingHooks(), EpochState(step=2))
    with pytest.raises(TrainingError, match="stopped being a number after step 3") as caught:
        watch.on_train_batch_end(2, {"loss": loss})
    assert "learning rate" in caught.value.hint


def test_grey_values_that_are_no_numbers_end_the_training():
    with pytest.raises(TrainingError, match="after step 1 of an epoch"):
        train(MadeUpPatches(factor=np.nan), validation_slices(), CONFIG)


@pytest.fixture(scope="module")
def through():
    """A training from its start to its end, and the weights its epochs were told with."""
    reports, seen = [], []

    def on_epoch(report, network):
        reports.append(report)
        seen.append(network.get_weights())

    hooks = TrainingHooks(on_epoch=on_epoch)
    return train(MadeUpPatches(), validation_slices(), WHOLE, hooks), reports, seen


def test_each_epoch_is_reported_with_the_averaged_weights_and_the_best_are_kept(through):
    trained, reports, seen = through

    assert trained.is_finished
    assert trained.history == reports
    assert [(r.epoch, r.n_epochs, len(r.iou)) for r in reports] == [(n, 3, 3) for n in (1, 2, 3)]
    assert all(np.isfinite(r.loss) and r.mean_iou == np.nanmean(r.iou) for r in reports)
    assert all(r.validation_loss > 0 for r in reports)
    assert_same(seen[-1], trained.model.get_weights())
    reached = [report.mean_iou for report in trained.history]
    assert trained.best_epoch == 1 + reached.index(max(reached))
    assert_same(seen[trained.best_epoch - 1], trained.best_weights)


def test_the_last_epochs_leave_the_statistics_as_they_are(through):
    trained, _, seen = through

    for first, middle, last, variable in zip(*seen, trained.model.weights, strict=True):
        if variable.trainable:
            assert not np.array_equal(middle, last)
        else:  # a mean or a variance
            assert not np.array_equal(first, middle)
            np.testing.assert_array_equal(middle, last)


def stop_after(n_steps):
    """Hooks that stop a training after so many steps in all, and what they were told."""
    done = []

    def should_stop():
        return bool(done) and WHOLE.steps_per_epoch * done[-1][0] + done[-1][1] >= n_steps

    return TrainingHooks(lambda *step: done.append(step), should_stop=should_stop), done


def test_a_stopped_training_goes_on_to_the_very_same_weights(through, tmp_path):
    # In the middle of the second epoch, before it is validated, and when statistics are kept.
    for n_steps, place in ((3, (1, 1)), (4, (1, 2)), (5, (2, 1))):
        hooks, done = stop_after(n_steps)
        stopped = train(MadeUpPatches(), validation_slices(), WHOLE, hooks, tmp_path)
        assert not stopped.is_finished
        assert (len(stopped.history), done[-1]) == (place[0], place)

    resumed = train(MadeUpPatches(), validation_slices(), WHOLE, checkpoint=tmp_path)

    assert resumed.is_finished
    assert_same(through[0].model.get_weights(), resumed.model.get_weights())
    assert_same(through[0].best_weights, resumed.best_weights)
    for one, other in zip(through[0].history, resumed.history, strict=True):
        assert replace(one, seconds=0) == replace(other, seconds=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.npz", "state.npz"]


def test_without_momentum_no_average_is_kept_and_the_last_step_counts(tmp_path):
    seen = []
    hooks = TrainingHooks(on_epoch=lambda _, network: seen.append(network.get_weights()))
    config = replace(CONFIG, epochs=1, ema_momentum=0.0)

    trained = train(MadeUpPatches(), validation_slices(), config, hooks, tmp_path)

    with np.load(tmp_path / "state.npz") as state:
        assert not [name for name in state if name.startswith("average")]
        last = [state[f"weight_{i}"] for i in range(len(seen[-1]))]
    assert_same(seen[-1], last)
    assert_same(trained.model.get_weights(), last)


@pytest.mark.parametrize("n_steps", [0, 3])
def test_a_stop_is_answered_within_a_step(n_steps):
    done, epochs = [], []
    hooks = TrainingHooks(
        on_step=lambda *step: done.append(step),
        on_epoch=lambda report, _: epochs.append(report.epoch),
        should_stop=lambda: len(done) >= n_steps,
    )

    trained = train(MadeUpPatches(), validation_slices(), CONFIG, hooks)

    assert not trained.is_finished
    assert int(trained.model.optimizer.iterations) == n_steps
    assert epochs == [1] * (n_steps // CONFIG.steps_per_epoch)


def test_mixed_precision_leaves_the_global_precision_as_it_was():
    before = keras.mixed_precision.dtype_policy().name

    trained = train(
        MadeUpPatches(),
        validation_slices(),
        replace(CONFIG, mixed_precision=True, epochs=1),
    )

    assert keras.mixed_precision.dtype_policy().name == before == "float32"
    assert trained.model.get_layer("down0_conv0").compute_dtype == "bfloat16"
