import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.errors import LabelError, StackError
from sandseg.scan.formats import Stack, check_same_shape, check_values, open_stack, read_labels
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
        (np.array([[1, 2], [np.nan, np.inf]]), "2 of 4 pixels are not numbers"),
    ],
)
def test_values_not_worth_segmenting_are_refused(image, message):
    with pytest.raises(StackError, match=message) as caught:
        check_values(image)
    assert caught.value.hint


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4"])
def test_labels_are_read_in_every_whole_number_type(rng, dtype):
    labels = rng.integers(0, 4, (5, 12, 13)).astype(np.uint8)

    found = read_labels(tiff_bytes(labels.astype(dtype), compression="zlib"))

    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, labels)


def test_labels_from_one_are_shifted_by_what_the_whole_stack_holds(rng):
    labels = rng.integers(0, 4, (5, 12, 13)).astype(np.uint8)
    labels[0] = 1  # alone, this slice could be either coding
    raw = labels + 1
    raw[2, 0, 0] = 0

    found = read_labels(tiff_bytes(raw))

    labels[2, 0, 0] = IGNORED
    np.testing.assert_array_equal(found, labels)


def test_labels_with_a_color_table_are_the_indices(rng):
    labels = rng.integers(0, 4, (12, 13)).astype(np.uint8)
    table = rng.integers(0, 65535, (3, 256)).astype(np.uint16)
    data = tiff_bytes(labels, photometric="palette", colormap=table)

    np.testing.assert_array_equal(read_labels(data), labels[None])
    with pytest.raises(StackError, match="or a label file, not grey values"):
        open_stack(data)


def test_labels_in_the_sandstones_colors_are_decoded(rng):
    labels = rng.integers(0, 4, (2, 12, 13)).astype(np.uint8)
    colors = np.array([(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 0)], np.uint8)

    np.testing.assert_array_equal(
        read_labels(tiff_bytes(colors[labels], photometric="rgb")), labels
    )


def test_labels_saved_as_grey_rgb_are_decoded(rng):
    labels = rng.integers(0, 4, (12, 13)).astype(np.uint8)
    data = tiff_bytes(np.stack([labels] * 3, axis=-1), photometric="rgb")

    np.testing.assert_array_equal(read_labels(data), labels[None])


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.array([[0, 9]], np.uint8), "holds the values 0, 9; expected are 0 to 3"),
        (np.array([[0, 300]], np.uint16), "holds the values 0, 300"),
        (np.array([[-1, 3]], np.int16), "holds the values -1, 3"),
        (np.array([[0.5, 1]], np.float32), "holds fractions"),
    ],
)
def test_values_that_are_no_labels_are_refused(raw, message):
    with pytest.raises(LabelError, match=message):
        read_labels(tiff_bytes(raw))


def test_signed_colors_that_are_no_labels_are_refused():
    colors = np.arange(60, dtype=np.int8).reshape(4, 5, 3)

    with pytest.raises(LabelError):
        read_labels(tiff_bytes(colors, photometric="rgb", metadata=None))


def test_a_damaged_label_file_is_an_error_of_the_file():
    with pytest.raises(StackError, match="is empty"):
        read_labels(b"")


def test_labels_of_another_size_are_refused(volume):
    stack = Stack.from_array(volume, "rock")
    check_same_shape(stack, volume)
    with pytest.raises(
        LabelError, match="is 5 slices of 24 × 31 pixels, but the labels are 1 slice of 24 × 30"
    ):
        check_same_shape(stack, volume[:1, :, :30])
