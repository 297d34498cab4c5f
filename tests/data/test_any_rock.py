import numpy as np
import pytest

from sandseg.data import any_rock
from sandseg.data.any_rock import draw_labels, draw_slice
from sandseg.data.rough_scan import GRAIN, GRAIN_GREY, PORE, PORE_GREY

pytestmark = pytest.mark.slow

SIZE = 96


@pytest.mark.parametrize("kind", any_rock._KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_rock_has_pores_and_solid(kind):
    shares = [kind(SIZE, np.random.default_rng(seed)).mean() for seed in range(12)]

    assert all(0 <= share < 0.9 for share in shares)
    assert np.mean(np.array(shares) > 0.005) > 0.6


def test_the_same_seed_is_the_same_slice():
    first, again, other = (draw_slice(SIZE, np.random.default_rng(n)) for n in (5, 5, 6))

    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).any()
    assert (first[0].shape, first[0].dtype) == ((SIZE, SIZE), np.float32)
    assert first[1].dtype == np.uint8


def test_over_many_slices_all_classes_occur_and_greys_stay_on_the_scale():
    slices = [draw_slice(SIZE, np.random.default_rng(seed)) for seed in range(25)]

    assert set(np.unique(np.concatenate([labels for _, labels in slices]))) <= {0, 1, 2, 3, 255}
    assert all(image.min() >= 0 and image.max() <= 1 for image, _ in slices)
    middles = {
        value: np.median(
            [
                np.median(image[labels == value])
                for image, labels in slices
                if (labels == value).any()
            ]
        )
        for value in (PORE, GRAIN)
    }
    assert middles[PORE] == pytest.approx(PORE_GREY, abs=0.05)
    assert middles[GRAIN] == pytest.approx(GRAIN_GREY, abs=0.03)


def test_given_labels_are_scanned_and_come_back(rng):
    given = draw_labels(SIZE + 16, rng)

    image, labels = draw_slice(SIZE, rng, given)

    np.testing.assert_array_equal(labels, given[8:-8, 8:-8])
    assert image.shape == labels.shape
