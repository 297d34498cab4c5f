import numpy as np
import pytest
import tifffile

from sandseg.data.labelled import read_labelled
from sandseg.errors import StackError
from sandseg.grey.training_line import grey_range, training_line
from sandseg.scan.stack import Stack


def line_of(*arrays):
    mapping = training_line([grey_range(Stack.from_array(array)) for array in arrays])
    return mapping.low, mapping.high


def test_bytes_keep_their_values(rng):
    assert line_of(rng.integers(50, 90, (2, 30, 40), dtype=np.uint8)) == (0, 255)


def test_others_are_stretched_between_the_ends_of_all(rng):
    first, second = rng.uniform(0.2, 1.0, (2, 2, 60, 60))

    ends = np.array([first.min(), (second + 0.1).max()])
    np.testing.assert_array_equal(line_of(first, second + 0.1), ends)


@pytest.mark.parametrize("wild", [(400, -90), (65535, 0), (1e30, -1e30), (np.nan, np.inf)])
def test_a_few_wild_pixels_change_nothing(rng, wild):
    image = rng.uniform(10, 20, (3, 60, 60))
    hot = image.copy()
    hot[0, 5, 5], hot[2, 9, 7] = wild

    np.testing.assert_allclose(line_of(hot), line_of(image), rtol=1e-3)


def test_what_is_painted_outside_changes_nothing(rng):
    image = rng.normal(100, 10, (2, 60, 60))
    painted = image.copy()
    painted[:, :, :20] = 60_000

    np.testing.assert_allclose(line_of(painted), line_of(image[:, :, 20:]), rtol=0.01)


def test_one_value_is_nothing_to_learn_from():
    with pytest.raises(StackError, match="is 7; nothing to learn from"):
        line_of(np.full((2, 30, 30), 7, np.uint16))


def test_two_hot_voxels_leave_a_training_its_grey_values(cases_dir):
    folder = cases_dir / "train_outliers"
    clean, hot = (
        read_labelled(folder / f"{name}.tif", folder / "labels.tif", 4)
        for name in ("cleanf", "hotf")
    )

    images = [np.stack(found.images) for found in (clean, hot)]
    stored = [tifffile.imread(folder / f"{name}.tif") for name in ("cleanf", "hotf")]
    n_wild = np.count_nonzero(stored[0] != stored[1])
    assert np.count_nonzero(np.abs(images[0] - images[1]) > 0.02) <= n_wild
