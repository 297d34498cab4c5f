import os
from dataclasses import replace

import keras
import numpy as np
import pytest

from sandseg.errors import TrainingError
from sandseg.runs.folder import BEST, STATE, EpochReport
from sandseg.train.checkpoint import EpochState, TrainedModel, restore, save_best, save_state

pytestmark = pytest.mark.slow  # loads Keras

REPORT = EpochReport(1, 2, 0.5, (0.1, 0.9), 0.5, 3.5, 0.6)


def network(width=3, seed=0):
    keras.utils.set_random_seed(seed)
    layers = [
        keras.layers.Dense(width),
        keras.layers.Dropout(0.5, seed=seed),
        keras.layers.Dense(2),
    ]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(optimizer="adam", loss="mse")
    return model


def learned(model, n_steps=3):
    x = np.random.default_rng(0).normal(size=(8, 4))
    for _ in range(n_steps):
        model.train_on_batch(x, x[:, :2])
    return model


def state_of(model):
    known = [*model.variables, *model.optimizer.variables]
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in known]


@pytest.fixture
def trained():
    model = learned(network())
    best = [weight + 1 for weight in model.get_weights()]
    return TrainedModel(model, [REPORT], best_weights=best, best_epoch=1)


@pytest.fixture
def saved(tmp_path, trained):
    average = [weight * 2 for weight in trained.model.get_weights()]
    save_best(tmp_path, trained)
    save_state(tmp_path, trained, average, EpochState(5, [np.float32(7), np.float32(2)], 1.5))
    return tmp_path


def test_all_that_changes_in_a_training_comes_back_bit_for_bit(saved, trained):
    other = TrainedModel(learned(network(seed=9), 1))

    average, epoch = restore(saved, other)

    for one, two in zip(state_of(trained.model), state_of(other.model), strict=True):
        np.testing.assert_array_equal(one, two)
    for weight, twice in zip(trained.model.get_weights(), average, strict=True):
        np.testing.assert_array_equal(weight * 2, twice)
    for one, two in zip(trained.best_weights, other.best_weights, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (other.history, other.best_epoch) == ([REPORT], 1)
    assert (epoch.step, epoch.seconds, [float(part) for part in epoch.loss]) == (5, 1.5, [7, 2])


def test_both_go_on_alike(saved, trained):
    other = TrainedModel(learned(network(seed=9), 1))
    restore(saved, other)

    for one, two in zip(
        state_of(learned(trained.model)), state_of(learned(other.model)), strict=True
    ):
        np.testing.assert_array_equal(one, two)


def test_where_nothing_was_saved_nothing_is_restored(tmp_path, trained):
    before = state_of(trained.model)

    assert restore(tmp_path, trained) is None
    assert restore(None, trained) is None
    np.testing.assert_array_equal(before[0], state_of(trained.model)[0])


@pytest.mark.parametrize("name", [STATE, BEST])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"nonsense"])
def test_a_damaged_file_is_named(saved, name, content):
    (saved / name).write_bytes(content)

    with pytest.raises(TrainingError, match="checkpoint of the run cannot be read") as caught:
        restore(saved, TrainedModel(network()))
    assert caught.value.hint


def test_the_state_of_another_network_is_refused(saved):
    with pytest.raises(TrainingError, match="cannot be read"):
        restore(saved, TrainedModel(learned(network(width=5), 1)))


def test_what_cannot_be_written_leaves_the_last_state(saved, trained, monkeypatch):
    before = (saved / STATE).read_bytes()

    def full_disk(*_args, **_options):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_state(saved, replace(trained, best_epoch=9), [], EpochState())

    assert (saved / STATE).read_bytes() == before
    assert sorted(path.name for path in saved.iterdir()) == sorted([STATE, BEST])
