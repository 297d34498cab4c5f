import io
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from sandseg.errors import FILE, SandsegError, StackError
from sandseg.scan.choices import AmbiguousStackError
from sandseg.scan.formats import open_stack
from tests.made_tiffs import pages_bytes, read_all, tiff_bytes

GREY_TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
NOT_GREY = {  # in valid/, but no grey image: colors
    "image-tiff__BigTIFFMotorola.tif",
    "image-tiff__logluv-3c-16b.tiff",
    "image-tiff__off_luv24.tif",
    "image-tiff__seq-3c-5b-contig-09f197f4.tiff",
    "image-tiff__seq-3c-8b-lzw-8743c999.tiff",
    "image-tiff__seq-3c-8b-tiled-8743c999.tiff",
    "image-tiff__ycbcr-cat.tif",
    "pillow__hopper_bigtiff.tif",
    "pillow__hopper_lzma.tif",
    "pillow__hopper_webp.tif",
    "pillow__tiff_strip_planar_raw_with_overviews.tif",
    "skimage__multipage_rgb.tif",
    "twelvemonkeys__floatingpoint-16bit.tif",
    "twelvemonkeys__xerox-jpeg-ycbcr-weird-coefficient.tif",
}


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


def test_threads_read_the_slices_they_asked_for(rng):
    values = rng.integers(0, 255, (40, 64, 64)).astype(np.uint8)
    stack = open_stack(pages_bytes(values, compression="zlib"))
    order = rng.permutation(np.repeat(np.arange(40), 5))

    with ThreadPoolExecutor(8) as pool:
        for z, image in zip(order, pool.map(stack.read_slice, order), strict=True):
            np.testing.assert_array_equal(image, values[z])


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


@given(
    dtype=st.sampled_from(GREY_TYPES),
    order=st.sampled_from("<>"),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 20), st.integers(5, 20)),
    compression=st.sampled_from([None, "lzw", "zlib", "packbits", "zstd"]),
    tile=st.sampled_from([None, (16, 16)]),
    bigtiff=st.booleans(),
)
def test_any_grey_stack_comes_back_as_it_was_written(
    dtype, order, shape, compression, tile, bigtiff
):
    values = np.random.default_rng(1).integers(0, 100, shape).astype(dtype)
    handle = io.BytesIO()
    with tifffile.TiffWriter(handle, byteorder=order, bigtiff=bigtiff) as writer:
        for image in values:
            writer.write(image, compression=compression, tile=tile, metadata=None)

    stack = open_stack(handle.getvalue())

    assert stack.shape == shape
    assert stack.dtype == np.dtype(dtype)
    assert read_all(stack).dtype == np.dtype(dtype)
    np.testing.assert_array_equal(read_all(stack), values)


@given(share=st.floats(0, 0.999))
def test_a_file_cut_off_anywhere_never_gives_half_a_stack(share):
    values = np.random.default_rng(3).integers(0, 255, (4, 16, 20)).astype(np.uint8)
    for data in (
        pages_bytes(values),
        pages_bytes(values, compression="zlib"),
        tiff_bytes(values),
        tiff_bytes(values, imagej=True, metadata={"axes": "ZYX"}),
        tiff_bytes(values, ome=True, metadata={"axes": "ZYX"}),
    ):
        try:
            found = read_all(open_stack(data[: int(share * len(data))]))
        except StackError:
            continue
        np.testing.assert_array_equal(found, values)  # only padding was lost


def error_of(action):
    try:
        action()
    except StackError as error:
        return error
    return None


@given(position=st.integers(0, 400), value=st.integers(0, 255))
def test_a_flipped_byte_never_gives_anything_but_a_stack_or_a_stack_error(position, value):
    images = np.arange(300, dtype=np.uint8).reshape(3, 10, 10)
    data = bytearray(pages_bytes(images, compression="lzw"))
    data[position % len(data)] = value
    error = error_of(lambda: read_all(open_stack(bytes(data))))

    assert error is None or (error.message and error.hint)


def test_every_grey_file_of_the_collection_is_understood(tiff_dir):
    refused = {}
    for path in sorted((tiff_dir / "valid").iterdir()):
        try:
            with open_stack(path) as stack:
                image = stack.read_slice(stack.n_slices - 1)
                assert (image.shape, image.dtype) == (stack.shape[1:], stack.dtype), path.name
        except StackError as error:
            refused[path.name] = error.message

    assert {name for name in refused if not _is_not_grey(name)} == set(), refused


def test_a_color_file_of_the_collection_is_understood_once_a_channel_is_chosen(tiff_dir):
    n_opened = 0
    for path in sorted((tiff_dir / "valid").iterdir()):
        try:
            open_stack(path).close()
        except AmbiguousStackError as error:
            for channel in range(len(error.choices.channel.names)):
                with open_stack(path, channel=channel) as stack:
                    assert stack.read_slice(0).shape == stack.shape[1:]
            n_opened += 1
        except StackError:
            continue

    assert n_opened >= 10


def _is_not_grey(name):
    return any(name.startswith(known.rsplit(".", 1)[0][:40]) for known in NOT_GREY)


def test_no_damaged_file_of_the_collection_gives_anything_but_an_error(tiff_dir):
    paths = sorted((tiff_dir / "invalid").iterdir())
    errors = {path.name: error_of(lambda path=path: read_all(open_stack(path))) for path in paths}

    assert all(error.hint for error in errors.values() if error)
    assert not [name for name, error in errors.items() if error and FILE in error.message]
    assert [name for name, error in errors.items() if error is None] == [
        "twelvemonkeys__ccitt_tolessrows.tif"
    ]  # a fax with a short last row
