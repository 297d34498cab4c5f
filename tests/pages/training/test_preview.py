"""The patches shown before a training are those the training begins with."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile

from pages.training import preview
from pages.training.preview import N_PATCHES, first_patches
from sandseg.config import TrainConfig, UNetConfig
from sandseg.data import samples
from sandseg.data.phantom import PhantomConfig
from sandseg.runs.settings import DataSource, RunSettings
from sandseg.runs.sources import read_data
from sandseg.scan.stack import Stack

SMALL = TrainConfig(unet=UNetConfig((4, 8)), batch_size=3, patch_size=32, steps_per_epoch=5)


@pytest.fixture
def files(tmp_path, rng):
    """A scan of 16-bit numbers whose labels count from 1, with 0 where nobody labelled."""
    labels = rng.integers(0, 5, (5, 70, 90)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "scan.tif", labels.astype(np.uint16) * 900 + 40)
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    return DataSource("files", images=f"{tmp_path}/scan.tif", labels=f"{tmp_path}/labels.tif")


def first_of_training(settings, folder):
    """The patches of the first batches, as a training gets them."""
    patches = read_data(settings, folder)[1].patches
    batches = [patches.batch(0, step) for step in range(min(N_PATCHES, patches.n_steps))]
    return [np.concatenate(part) for part in zip(*batches, strict=True)]


def assert_same(shown, trained):
    assert len(shown[0]) == len(shown[1])
    for ours, theirs in zip(shown, trained, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs[: len(ours)])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"augment": False, "seed": 7},
        {"batch_size": 20},
        {"sampling": "grid"},
        {"sampling": "grid", "split": "patch", "augment": False},
    ],
)
def test_the_preview_is_the_training_pixel_for_pixel(files, tmp_path, changes):
    settings = RunSettings(files, replace(SMALL, **changes))

    shown = first_patches(settings, turn=0)

    assert len(shown[0]) == N_PATCHES
    assert_same(shown, first_of_training(settings, tmp_path))


def test_the_phantom_that_is_shown_is_the_one_that_is_trained_on(tmp_path, monkeypatch):
    shape = (8, 96, 96)  # the usual one takes long to make
    monkeypatch.setattr(samples, "PhantomConfig", lambda: PhantomConfig(shape))
    # The pages keep what they opened before.
    monkeypatch.setattr(preview, "open_source", samples.open_sample)
    true_labels = lambda key: Stack.from_array(samples.sample_labels(key))  # noqa: E731
    monkeypatch.setattr(preview, "true_labels", true_labels)
    settings = RunSettings(DataSource("phantom", shape), SMALL)

    assert_same(first_patches(settings, turn=0), first_of_training(settings, tmp_path))


def test_every_turn_shows_the_next_batches_and_after_the_last_the_first(files):
    settings = RunSettings(files, replace(SMALL, batch_size=N_PATCHES))

    turns = [first_patches(settings, turn)[0] for turn in range(SMALL.steps_per_epoch + 1)]

    assert all((one != turns[0]).any() for one in turns[1:-1])
    np.testing.assert_array_equal(turns[-1], turns[0])
