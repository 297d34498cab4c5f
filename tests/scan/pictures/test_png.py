import io

import numpy as np
import pytest
from PIL import Image

from sandseg.errors import StackError
from sandseg.scan.pictures.png import check_sums, png_kind


def png(array, mode=None):
    handle = io.BytesIO()
    Image.fromarray(array, mode).save(handle, "PNG")
    return handle.getvalue()


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (np.zeros((3, 4), np.uint8), (8, False)),
        (np.zeros((3, 4), np.uint16), (16, False)),
        (np.zeros((3, 4), bool), (1, False)),
        (np.zeros((3, 4, 2), np.uint8), (8, True)),
    ],
)
def test_bits_and_alpha_are_told_from_the_header(array, kind):
    data = png(array)

    assert png_kind(io.BytesIO(data), len(data)) == kind


def test_what_is_no_png_has_no_kind():
    assert png_kind(io.BytesIO(b"II*\0 a TIFF"), 12) is None


def test_a_png_cut_off_anywhere_is_refused(rng):
    data = png(rng.integers(0, 255, (20, 20)).astype(np.uint8))

    for size in range(8, len(data) - 1, 7):
        with pytest.raises(StackError, match="cut off"):
            png_kind(io.BytesIO(data[:size]), size)


def test_a_changed_byte_of_the_pixels_is_noticed(rng):
    data = bytearray(png(rng.integers(0, 255, (20, 20)).astype(np.uint8)))
    check_sums(bytes(data))

    data[data.index(b"IDAT") + 30] ^= 1

    with pytest.raises(StackError, match="damaged"):
        check_sums(bytes(data))
