import numpy as np
import pytest

from sandseg.classes import SANDSTONE
from sandseg.grey.drift import MIN_PIXELS, Light, find_light, mean_light

SHAPE = (360, 480)
EVERYWHERE = np.ones(SHAPE, bool)
QUARTZ = np.full(SHAPE, 2, np.uint8)
Y, X = np.ogrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j]


@pytest.fixture
def noise(rng):
    return rng.normal(0, 0.03, SHAPE)


def drift_of(grey, labels=QUARTZ, within=EVERYWHERE):
    return find_light(grey.astype(np.float32), labels, SANDSTONE, within).drift


def test_noise_and_brightness_are_no_drift(noise):
    assert drift_of(0.5 + noise) < 0.02
    assert drift_of(0.25 + noise / 2) == pytest.approx(drift_of(0.5 + noise), rel=1e-3)


@pytest.mark.parametrize("rise", [0.05, 0.2])
@pytest.mark.parametrize("light", [X, Y, X + Y, X**2 + Y**2])
def test_a_drift_or_a_bowl_is_measured_in_shares_of_the_grey_value(noise, light, rise):
    surface = 0.5 * (1 + rise / np.ptp(light) * np.broadcast_to(light, SHAPE))
    true = np.diff(np.percentile(surface, [2, 98]))[0] / np.median(surface)

    assert 0.65 * true < drift_of(surface + noise) < 1.05 * true


def test_a_bright_grain_is_no_drift(noise):
    grey = 0.5 + noise
    grey[30:120, 30:120] += 0.4

    assert drift_of(grey) < 0.03


def test_only_the_commonest_solid_counts_and_only_within_the_rock(noise):
    labels, within = QUARTZ.copy(), EVERYWHERE.copy()
    labels[:, :100], within[:, 100:150] = 1, False
    grey = 0.5 + noise
    grey[:, :100] = np.linspace(0, 1, 100)
    grey[:, 100:150] = np.linspace(1, 0, 50)

    assert drift_of(grey, labels, within) < 0.03


@pytest.mark.parametrize("n_quartz", [0, MIN_PIXELS - 1])
def test_air_and_a_few_grains_say_nothing(noise, n_quartz):
    labels = np.zeros(SHAPE, np.uint8)
    labels.ravel()[:n_quartz] = 2

    assert find_light((0.5 + noise).astype(np.float32), labels, SANDSTONE, EVERYWHERE) is None


def test_black_rock_divides_by_no_zero():
    assert drift_of(np.zeros(SHAPE)) == 0


@pytest.mark.parametrize("light", [X, Y, X**2 + Y**2])
def test_what_was_uneven_is_even_after_division_by_its_light(noise, light):
    grey = (0.5 * (1 + 0.1 * light) + noise).astype(np.float32)
    found = find_light(grey, QUARTZ, SANDSTONE, EVERYWHERE)

    even = grey / found.over(SHAPE)

    assert drift_of(even) < 0.3 * found.drift
    assert even.mean() == pytest.approx(grey.mean(), rel=0.02)


def test_the_bowl_a_model_is_used_to_is_left(noise):
    grey = (0.5 * (1 + 0.2 * (X**2 + Y**2) + 0.1 * X) + noise).astype(np.float32)
    found = find_light(grey, QUARTZ, SANDSTONE, EVERYWHERE)

    left = find_light(grey / found.over(SHAPE, found.bowl / 2), QUARTZ, SANDSTONE, EVERYWHERE)

    assert left.bowl == pytest.approx(found.bowl / 2, rel=0.3)
    assert abs(left.rise_x) < 0.3 * abs(found.rise_x)


def test_no_light_makes_a_pixel_far_too_bright_or_turns_it_dark():
    steep = Light(0, 0, -0.1, 0, 0, 0, 1)

    factors = steep.over((50, 3))

    assert factors.min() > 0
    assert factors.shape == (50, 3)


def test_the_light_of_several_slices_is_their_mean():
    one, other = Light(1, 2, 3, 4, 5, 6, 7), Light(3, 2, 1, 0, 1, 2, 3)

    assert mean_light([one, other]) == Light(2, 2, 2, 2, 3, 4, 5)
