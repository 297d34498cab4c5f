import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.measure.outside import missing_mask, outside_mask

SIDE = 160
Y, X = np.ogrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
PAINTED = {
    "round a circle": X**2 + Y**2 > 0.9,
    "round a square that stands on its corner": abs(X) + abs(Y) > 0.95,
    "on one side": (X < -0.8) & (Y < 2),
    "on two sides": (X < -0.8) | (Y > 0.9),
}


@pytest.fixture(scope="module")
def rock():
    """Return (Y, X) uint8, cut from inside the rock."""
    shape = (1, 2 * SIDE, 2 * SIDE)
    inner = np.s_[SIDE // 2 : SIDE // 2 + SIDE]
    return make_phantom(PhantomConfig(shape, seed=3)).image[0, inner, inner]


@pytest.mark.parametrize("where", PAINTED)
@pytest.mark.parametrize("value", [0, 70, 128, 165, 255])
def test_what_is_painted_is_found_whatever_the_value(rock, where, value):
    mask = PAINTED[where]

    found = outside_mask(np.where(mask, value, rock).astype(np.uint8))

    assert (found == mask).mean() > 0.995  # a grain of that very value may touch the paint


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.finfo(np.float32).max, -1000.0, 3e4])
def test_in_floats_too(rock, value):
    mask = PAINTED["round a circle"]

    found = outside_mask(np.where(mask, np.float32(value), rock))

    np.testing.assert_array_equal(found, mask)


def test_nothing_in_a_rock_is_outside(rock):
    assert not outside_mask(rock).any()


def test_missing_pixels_are_outside_wherever_they_lie(rock):
    image = rock.astype(np.float64)
    image[70, 80], image[3, 3] = np.nan, -np.finfo(np.float32).max

    assert np.argwhere(outside_mask(image)).tolist() == [[3, 3], [70, 80]]
    np.testing.assert_array_equal(missing_mask(image), outside_mask(image))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, bool])
def test_a_slice_of_one_value_is_outside_throughout(dtype):
    assert outside_mask(np.ones((20, 30), dtype)).all()


@pytest.mark.parametrize("brightness", [400, -200])
def test_a_saturated_grain_or_a_clipped_pore_in_a_corner_is_not(rock, brightness):
    image = rock + 0.0
    image[:45, :50] = brightness
    image = np.clip(gaussian_filter(image, 1.5), 0, 255).astype(np.uint8)

    assert not outside_mask(image).any()


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0.05, 0.8), seed=st.integers(0, 99))
def test_noisy_air_that_is_often_black_is_not_painted(share, seed):
    noise = np.random.default_rng(seed).normal(0, 10, (SIDE, SIDE))
    air = np.clip(noise - np.quantile(noise, share), 0, None)
    core = np.where(X**2 + Y**2 < 0.6, 150 + noise, air)

    assert not outside_mask(core.astype(np.uint16)).any()


def test_a_picture_without_noise_says_nothing():
    grains = (X > 0).astype(np.uint8) + (Y > 0.3) + (X + Y > 0.5)

    assert not outside_mask(60 * grains).any()


def test_the_white_round_a_field_of_view_is_what_nobody_labelled(cases_dir):
    image = tifffile.imread(cases_dir / "outside_fill/white255.tif")
    truth = tifffile.imread(cases_dir / "outside_fill/truth_inside.tif")

    found = np.stack([outside_mask(part) for part in image])

    assert (found == (truth == 255)).mean() > 0.999


def test_padding_slices_are_outside_and_rock_is_not(cases_dir):
    image = tifffile.imread(cases_dir / "outside_fill/padded28.tif")
    truth = tifffile.imread(cases_dir / "outside_fill/padded_truth.tif")

    shares = np.array([outside_mask(part).mean() for part in image])

    np.testing.assert_array_equal(shares == 1, ~truth.any(axis=(1, 2)))
    assert shares[shares < 1].max() < 0.3
