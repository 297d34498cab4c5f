import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import TrainingError

keras = pytest.importorskip("keras")

from sandseg.train import StopWhen, WeightAverage, train, validation_matrix  # noqa: E402

pytestmark = pytest.mark.slow  # loads TensorFlow

CONFIG = TrainConfig(
    unet=UNetConfig((4, 6), n_classes=3, stem="full"),
    epochs=2,
    steps_per_epoch=3,
    batch_size=2,
    patch_size=8,
    warmup_steps=2,
    ema_momentum=0.5,
)


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


def test_without_momentum_the_average_is_the_last_step():
    average = WeightAverage(momentum=0.0)
    average.set_model(FakeNetwork([2.0, 2.0, 2.0], [5.0, 6.0, 7.0]))

    for step in range(2):
        average.on_train_batch_end(step)

    assert average.weights == [5, 6, 7]


def test_the_training_goes_on_until_somebody_asks_to_stop():
    is_asked = False
    stop = StopWhen(lambda: is_asked)
    stop.set_model(FakeNetwork())

    stop.on_train_batch_end(0, {"loss": 1.0})
    assert not stop.model.stop_training
    is_asked = True
    stop.on_train_batch_end(1, {"loss": 1.0})
    assert stop.model.stop_training


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_an_error(loss):
    with pytest.raises(TrainingError, match="stopped being a number after step 3") as caught:
        StopWhen(lambda: False).on_train_batch_end(2, {"loss": loss})
    assert "learning rate" in caught.value.hint


def test_grey_values_that_are_no_numbers_end_the_training():
    with pytest.raises(TrainingError, match="after step 1 of an epoch"):
        train(MadeUpPatches(factor=np.nan), validation_slices(), CONFIG)


def test_each_epoch_is_reported_with_the_averaged_weights():
    reports, seen = [], []

    def on_epoch(report, network):
        reports.append(report)
        seen.append(network.get_weights())

    trained = train(MadeUpPatches(), validation_slices(), CONFIG, on_epoch)

    assert trained.is_finished
    assert trained.history == reports
    assert [(r.epoch, r.n_epochs, len(r.iou)) for r in reports] == [(1, 2, 3), (2, 2, 3)]
    assert all(np.isfinite(r.loss) and r.mean_iou == np.nanmean(r.iou) for r in reports)
    for last, kept in zip(seen[-1], trained.model.get_weights(), strict=True):
        np.testing.assert_array_equal(last, kept)


@pytest.mark.parametrize("n_steps", [1, 2, 4])
def test_a_stop_is_answered_within_a_step(n_steps):
    answers = iter([False] * (n_steps - 1) + [True])  # asked once more, it would raise
    epochs = []

    trained = train(
        MadeUpPatches(),
        validation_slices(),
        CONFIG,
        on_epoch=lambda report, _: epochs.append(report.epoch),
        should_stop=lambda: next(answers),
    )

    assert not trained.is_finished
    assert int(trained.model.optimizer.iterations) == n_steps
    assert epochs == [1] * (n_steps // CONFIG.steps_per_epoch)


def test_every_labelled_pixel_is_counted_once(rng):
    labels = rng.integers(0, 3, (19, 23)).astype(np.uint8)
    labels[:2] = IGNORED

    def network(tiles, training):
        return np.eye(3, dtype=np.float32)[np.rint(np.asarray(tiles)[..., 0] * 2).astype(int)]

    matrix = validation_matrix(network, [(np.minimum(labels, 2) / 2, labels)] * 2, CONFIG)

    np.testing.assert_array_equal(matrix, 2 * np.diag(np.bincount(labels[2:].ravel())))


def test_one_logit_is_validated_as_two_classes(rng):
    labels = rng.integers(0, 2, (8, 12)).astype(np.uint8)
    config = TrainConfig(unet=UNetConfig((4, 6), n_classes=1, stem="full"))

    matrix = validation_matrix(lambda tiles, training: tiles - 0.5, [(labels, labels)], config)

    np.testing.assert_array_equal(matrix, np.diag(np.bincount(labels.ravel())))


RESUMED = """
import sys
sys.path.insert(0, 'tests')
import keras, numpy as np, tensorflow
from pathlib import Path
from test_train import CONFIG, MadeUpPatches, validation_slices
from dataclasses import asdict, replace
from sandseg.train import train

tensorflow.config.experimental.enable_op_determinism()
config = replace(CONFIG, epochs=3)
through = train(MadeUpPatches(), validation_slices(), config)
answers = iter([False] * 4 + [True])  # in the middle of the second epoch
folder = Path(sys.argv[1])
stopped = train(MadeUpPatches(), validation_slices(), config,
                should_stop=lambda: next(answers), checkpoint=folder)
assert not stopped.is_finished and len(stopped.history) == 1
resumed = train(MadeUpPatches(), validation_slices(), config, checkpoint=folder)
assert resumed.is_finished
for one, other in zip(through.model.get_weights(), resumed.model.get_weights(), strict=True):
    np.testing.assert_array_equal(one, other)
for one, other in zip(through.history, resumed.history, strict=True):
    assert replace(one, seconds=0) == replace(other, seconds=0)
assert [path.name for path in folder.iterdir()] == ["state.npz"]
again = train(MadeUpPatches(), validation_slices(), config, checkpoint=folder)
for one, other in zip(through.model.get_weights(), again.model.get_weights(), strict=True):
    np.testing.assert_array_equal(one, other)
"""


def test_a_stopped_training_goes_on_to_the_very_same_weights(tmp_path):
    command = [sys.executable, "-c", RESUMED, str(tmp_path / "checkpoint")]

    root = Path(__file__).resolve().parents[1]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True)

    assert run.returncode == 0, run.stderr
