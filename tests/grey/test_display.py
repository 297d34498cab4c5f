import numpy as np
import pytest

from sandseg.grey.display import to_display


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (20, 30)).astype(np.uint8)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "float32", ">u2"])
def test_every_type_is_mapped_by_the_same_straight_line(rng, dtype):
    darkest = 0 if "u" in dtype else -100
    image = rng.integers(darkest, 120, (30, 40))

    shown = to_display(image.astype(dtype), 10, 110)

    exact = np.clip((image.astype(float) - 10) / 100, 0, 1) * 255
    assert shown.dtype == np.uint8
    np.testing.assert_allclose(shown, exact, atol=0.501)


def test_the_full_range_of_bytes_is_shown_as_it_is():
    every_grey = np.arange(256, dtype=np.uint8)[None]

    np.testing.assert_array_equal(to_display(every_grey, 0, 255), every_grey)


def test_missing_and_infinite_values_are_black_and_white():
    image = np.array([[np.nan, -np.inf, np.inf, 0.5]], np.float32)

    np.testing.assert_array_equal(to_display(image, 0, 1), [[0, 0, 255, 128]])


def test_a_window_without_width_cuts_black_from_white():
    np.testing.assert_array_equal(to_display(np.array([[4, 5, 6]], np.uint8), 5, 5), [[0, 0, 255]])


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_a_window_from_white_to_black_is_shown_inverted(dtype):
    image = np.array([[-1 if dtype == np.int16 else 0, 50, 100, 120]]).astype(dtype)

    np.testing.assert_array_equal(to_display(image, 100, 0), 255 - to_display(image, 0, 100))
