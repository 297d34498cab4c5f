import numpy as np
import pytest
from scipy.ndimage import distance_transform_cdt

from sandseg.classes import IGNORED
from sandseg.score.boundaries import boundary_error_share, boundary_mask


def two_halves():
    labels = np.zeros((12, 20), np.uint8)
    labels[:, 10:] = 2
    return labels


@pytest.mark.parametrize("distance", [1, 2, 5])
def test_the_mask_is_a_band_on_both_sides_of_a_border(distance):
    expected = np.zeros((12, 20), bool)
    expected[:, 10 - distance : 10 + distance] = True

    np.testing.assert_array_equal(boundary_mask(two_halves(), distance), expected)


def test_the_mask_is_all_within_reach_of_another_class(rng):
    labels = np.kron(rng.integers(0, 4, (8, 8)), np.ones((6, 6))).astype(np.uint8)
    expected = np.zeros(labels.shape, bool)
    for value in range(4):
        to_others = distance_transform_cdt(labels == value, metric="chessboard")
        expected |= (labels == value) & (to_others <= 2) & (to_others > 0)

    np.testing.assert_array_equal(boundary_mask(labels), expected)


def test_unlabelled_pixels_make_no_border():
    labels = np.ones((10, 10), np.uint8)
    labels[4:6] = IGNORED

    assert not boundary_mask(labels).any()


def test_a_slice_of_one_class_has_no_border():
    assert not boundary_mask(np.full((6, 6), 3, np.uint8)).any()


def test_errors_at_borders_are_told_from_those_within():
    true = two_halves()
    predicted = true.copy()
    predicted[0, 9] = predicted[1, 11] = predicted[2, 8] = 1  # near the border
    predicted[5, 2] = 1  # far from it

    assert boundary_error_share(true, predicted) == 0.75


def test_without_errors_there_is_no_share():
    true = two_halves()
    nobody = np.where(true == 0, IGNORED, true).astype(np.uint8)

    assert np.isnan(boundary_error_share(true, true))
    assert np.isnan(boundary_error_share(nobody, np.full_like(true, 2)))
