import io
import struct
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from sandseg.errors import StackError
from sandseg.limits import LOCAL_LIMITS, WEB_LIMITS
from sandseg.stack import open_stack


def tiff_bytes(array, **options):
    handle = io.BytesIO()
    tifffile.imwrite(handle, array, metadata=None, **options)
    return bytearray(handle.getvalue())


@pytest.fixture
def grey_rgb(rng):
    image = rng.integers(0, 255, (40, 50)).astype(np.uint8)
    return np.stack([image] * 3, axis=-1)


@pytest.mark.parametrize("codec", ["jpeg2000", "png"])
def test_lossless_pictures_inside_a_tiff_are_read(grey_rgb, codec):
    image = grey_rgb[..., 0]

    stack = open_stack(bytes(tiff_bytes(image, compression=codec)))

    np.testing.assert_array_equal(stack.read_slice(0), image)
    assert stack.compression == codec


def test_webp_inside_a_tiff_is_read(grey_rgb):
    smooth = np.repeat(np.linspace(0, 255, 50).astype(np.uint8)[None], 40, axis=0)
    data = tiff_bytes(np.stack([smooth] * 3, -1), compression="webp", photometric="rgb")

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
    data = tiff_bytes(array, compression=codec, **options)
    at = data.index(marker) + behind
    data[at : at + len(size)] = size

    with pytest.raises(StackError, match=r"piece of .* far more than its page, so it is damaged"):
        open_stack(bytes(data))


def test_codecs_that_size_themselves_are_for_files_of_ones_own(grey_rgb):
    data = bytes(tiff_bytes(grey_rgb[..., 0], compression="jpegxl"))

    with pytest.raises(StackError, match="compressed with JPEGXL, which is not supported"):
        open_stack(data, limits=WEB_LIMITS)
    assert open_stack(data, limits=LOCAL_LIMITS).read_slice(0).shape == (40, 50)
    assert open_stack(data, limits=replace(WEB_LIMITS, trusts_codecs=True)).n_slices == 1


def test_what_is_over_a_limit_says_how_to_raise_it(rng):
    data = bytes(tiff_bytes(rng.integers(0, 255, (5, 24, 31)).astype(np.uint8)))
    for change, variable in (
        ({"max_pixels_per_slice": 100}, "SANDSEG_MAX_PIXELS"),
        ({"max_slices": 2}, "SANDSEG_MAX_SLICES"),
        ({"max_total_bytes": 1000}, "SANDSEG_MAX_BYTES"),
    ):
        with pytest.raises(StackError) as caught:
            open_stack(data, limits=replace(WEB_LIMITS, **change))
        assert variable in caught.value.hint
