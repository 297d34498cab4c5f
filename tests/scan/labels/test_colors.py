import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.errors import LabelError
from sandseg.scan.labels.colors import (
    SANDSTONE_RGB,
    decode_colors,
    decode_one_hot,
    is_one_hot,
)

COLORS = np.array(list(SANDSTONE_RGB), np.uint8)


def test_colors_that_jpeg_has_blurred_are_the_nearest_ones(rng):
    labels = rng.integers(0, 4, (20, 20))
    raw = np.clip(COLORS[labels] + rng.normal(0, 12, (20, 20, 3)), 0, 255).astype(np.uint8)

    np.testing.assert_array_equal(decode_colors(raw, 4), labels)


def test_colors_of_16_bits_are_those_of_8(rng):
    labels = rng.integers(0, 4, (20, 20))

    np.testing.assert_array_equal(decode_colors(COLORS[labels].astype(np.uint16) * 257, 4), labels)


def test_what_is_near_no_color_that_was_named_is_not_labelled():
    raw = np.zeros((1, 10, 3), np.uint8)
    raw[0, 0] = 200, 200, 200

    found = decode_colors(raw, 4, {(0, 0, 0): 2})

    assert found.tolist() == [[IGNORED] + [2] * 9]


def test_masks_are_one_hot_where_one_channel_is_set_in_each_pixel(rng):
    masks = np.eye(4, dtype=np.uint8)[rng.integers(0, 4, (9, 9))] * 255

    assert is_one_hot(masks)
    np.testing.assert_array_equal(decode_one_hot(masks, 4), masks.argmax(axis=-1))
    with pytest.raises(LabelError, match="one-hot masks of 4 classes"):
        decode_one_hot(masks, 3)
    masks[0, 0] = 255
    assert not is_one_hot(masks)
