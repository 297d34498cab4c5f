import io

import numpy as np
import pytest
import tifffile

from sandseg.errors import StackError
from sandseg.stack import open_stack


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
