import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.colors import is_grey, one_channel, through_table

RAMP = np.arange(256, dtype=np.uint8)


def test_channels_that_agree_are_grey_within_what_a_jpeg_changes():
    raw = np.repeat(RAMP.reshape(16, 16, 1), 3, axis=-1)
    near = raw.copy()
    near[0, 0, 1] += 2

    assert is_grey(raw)
    assert not is_grey(near)
    assert is_grey(near, tolerance=2)
    assert is_grey(raw[..., 0])


def test_a_channel_is_taken_as_it_stands():
    raw = np.arange(24, dtype=np.uint16).reshape(2, 4, 3)

    np.testing.assert_array_equal(one_channel(raw, np.dtype("u2"), 1), raw[..., 1])


def test_a_grey_table_is_read_through_and_one_for_display_is_not():
    numbers = RAMP.reshape(16, 16)
    inverted = np.repeat(RAMP[None, ::-1], 3, axis=0)
    fire = np.stack([RAMP, RAMP // 2, 255 - RAMP])

    assert (through_table(inverted, RAMP.dtype, 8).to_grey(numbers) == 255 - numbers).all()
    assert (through_table(fire, RAMP.dtype, 8).to_grey(numbers) == numbers).all()


def test_a_table_of_few_colors_is_a_drawing():
    table = np.zeros((3, 256), np.uint8)
    table[0, 1], table[1, 2] = 255, 255

    with pytest.raises(StackError, match="a drawing in 3 colors"):
        through_table(table, RAMP.dtype, 8)
