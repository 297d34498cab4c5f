import io
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile

from sandseg.errors import SandsegError, StackError
from sandseg.scan.formats import open_stack
from tests.made_tiffs import pages_bytes, read_all, tiff_bytes


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "memory", "file"])
def test_a_stack_opens_from_whatever_holds_it(tmp_path, volume, kind):
    path = tmp_path / "rock.tif"
    path.write_bytes(tiff_bytes(volume))
    with path.open("rb") as handle:
        source = {
            "path": path,
            "text": str(path),
            "bytes": path.read_bytes(),
            "memory": io.BytesIO(path.read_bytes()),
            "file": handle,
        }[kind]
        with open_stack(source) as stack:
            np.testing.assert_array_equal(read_all(stack), volume)
            assert stack.name == ("rock.tif" if kind in ("path", "text", "file") else "file")


def test_an_upload_may_be_closed_while_its_stack_is_open(volume):
    upload = io.BytesIO(tiff_bytes(volume))
    stack = open_stack(upload, "upload.tif")
    upload.close()

    np.testing.assert_array_equal(read_all(stack), volume)
    assert stack.name == "upload.tif"


def test_threads_read_the_slices_they_asked_for(rng):
    values = rng.integers(0, 255, (40, 64, 64)).astype(np.uint8)
    stack = open_stack(pages_bytes(values, compression="zlib"))
    order = rng.permutation(np.repeat(np.arange(40), 5))

    with ThreadPoolExecutor(8) as pool:
        for z, image in zip(order, pool.map(stack.read_slice, order), strict=True):
            np.testing.assert_array_equal(image, values[z])


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(StackError, match=r"rock\.tif\" cannot be opened \(No such file"):
        open_stack(tmp_path / "rock.tif")
    with pytest.raises(StackError, match="is a folder"):
        open_stack(tmp_path)


def test_damaged_pixels_are_an_error_of_the_file(volume):
    data = bytearray(pages_bytes(volume, compression="zlib"))
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as tif:
        start = tif.pages[2].dataoffsets[0]
    data[start : start + 40] = bytes(40)
    stack = open_stack(bytes(data), "rock.tif")

    np.testing.assert_array_equal(stack.read_slice(1), volume[1])
    with pytest.raises(StackError, match=r'"rock\.tif" cannot be read: the file is damaged'):
        stack.read_slice(2)


def _run_out_of_memory(*_args, **_options):
    raise MemoryError


def test_memory_that_runs_out_is_an_error_with_advice(volume, monkeypatch):
    stack = open_stack(tiff_bytes(volume), "rock.tif")
    monkeypatch.setattr(tifffile.FileHandle, "read_array", _run_out_of_memory)

    with pytest.raises(StackError, match="does not fit into this computer's memory"):
        stack.read_slice(0)


def test_an_error_never_leaves_a_file_open(tmp_path):
    path = tmp_path / "broken.tif"
    path.write_bytes(b"II*\0\xff\0\0\0")
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with pytest.raises(SandsegError):
            open_stack(path)
