import os
import struct

import numpy as np
import pytest
from tifffile import TiffWriter, imwrite

from sandseg.scan.stack import Stack
from sandseg.scan.tiff.voxels import aspect_options
from sandseg.uploads import decode
from sandseg.uploads.plain_tiff import check_plain

SHAPE = (3, 20, 30)


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, SHAPE).astype(np.uint16)


def written(path, volume):
    """What the decoder makes of a volume."""
    decode._write(Stack.from_array(volume), volume.nbytes, path)
    return path


def write_pages(path, volume, bigtiff=False, **options):
    usual = {"photometric": "minisblack", "metadata": None}
    usual["contiguous"] = not {"compression", "tile"} & set(options)
    with TiffWriter(path, bigtiff=bigtiff) as writer:
        for image in volume:
            writer.write(image, **usual | options)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 100, 1), (1, 1, 100), SHAPE])
def test_what_the_decoder_writes_is_plain(tmp_path, shape, dtype):
    volume = np.zeros(shape, dtype)

    check_plain(written(tmp_path / "stack.tif", volume), shape, volume.dtype)


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("aspect", [(1.0, 1.0, 1.0), (2.5, 1.0, 1.0), (1e-7, 3.0, 1.0)])
def test_large_stacks_and_flat_voxels_are_plain_too(tmp_path, volume, bigtiff, aspect):
    path = write_pages(tmp_path / "stack.tif", volume, bigtiff=bigtiff, **aspect_options(aspect))

    check_plain(path, SHAPE, volume.dtype)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib"},
        {"compression": "jpeg2000"},
        {"compression": "jpegxl", "dtype": np.uint8},
        {"compression": "lzw", "predictor": True},
        {"tile": (16, 16)},
        {"photometric": "miniswhite"},
        {"description": '{"shape": [3, 600]}'},
        {"description": "x" * 10_000},
        {"metadata": {"axes": "QYX"}, "contiguous": False},
        {"extratags": [(65000, 1, 1000, bytes(1000), False)]},
        {"extratags": [(65001, 4, 1, 8, False)]},
        {"rowsperstrip": 5},
        {"subfiletype": 1},
    ],
    ids=str,
)
def test_no_other_form_is(tmp_path, volume, options):
    dtype = np.dtype(options.get("dtype", volume.dtype))
    options = {name: value for name, value in options.items() if name != "dtype"}
    path = write_pages(tmp_path / "stack.tif", volume.astype(dtype), **options)

    with pytest.raises(ValueError, match=r"tag|bytes|page|pages"):
        check_plain(path, SHAPE, dtype)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((2, 20, 30), np.uint16),
        ((4, 20, 30), np.uint16),
        ((3, 30, 20), np.uint16),
        ((3, 20, 30), np.int16),
        ((3, 20, 15), np.uint32),
        ((3, 20, 60), np.uint8),
        ((1, 60, 30), np.uint16),
    ],
)
def test_what_is_said_of_it_must_be_so(tmp_path, volume, shape, dtype):
    path = written(tmp_path / "stack.tif", volume)

    with pytest.raises(ValueError, match=r"page|bytes"):
        check_plain(path, shape, np.dtype(dtype))


def test_every_damaged_byte_beside_the_pixels_is_found_or_harmless(tmp_path, volume, rng):
    whole = written(tmp_path / "whole.tif", volume).read_bytes()
    pixels = whole.index(volume.tobytes())
    path = tmp_path / "stack.tif"
    for at in [*range(pixels), *range(pixels + volume.nbytes, len(whole))]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ rng.integers(1, 256)]) + whole[at + 1 :])
        try:
            check_plain(path, SHAPE, volume.dtype)
        except ValueError:
            continue
        with decode.open_stack(path) as stack:
            np.testing.assert_array_equal(stack.read_slice(2), volume[2])


def test_a_cut_off_file_and_one_with_more_at_its_end_are_not_plain(tmp_path, volume):
    path = written(tmp_path / "stack.tif", volume)
    whole = path.read_bytes()
    for content in (b"", whole[:3], whole[: len(whole) // 2], whole[:-40], whole + bytes(10**5)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"cut off|bytes|TIFF"):
            check_plain(path, SHAPE, volume.dtype)


def test_links_and_what_is_no_file_are_not_plain(tmp_path, volume):
    whole = written(tmp_path / "whole.tif", volume)
    (tmp_path / "link.tif").symlink_to(whole)
    (tmp_path / "folder.tif").mkdir()
    os.mkfifo(tmp_path / "pipe.tif")
    for name in ("link.tif", "folder.tif", "pipe.tif", "none.tif"):
        with pytest.raises((ValueError, OSError)):
            check_plain(tmp_path / name, SHAPE, volume.dtype)
    os.link(whole, tmp_path / "second.tif")
    with pytest.raises(ValueError, match="no file of its own"):
        check_plain(whole, SHAPE, volume.dtype)


def test_a_circle_of_pages_ends(tmp_path, volume):
    path = tmp_path / "stack.tif"
    imwrite(path, volume[0], photometric="minisblack", metadata=None)
    whole = bytearray(path.read_bytes())
    (n_tags,) = struct.unpack_from("<H", whole, 8)
    struct.pack_into("<I", whole, 10 + 12 * n_tags, 8)  # the next page is the first
    path.write_bytes(whole + bytes(volume.nbytes - volume[0].nbytes))
    with pytest.raises(ValueError, match="page 2"):
        check_plain(path, SHAPE, volume.dtype)
