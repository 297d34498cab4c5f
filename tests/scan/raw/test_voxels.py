import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.limits import LOCAL_LIMITS
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.raw.voxels import open_raw
from tests.made_tiffs import read_all


@pytest.fixture
def volume(rng):
    return rng.integers(0, 255, (5, 20, 30)).astype(np.uint16)


@pytest.mark.parametrize("dtype", ["<u2", ">u2", ">f4"])
def test_raw_voxels_are_read_with_or_without_a_header(volume, tmp_path, dtype):
    path = tmp_path / "rock.raw"
    path.write_bytes(b"header" + volume.astype(dtype).tobytes())

    stack = open_raw(path, RawFormat.parse(f"5x20x30,{dtype},6"), LOCAL_LIMITS)

    assert stack.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(read_all(stack), volume)


def test_a_folder_of_raw_slices_is_a_stack(volume, tmp_path):
    for z in range(5):
        (tmp_path / f"slice{z + 8}.raw").write_bytes(volume[z].tobytes())

    stack = open_raw(tmp_path, RawFormat.parse("20x30,uint16"), LOCAL_LIMITS)

    np.testing.assert_array_equal(read_all(stack), volume)
    with pytest.raises(StackError, match="a folder of raw slices") as caught:
        open_raw(tmp_path, RawFormat.parse("5x20x30,uint16"), LOCAL_LIMITS)
    assert "shape of one slice" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"), [("5x20x31,u2", "fewer than"), ("5x20x29,u2", "more")]
)
def test_raw_voxels_of_another_size_are_refused(volume, tmp_path, text, message):
    (tmp_path / "rock.raw").write_bytes(volume.tobytes())

    with pytest.raises(StackError, match=f"has 6,000 bytes, [0-9]+ {message}"):
        open_raw(tmp_path / "rock.raw", RawFormat.parse(text), LOCAL_LIMITS)


def test_a_missing_raw_file_is_named(tmp_path):
    with pytest.raises(StackError, match=r"none\.raw\" cannot be opened"):
        open_raw(tmp_path / "none.raw", RawFormat.parse("4x4,u1"), LOCAL_LIMITS)
    with pytest.raises(StackError, match="a folder without files"):
        open_raw(tmp_path, RawFormat.parse("4x4,u1"), LOCAL_LIMITS)
