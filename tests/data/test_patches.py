import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandseg.classes import IGNORED
from sandseg.config import TrainConfig, UNetConfig
from sandseg.data.patches import (
    MIN_ROCK_SHARE,
    GridPatches,
    RandomPatches,
    grid_patches,
    telling_window,
    turn,
)
from sandseg.errors import TrainingError

SMALL = UNetConfig((4, 8), stem="full")


def config(**changes):
    settings = {"unet": SMALL, "patch_size": 16, "batch_size": 4, "steps_per_epoch": 5}
    return TrainConfig(**(settings | changes))


def labelled(rng, *shape):
    """An image with labels that can be told from its grey values."""
    labels = rng.integers(0, 4, shape).astype(np.uint8)
    return (labels / 8 + rng.random(shape) / 16).astype(np.float32), labels


def labels_of(images):
    return np.floor(images[..., 0] * 8).astype(np.uint8)


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40), st.integers(1, 20))
def test_a_grid_holds_every_whole_patch_in_its_place(n_slices, height, width, size):
    slices = np.arange(n_slices * height * width).reshape(n_slices, height, width)
    rows, columns = height // size, width // size
    if not rows * columns:
        with pytest.raises(TrainingError, match=f"{height} × {width} px is smaller than one patch"):
            grid_patches(slices, size)
        return

    patches = grid_patches(slices, size)

    assert patches.shape == (n_slices * rows * columns, size, size)
    for position, patch in enumerate(patches):
        z, row, column = np.unravel_index(position, (n_slices, rows, columns))
        y, x = row * size, column * size
        np.testing.assert_array_equal(patch, slices[z, y : y + size, x : x + size])


def test_the_same_epoch_and_step_give_the_same_batch(rng):
    image, labels = labelled(rng, 64, 80)
    first = RandomPatches([image], [labels], config())
    again = RandomPatches([image], [labels], config())
    others = [
        first.batch(0, 1),
        first.batch(1, 0),
        RandomPatches([image], [labels], config(seed=1)).batch(0, 0),
    ]

    np.testing.assert_array_equal(first.batch(0, 0)[0], again.batch(0, 0)[0])
    np.testing.assert_array_equal(first.batch(0, 0)[1], again.batch(0, 0)[1])
    for other in others:
        assert (other[0] != first.batch(0, 0)[0]).any()


@pytest.mark.parametrize("augment", [False, True])
def test_random_patches_keep_image_and_labels_together(rng, augment):
    pairs = [labelled(rng, 64, 80), labelled(rng, 16, 16), labelled(rng, 40, 33)]
    patches = RandomPatches(*zip(*pairs, strict=True), config(augment=augment))

    assert patches.n_steps == 5
    for step in range(5):
        images, labels = patches.batch(0, step)
        assert (images.shape, images.dtype) == ((4, 16, 16, 1), np.float32)
        assert (labels.shape, labels.dtype) == ((4, 16, 16), np.uint8)
        np.testing.assert_array_equal(labels_of(images), labels)


def test_most_random_patches_hold_rock(rng):
    labels = np.zeros((128, 128), np.uint8)
    labels[:64, :40] = 2  # 16 % of the slice
    patches = RandomPatches([labels.astype(np.float32)], [labels], config(batch_size=32))

    shares = [(patches.batch(epoch, 0)[1] != 0).mean(axis=(1, 2)) for epoch in range(5)]

    assert np.mean(np.concatenate(shares) >= MIN_ROCK_SHARE) > 0.8


def test_a_slice_without_rock_can_still_be_drawn_from():
    air = np.zeros((20, 20), np.uint8)

    images, labels = RandomPatches([air.astype(np.float32)], [air], config()).batch(0, 0)

    assert not labels.any()


def test_an_epoch_on_the_grid_sees_every_patch_once(rng):
    images, labels = labelled(rng, 10, 16, 16)
    patches = GridPatches(images, labels, config(augment=False))

    assert patches.n_steps == 3
    for epoch in (0, 1):
        batches = [patches.batch(epoch, step)[0] for step in range(3)]
        assert [len(batch) for batch in batches] == [4, 4, 2]
        seen = {patch.tobytes() for batch in batches for patch in batch}
        assert seen == {image.tobytes() for image in images}


def test_the_order_on_the_grid_changes_from_epoch_to_epoch_only(rng):
    images, labels = labelled(rng, 10, 16, 16)
    first, again = (GridPatches(images, labels, config()) for _ in range(2))

    for found, expected in zip(first.batch(3, 1), again.batch(3, 1), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert (first.batch(0, 0)[0] != first.batch(1, 0)[0]).any()
    np.testing.assert_array_equal(labels_of(first.batch(0, 2)[0]), first.batch(0, 2)[1])


def test_turns_are_the_eight_symmetries_of_a_square(rng):
    image = rng.random((6, 6))
    labels = (image * 100).astype(np.uint8)

    turned = [turn(image, labels, rng) for _ in range(200)]

    symmetries = [np.rot90(part, n) for part in (image, image[:, ::-1]) for n in range(4)]
    assert {part.tobytes() for part, _ in turned} == {part.tobytes() for part in symmetries}
    for part, its_labels in turned:
        np.testing.assert_array_equal((part * 100).astype(np.uint8), its_labels)


def test_a_slice_smaller_than_a_patch_is_refused(rng):
    pairs = [labelled(rng, 64, 64), labelled(rng, 64, 15)]

    with pytest.raises(TrainingError, match="only 15 px across, a patch is 16 px") as caught:
        RandomPatches(*zip(*pairs, strict=True), config())
    assert "smaller patch" in caught.value.hint


@pytest.mark.parametrize("source", [RandomPatches, GridPatches])
def test_nothing_labelled_is_nothing_to_learn_from(source):
    images = np.zeros((2, 16, 16), np.float32)

    with pytest.raises(TrainingError, match="Not one pixel is labelled") as caught:
        source(images, np.full((2, 16, 16), IGNORED, np.uint8), config())
    assert "belong to these images" in caught.value.hint


def test_the_telling_window_shows_the_place_with_most_classes(rng):
    dull, telling = np.zeros((2, 90, 130), np.uint8)
    dull[:, :65] = 1
    telling[60:, 100:] = rng.integers(0, 4, (30, 30))

    position, window = telling_window([dull, telling], 32)

    assert position == 1
    assert telling[window].shape == (32, 32)
    assert len(np.unique(telling[window])) == 4


@pytest.mark.parametrize("shape", [(10, 70), (40, 40), (5, 5)])
def test_a_telling_window_is_never_larger_than_its_slice(shape):
    labels = np.full(shape, IGNORED, np.uint8)

    position, window = telling_window([labels], 40)

    assert position == 0
    assert labels[window].shape == tuple(min(length, 40) for length in shape)
