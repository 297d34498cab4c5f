import numpy as np
import pytest

from sandseg.classes import SANDSTONE
from sandseg.drift import MIN_PIXELS, grey_drift

SHAPE = (120, 160)
EVERYWHERE = np.ones(SHAPE, bool)
QUARTZ = np.full(SHAPE, 2, np.uint8)
Y, X = np.ogrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j]


@pytest.fixture
def noise(rng):
    return rng.normal(0, 0.03, SHAPE)


def drift_of(grey, labels=QUARTZ, within=EVERYWHERE):
    return grey_drift(grey.astype(np.float32), labels, SANDSTONE, within)


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
    grey[10:40, 10:40] += 0.4

    assert drift_of(grey) < 0.03


def test_only_the_commonest_solid_counts_and_only_within_the_rock(noise):
    labels, within = QUARTZ.copy(), EVERYWHERE.copy()
    labels[:, :50], within[:, 50:70] = 1, False
    grey = 0.5 + noise
    grey[:, :50] = np.linspace(0, 1, 50)
    grey[:, 50:70] = np.linspace(1, 0, 20)

    assert drift_of(grey, labels, within) < 0.03


def test_air_and_a_few_pixels_say_nothing(noise):
    few = np.zeros(SHAPE, np.uint8)
    few.ravel()[: MIN_PIXELS - 1] = 2

    assert drift_of(0.5 + noise, np.zeros(SHAPE, np.uint8)) is None
    assert drift_of(0.5 + noise, few) is None


def test_black_rock_divides_by_no_zero():
    assert drift_of(np.zeros(SHAPE)) == 0
