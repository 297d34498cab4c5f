"""The bank of filters."""

import numpy as np
import pytest

from sandseg.teach.learning.filters import (
    COARSE_SIGMAS,
    FINE_SIGMAS,
    N_COARSE,
    N_FINE,
    WIDE_SIGMAS,
    filter_tile,
    surroundings,
)


@pytest.fixture
def tile():
    return np.random.default_rng(0).random((128, 96)).astype(np.float32)


def test_there_are_as_many_as_said_on_both_grids(tile):
    fine, coarse = filter_tile(tile)

    assert fine.shape == (N_FINE, 128, 96)
    assert coarse.shape == (N_COARSE, 64, 48)
    assert fine.dtype == coarse.dtype == np.float32


def test_an_even_tile_has_neither_slopes_nor_curvature():
    fine, coarse = filter_tile(np.full((64, 64), 0.4, np.float32))

    for found, n in ((fine[1:], len(FINE_SIGMAS)), (coarse, len(COARSE_SIGMAS))):
        by_scale = found.reshape(n, 4, -1)
        np.testing.assert_allclose(by_scale[:, 0], 0.4, atol=1e-5)
        np.testing.assert_allclose(by_scale[:, 1:], 0, atol=1e-5)


def test_a_tile_turned_has_its_features_turned(tile):
    for found, turned in zip(filter_tile(tile), filter_tile(tile.T.copy()), strict=True):
        np.testing.assert_allclose(found.transpose(0, 2, 1), turned, atol=1e-5)


def test_the_middle_does_not_know_what_lies_beyond_the_overlap_of_tiles():
    wide = np.random.default_rng(1).random((512, 512)).astype(np.float32)
    other = wide.copy()
    other[:, :128] = 0

    for one, two in zip(filter_tile(wide), filter_tile(other), strict=True):
        middle = one.shape[-1] // 2
        np.testing.assert_allclose(one[:, :, middle:], two[:, :, middle:], atol=1e-6)


def around(tile, n_classes=2):
    """What is around each pixel where one half of a tile is of the first class."""
    own = np.zeros((n_classes, *tile.shape), np.float32)
    own[0, : len(tile) // 2], own[1, len(tile) // 2 :] = 1, 1
    return surroundings(own, filter_tile(tile)[0])


@pytest.mark.parametrize("shape", [(64, 48), (30, 46)])
def test_surroundings_are_on_a_quarter_of_the_grid(shape):
    found = around(np.random.default_rng(0).random(shape).astype(np.float32))

    assert found.shape == (len(WIDE_SIGMAS) * 5, -(-shape[0] // 4), -(-shape[1] // 4))
    assert found.dtype == np.float32


def test_classes_around_sum_to_one_and_mix_at_their_border(tile):
    by_scale = around(tile).reshape(len(WIDE_SIGMAS), 5, 32, 24)

    np.testing.assert_allclose(by_scale[:, :2].sum(axis=1), 1, atol=1e-5)
    assert (by_scale[:, 0, 0] > 0.99).all()
    assert (by_scale[:, 0, -1] < 0.01).all()
    assert (np.abs(by_scale[:, 0, 15:17].mean(axis=1) - 0.5) < 0.01).all()


def test_an_even_tile_is_neither_rough_nor_uneven_and_noise_is_both(tile):
    even, noisy = (
        around(t).reshape(len(WIDE_SIGMAS), 5, 32, 24)
        for t in (np.full((128, 96), 0.4, np.float32), tile)
    )

    np.testing.assert_allclose(even[:, 2], 0.4, atol=1e-5)
    np.testing.assert_allclose(even[:, 3:], 0, atol=1e-3)
    np.testing.assert_allclose(noisy[:, 4], np.sqrt(1 / 12), rtol=0.15)  # of even noise
    assert (noisy[:, 3] > 0.05).all()


def test_surroundings_do_not_reach_beyond_the_overlap_of_tiles():
    wide = np.random.default_rng(1).random((512, 512)).astype(np.float32)
    other = wide.copy()
    other[:, :128] = 0

    one, two = around(wide), around(other)

    np.testing.assert_allclose(one[:, :, 64:], two[:, :, 64:], atol=1e-6)
    assert np.abs(one - two).max() > 0.1
