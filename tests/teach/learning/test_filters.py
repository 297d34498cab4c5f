"""The bank of filters."""

import numpy as np
import pytest

from sandseg.teach.learning.filters import COARSE_SIGMAS, FINE_SIGMAS, N_COARSE, N_FINE, filter_tile


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
