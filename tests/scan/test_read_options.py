import numpy as np
import pytest

from sandseg.errors import ConfigError, StackError
from sandseg.export.tiff import write_image
from sandseg.scan.read_options import ReadOptions, open_with_options


@pytest.fixture
def scan(rng, tmp_path):
    write_image(tmp_path / "scan.tif", rng.integers(0, 255, (6, 20, 30)).astype(np.uint8), 2.5)
    return tmp_path / "scan.tif"


def test_a_file_is_opened_as_it_is_without_wishes(scan):
    with open_with_options(scan, ReadOptions()) as stack:
        assert (stack.shape, stack.voxel_size_um) == ((6, 20, 30), 2.5)


@pytest.mark.parametrize(("text", "n_slices"), [("2:4", 3), ("6:6", 1), ("5", 1), ("1:6", 6)])
def test_slices_are_counted_from_one_and_the_last_is_included(scan, text, n_slices):
    options = ReadOptions.parse(slices=text)

    with open_with_options(scan, options) as stack, open_with_options(scan, ReadOptions()) as whole:
        assert stack.n_slices == n_slices
        first = options.part_of(6).start
        np.testing.assert_array_equal(stack.read_slice(0), whole.read_slice(first))


@pytest.mark.parametrize("text", ["a:b", "2:", ":3", "1:2:3"])
def test_a_range_that_means_nothing_is_refused(text):
    with pytest.raises(ConfigError, match="names no slices"):
        ReadOptions.parse(slices=text)


@pytest.mark.parametrize("text", ["0:2", "4:2", "3:7"])
def test_slices_that_are_not_there_are_refused(scan, text):
    with pytest.raises(StackError, match="its slices are 1 to 6"):
        open_with_options(scan, ReadOptions.parse(slices=text))


def test_the_voxel_size_that_is_given_holds(scan):
    with open_with_options(scan, ReadOptions(voxel_size_um=7.5, slices=(2, 3))) as stack:
        assert stack.voxel_size_um == 7.5


@pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf")])
def test_a_voxel_size_that_is_none_is_refused(size):
    with pytest.raises(ConfigError, match="A voxel size of .* µm is none"):
        ReadOptions(voxel_size_um=size)


def test_choices_are_counted_from_one(scan):
    with open_with_options(scan, ReadOptions(series=1)) as stack:
        assert stack.n_slices == 6
    with pytest.raises(StackError, match="has no image 2"):
        open_with_options(scan, ReadOptions(series=2))


def test_raw_voxels_are_opened_as_described(tmp_path, rng):
    volume = rng.integers(0, 255, (6, 20, 30)).astype(np.uint16)
    (tmp_path / "scan.raw").write_bytes(volume.tobytes())

    options = ReadOptions.parse(slices="2:2", raw="6x20x30,uint16")
    with open_with_options(tmp_path / "scan.raw", options) as stack:
        np.testing.assert_array_equal(stack.read_slice(0), volume[1])
