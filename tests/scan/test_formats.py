import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.labels.read import check_same_shape, read_labels
from sandseg.scan.stack import check_values
from tests.made_tiffs import tiff_bytes


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


def test_the_real_sandstone_is_understood(sandstone_dir):
    with open_stack(sandstone_dir / "images" / "Sandstone_Versa0000.tif") as stack:
        assert stack.shape == (1, 1024, 996)
        assert stack.voxel_size_um == pytest.approx(2.2315, abs=1e-4)
        assert (stack.compression, stack.notes) == ("none", ())
        labels = read_labels(sandstone_dir / "masks" / "Sandstone_Versa0000.tif")
        check_same_shape(stack, labels)
    assert set(np.unique(labels)) <= {0, 1, 2, 3, IGNORED}
    assert (labels == IGNORED).mean() < 0.001


def test_values_worth_segmenting_pass(volume):
    check_values(volume[0])
    check_values(volume[0].astype(np.float32))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 5), np.uint8), "Every pixel is 0; nothing to segment"),
        (np.full((4, 5), 2.5), r"Every pixel is 2\.5"),
        (np.full((4, 5), np.nan), "No pixel of the slice is a finite number"),
        (np.array([[1, 1], [np.nan, np.inf]]), "Every pixel is 1"),
    ],
)
def test_values_not_worth_segmenting_are_refused(image, message):
    with pytest.raises(StackError, match=message) as caught:
        check_values(image)
    assert caught.value.hint


def test_labels_with_a_color_table_are_the_indices(rng):
    labels = rng.integers(0, 4, (12, 13)).astype(np.uint8)
    table = rng.integers(0, 65535, (3, 256)).astype(np.uint16)
    data = tiff_bytes(labels, photometric="palette", colormap=table)

    np.testing.assert_array_equal(read_labels(data), labels[None])
    with pytest.raises(StackError, match="or a label file, not grey values"):
        open_stack(data)
