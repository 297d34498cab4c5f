from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sandseg.config import TrainConfig, UNetConfig
from sandseg.errors import TrainingError

keras = pytest.importorskip("keras")

from sandseg.train import compile  # noqa: E402

pytestmark = pytest.mark.slow  # loads TensorFlow

CONFIG = TrainConfig(unet=UNetConfig((4, 6), n_classes=3, stem="full"), batch_size=16, patch_size=8)


def full_above(batch_size, error):
    def measure(config, n_steps):
        if config.batch_size > batch_size:
            raise error
        return 0.1, 100

    return measure


@pytest.mark.parametrize(
    ("largest", "hint"), [(5, "batch size of 4"), (1, "batch size of 1"), (0, "smaller patch")]
)
@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("RESOURCE_EXHAUSTED: 3 GiB")])
def test_a_full_memory_is_answered_with_the_batch_that_fits(monkeypatch, largest, hint, error):
    monkeypatch.setattr(compile, "measure_step", full_above(largest, error))

    with (
        pytest.raises(TrainingError, match="16 patches of 8 px does not fit") as caught,
        compile.memory_errors(CONFIG),
    ):
        raise error
    assert hint in caught.value.hint


def test_other_errors_are_not_taken_for_a_full_memory():
    with pytest.raises(ZeroDivisionError), compile.memory_errors(CONFIG):
        raise ZeroDivisionError


def test_tensorflow_says_that_its_memory_is_full_in_a_way_that_is_understood():
    errors = pytest.importorskip("tensorflow").errors

    assert compile.is_out_of_memory(errors.ResourceExhaustedError(None, None, "no room"))
    assert not compile.is_out_of_memory(errors.InvalidArgumentError(None, None, "no shape"))


def test_a_step_is_measured():
    seconds, n_parameters = compile.measure_step(CONFIG)

    assert 0 < seconds < 60
    assert n_parameters == compile.new_network(CONFIG, 1).count_params()


def test_a_rate_that_is_asked_for_once_in_a_step_gives_the_same_weights(monkeypatch, rng):
    config = replace(CONFIG, warmup_steps=1, weight_decay=0.1, batch_size=2)
    images = rng.random((2, 8, 8, 1), np.float32)
    labels = rng.integers(0, 3, (2, 8, 8)).astype(np.uint8)

    def learn():
        network = compile.new_network(config, 3)
        losses = [network.train_on_batch(images, labels) for _ in range(3)]
        return losses, network.get_weights()

    losses, weights = learn()
    monkeypatch.setattr(compile, "OneRateAdamW", keras.optimizers.AdamW)
    usual_losses, usual_weights = learn()

    assert losses == usual_losses
    assert losses[-1] < losses[1]  # the rate of the first step is 0
    for one, usual in zip(weights, usual_weights, strict=True):
        np.testing.assert_array_equal(one, usual)


@pytest.mark.parametrize("n_devices", [1, 2, 3, 8])
@pytest.mark.parametrize("n_patches", [1, 7, 8])
def test_devices_that_share_a_batch_get_as_many_patches_each(monkeypatch, n_devices, n_patches):
    mesh = SimpleNamespace(devices=np.arange(n_devices))
    sharing = SimpleNamespace(device_mesh=mesh) if n_devices > 1 else None
    monkeypatch.setattr(compile.keras.distribution, "distribution", lambda: sharing)
    images = np.arange(n_patches)

    shared, labels = compile.share_evenly(images, 10 + images)

    assert len(shared) % n_devices == 0
    assert len(shared) < n_patches + n_devices
    np.testing.assert_array_equal(shared[:n_patches], images)
    np.testing.assert_array_equal(labels, 10 + shared)
