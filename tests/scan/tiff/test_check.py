import struct
from dataclasses import replace

import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.limits import LOCAL_LIMITS, WEB_LIMITS, StackLimits
from tests.made_tiffs import pages_bytes, tiff_bytes


def plain_bytes(array, **options):
    return bytearray(tiff_bytes(array, metadata=None, **options))


@pytest.fixture
def grey_rgb(rng):
    image = rng.integers(0, 255, (40, 50)).astype(np.uint8)
    return np.stack([image] * 3, axis=-1)


@pytest.mark.parametrize("codec", ["jpeg2000", "png"])
def test_lossless_pictures_inside_a_tiff_are_read(grey_rgb, codec):
    image = grey_rgb[..., 0]

    stack = open_stack(bytes(plain_bytes(image, compression=codec)))

    np.testing.assert_array_equal(stack.read_slice(0), image)
    assert stack.compression == codec


def test_webp_inside_a_tiff_is_read(grey_rgb):
    smooth = np.repeat(np.linspace(0, 255, 50).astype(np.uint8)[None], 40, axis=0)
    data = plain_bytes(np.stack([smooth] * 3, -1), compression="webp", photometric="rgb")

    assert np.abs(open_stack(bytes(data)).read_slice(0).astype(int) - smooth).max() <= 8


@pytest.mark.parametrize(
    ("codec", "marker", "behind", "size"),
    [
        ("jpeg", b"\xff\xc0", 5, struct.pack(">HH", 60_000, 60_000)),
        ("jpeg2000", b"\xff\x4f\xff\x51", 8, struct.pack(">II", 60_000, 60_000)),
        ("jpeg2000", b"\xff\x4f\xff\x51", 40, struct.pack(">H", 16_384)),
        ("png", b"IHDR", 4, struct.pack(">II", 60_000, 60_000)),
        ("webp", b"VP8L", 9, (16_000 | 16_000 << 14).to_bytes(4, "little")),
    ],
)
def test_a_picture_larger_than_its_page_is_refused_before_it_is_decoded(
    grey_rgb, codec, marker, behind, size
):
    array = grey_rgb if codec == "webp" else grey_rgb[..., 0]
    options = {"photometric": "rgb"} if codec == "webp" else {}
    data = plain_bytes(array, compression=codec, **options)
    at = data.index(marker) + behind
    data[at : at + len(size)] = size

    with pytest.raises(StackError, match=r"piece of .* far more than its page, so it is damaged"):
        open_stack(bytes(data))


def test_codecs_that_size_themselves_are_for_files_of_ones_own(grey_rgb):
    data = bytes(plain_bytes(grey_rgb[..., 0], compression="jpegxl"))

    with pytest.raises(StackError, match="compressed with JPEGXL, which is not supported"):
        open_stack(data, limits=WEB_LIMITS)
    assert open_stack(data, limits=LOCAL_LIMITS).read_slice(0).shape == (40, 50)
    assert open_stack(data, limits=replace(WEB_LIMITS, trusts_codecs=True)).n_slices == 1


def test_what_is_over_a_limit_says_how_to_raise_it(rng):
    data = bytes(plain_bytes(rng.integers(0, 255, (5, 24, 31)).astype(np.uint8)))
    for change, variable in (
        ({"max_pixels_per_slice": 100}, "SANDSEG_MAX_PIXELS"),
        ({"max_slices": 2}, "SANDSEG_MAX_SLICES"),
        ({"max_total_bytes": 1000}, "SANDSEG_MAX_BYTES"),
    ):
        with pytest.raises(StackError) as caught:
            open_stack(data, limits=replace(WEB_LIMITS, **change))
        assert variable in caught.value.hint


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


def bare_tiff(*tags, size=262):
    """A TIFF of one page with (code, type, value) tags and zeros up to `size` bytes."""
    entries = b"".join(struct.pack("<HHII", code, kind, 1, value) for code, kind, value in tags)
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return data.ljust(size, b"\0")


def huge_tags(height, width):
    return [(256, 4, width), (257, 4, height), (258, 3, 8), (262, 3, 1), (273, 4, 200), (279, 4, 9)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"II", "is another file, not a TIFF"),
        (b"\x89PNG\r\n", "begins like a picture, but is damaged"),
        (b"PK\x03\x04", "cannot be unpacked: the ZIP is damaged"),
        (b"\x93NUMPY", "cannot be read: the file is damaged"),
        (b"II*\0\x08\0\0", "is cut off: it ends in the middle of its list of pages"),
        (b"II*\0\0\0\0\0", "a TIFF without any image"),
        (b"II*\0\xff\0\0\0", "page 1 should begin at byte 255, but the file ends after 8"),
    ],
)
def test_what_is_no_tiff_is_named(data, message):
    with pytest.raises(StackError, match=message):
        open_stack(data)


@pytest.mark.parametrize(("height", "width"), [(100_000, 100_000), (2_000_000, 1_800_000)])
def test_a_small_file_that_declares_terabytes_is_refused(height, width):
    with pytest.raises(StackError, match=r"declares .* [GT]B in a file of 262 bytes, so it is da"):
        open_stack(bare_tiff(*huge_tags(height, width)))


def test_a_page_without_pixels_is_refused():
    with pytest.raises(StackError, match="Page 1 of .* has no pixels"):
        open_stack(bare_tiff(*huge_tags(0, 7)))


def test_pages_that_form_a_circle_are_refused(volume):
    data = bytearray(pages_bytes(volume[:1]))
    (first,) = struct.unpack_from("<I", data, 4)
    (n_tags,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * n_tags, first)

    with pytest.raises(StackError, match="page 1 leads back to page 1"):
        open_stack(bytes(data))


def test_the_limits_hold(volume):
    data = tiff_bytes(volume)
    with pytest.raises(StackError, match=r"A slice of .* has 24 × 31 pixels; at most"):
        open_stack(data, limits=StackLimits(max_pixels_per_slice=700))
    with pytest.raises(StackError, match="more than 4 pages"):
        open_stack(data, limits=StackLimits(max_slices=4))
    with pytest.raises(StackError, match=r"holds .* of pixels; at most 7 kB can be opened here"):
        open_stack(data, limits=StackLimits(max_total_bytes=7000))
    one_page = tiff_bytes(volume, volumetric=True)
    with pytest.raises(StackError, match="has 5 slices; at most 4"):
        open_stack(one_page, limits=StackLimits(max_slices=4))
    assert open_stack(data, limits=LOCAL_LIMITS).n_slices == 5


def test_complex_numbers_are_refused():
    with pytest.raises(StackError, match="holds complex numbers"):
        open_stack(tiff_bytes(np.zeros((4, 5), np.complex64)))


def test_a_rare_compression_is_named(volume):
    data = tiff_bytes(volume[0].astype(np.uint8), compression="jpegxl")
    with pytest.raises(StackError, match="compressed with JPEGXL, which is not supported"):
        open_stack(data)


def test_a_jpeg_larger_than_its_page_is_refused_before_it_is_decoded():
    image = np.zeros((32, 32), np.uint8)
    data = bytearray(tiff_bytes(image, compression="jpeg", metadata=None))
    header = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, header + 5, 60_000, 60_000)

    assert open_stack(tiff_bytes(image, compression="jpeg")).read_slice(0).shape == (32, 32)
    with pytest.raises(StackError, match="60,000 × 60,000 pixels, far more than its page"):
        open_stack(bytes(data))
