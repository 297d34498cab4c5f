import numpy as np
import pytest

from sandseg.errors import LabelError
from sandseg.predict.otsu import multi_otsu


def made_up_rock(rng, shape=(80, 100)):
    """Return a noisy (Y, X) uint8 slice of four stripes, and its labels."""
    labels = np.repeat(np.arange(4), shape[1] // 4)[None].repeat(shape[0], axis=0)
    grey = np.array([15, 85, 125, 240])[labels] + rng.normal(0, 12, labels.shape)
    return np.clip(grey, 0, 255).astype(np.uint8), labels.astype(np.uint8)


def test_otsu_parts_classes_of_clearly_different_grey(rng):
    labels = rng.integers(0, 4, (50, 60)).astype(np.uint8)
    image = np.array([10, 80, 130, 240], np.uint8)[labels]

    np.testing.assert_array_equal(multi_otsu(image), labels)
    np.testing.assert_array_equal(multi_otsu(image / np.float32(255)), labels)


def test_otsu_labels_never_fall_with_grey(rng):
    image = np.sort(made_up_rock(rng)[0].ravel())[None]

    labels = multi_otsu(image, 3)

    assert labels.dtype == np.uint8
    assert (np.diff(labels.astype(int)) >= 0).all()
    assert set(np.unique(labels)) == {0, 1, 2}


def test_otsu_refuses_a_blank_slice():
    with pytest.raises(LabelError, match="too few grey values to be cut into 4 classes"):
        multi_otsu(np.full((10, 10), 7, np.uint8))
