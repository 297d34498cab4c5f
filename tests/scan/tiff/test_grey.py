import io

import numpy as np
import pytest
import tifffile

from sandseg.errors import StackError
from sandseg.scan.formats import open_stack
from tests.made_tiffs import read_all, tiff_bytes


def palette_file(indices, table, **options):
    handle = io.BytesIO()
    colormap = (np.asarray(table) * 257).astype(np.uint16)
    tifffile.imwrite(handle, indices, photometric="palette", colormap=colormap, **options)
    return handle.getvalue()


def test_a_smooth_color_table_is_for_display_whoever_wrote_it():
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16)
    ramp = np.arange(256)
    hot = [np.minimum(ramp * 3, 255), np.clip(ramp * 3 - 255, 0, 255), ramp]

    stack = open_stack(palette_file(indices, hot, metadata=None))

    np.testing.assert_array_equal(stack.read_slice(0), indices)
    assert "display only" in stack.notes[0]


@pytest.mark.parametrize("n_colors", [3, 200])
def test_a_table_of_unlike_colors_is_a_drawing_or_labels(rng, n_colors):
    indices = rng.integers(0, n_colors, (16, 16)).astype(np.uint8)
    table = np.zeros((3, 256), int)
    table[:, :n_colors] = rng.integers(0, 256, (3, n_colors))

    with pytest.raises(StackError, match="a drawing in [0-9]+ colors or a label file"):
        open_stack(palette_file(indices, table))


@pytest.mark.parametrize("colors", [((0, 0, 255), (255, 255, 0)), ((250, 250, 9), (0, 60, 0))])
def test_two_colors_are_dark_and_bright(colors):
    """As 1-bit drawings are, by how bright the colors look."""
    bits = np.eye(16, dtype=np.uint8)[:, ::-1]
    packed = np.packbits(bits, axis=1)
    table = np.array(colors).T * 257
    tags = [(256, 3, 1, 16), (257, 3, 1, 16), (258, 3, 1, 1), (259, 3, 1, 1), (262, 3, 1, 3)]
    tags += [(273, 4, 1, 0), (277, 3, 1, 1), (278, 3, 1, 16), (279, 4, 1, 32), (320, 3, 6, 0)]
    start = 8 + 2 + 12 * len(tags) + 4
    places = {273: start + 12, 320: start}
    entries = b"".join(
        np.array([tag, kind], "<u2").tobytes()
        + np.array([count, places.get(tag, value)], "<u4").tobytes()
        for tag, kind, count, value in tags
    )
    head = b"II*\0\x08\0\0\0" + np.array([len(tags)], "<u2").tobytes()
    data = head + entries + bytes(4) + table.astype("<u2").tobytes() + packed.tobytes()

    stack = open_stack(data)

    is_first_darker = colors[0][2] == 255
    np.testing.assert_array_equal(stack.read_slice(0), bits if is_first_darker else 1 - bits)
    assert "one of two colors" in stack.notes[0]


@pytest.mark.parametrize("dtype", ["bool", "u1", "u2", "i2", "f4"])
def test_a_negative_is_inverted_so_that_dark_is_low(dtype):
    values = np.arange(12).reshape(3, 4).astype(dtype)

    stack = open_stack(tiff_bytes(values, photometric="miniswhite"))

    image = stack.read_slice(0).astype(float)
    np.testing.assert_array_equal(image, values.astype(float).max() - values + image.min())
    assert any("inverted" in note for note in stack.notes)


def test_one_bit_images_hold_zero_and_one():
    values = np.eye(9, dtype=bool)

    stack = open_stack(tiff_bytes(values, photometric="minisblack"))

    assert stack.dtype == np.uint8
    np.testing.assert_array_equal(stack.read_slice(0), values)


@pytest.mark.parametrize("n_channels", [3, 4])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_grey_saved_as_rgb_is_read_as_grey(rng, n_channels, planar):
    grey = rng.integers(0, 255, (2, 20, 30)).astype(np.uint8)
    channels = np.stack([grey, grey, grey, np.full_like(grey, 255)][:n_channels], axis=-1)
    if planar == "separate":
        channels = np.moveaxis(channels, -1, 1)

    stack = open_stack(tiff_bytes(channels, photometric="rgb", planarconfig=planar))

    np.testing.assert_array_equal(read_all(stack), grey)
    assert stack.notes == ("RGB whose channels are equal: read as grey.",)


def test_a_grey_table_is_looked_up():
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16)
    table = np.tile(np.arange(255, -1, -1, dtype=np.uint16) * 257, (3, 1))

    stack = open_stack(tiff_bytes(indices, photometric="palette", colormap=table))

    np.testing.assert_array_equal(stack.read_slice(0), 255 - indices)


def test_the_display_colors_of_imagej_do_not_change_the_grey_values():
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16)
    fire = np.stack([np.arange(256), np.arange(256) // 2, np.zeros(256)]).astype(np.uint16) * 257
    data = tiff_bytes(
        indices,
        photometric="palette",
        colormap=fire,
        metadata=None,
        description="ImageJ=1.54f\nimages=1\n",
    )

    stack = open_stack(data)

    np.testing.assert_array_equal(stack.read_slice(0), indices)
    assert "display only" in stack.notes[0]


def test_a_color_picture_is_refused(rng):
    colors = rng.integers(0, 255, (20, 30, 3)).astype(np.uint8)
    with pytest.raises(StackError, match="is a color picture") as caught:
        open_stack(tiff_bytes(colors, photometric="rgb"), "photo.tif")
    assert "single-channel grey TIFF" in caught.value.hint


def test_color_in_a_later_slice_is_found_when_it_is_read():
    values = np.zeros((2, 8, 8, 3), np.uint8)
    values[1, 0, 0] = (1, 2, 3)
    stack = open_stack(tiff_bytes(values, photometric="rgb"))

    assert stack.read_slice(0).max() == 0
    with pytest.raises(StackError, match="is a color picture"):
        stack.read_slice(1)
