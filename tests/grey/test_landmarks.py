import numpy as np
import pytest
from scipy import ndimage

from sandseg.grey.landmarks import find_landmarks, line_through

SHAPE = (200, 210)
AIR, CLAY, GRAIN, DENSE = 30.0, 85.0, 130.0, 240.0


def scan(rng, shares, noise=6.0, blur=0.7, grain_px=5.0):
    """Return (Y, X) grey values of a rock with these shares of air, clay, grain and dense."""
    field = ndimage.gaussian_filter(rng.standard_normal(SHAPE), grain_px)
    ends = np.quantile(field, np.cumsum(shares)[:-1])
    labels = np.searchsorted(ends, field.ravel()).reshape(SHAPE)
    tones = ndimage.gaussian_filter(np.array([AIR, CLAY, GRAIN, DENSE])[labels], blur)
    return tones + rng.normal(0, noise, SHAPE)


def found(image, **options):
    return find_landmarks([image], [np.ones(image.shape, bool)], **options)


@pytest.mark.parametrize(
    "shares",
    [(0.2, 0, 0.8, 0), (0.05, 0, 0.95, 0), (0.5, 0, 0.5, 0), (0.15, 0.1, 0.72, 0.03)]
    + [(0.1, 0.3, 0.6, 0), (0.1, 0, 0.78, 0.12), (0.65, 0, 0.35, 0)],
)
@pytest.mark.parametrize("noise", [2.0, 14.0])
def test_air_and_the_commonest_solid_are_found_whatever_their_shares(rng, shares, noise):
    marks = found(scan(rng, shares, noise))

    step = GRAIN - AIR
    assert marks.is_certain
    assert marks.pore == pytest.approx(AIR, abs=0.09 * step)
    assert marks.grain == pytest.approx(GRAIN, abs=0.05 * step)


@pytest.mark.parametrize(("gain", "offset"), [(257, 0), (0.01, -3), (40, 9000)])
def test_they_follow_the_scale_of_the_file(rng, gain, offset):
    image = scan(rng, (0.2, 0, 0.8, 0))

    marks, scaled = found(image), found(image * gain + offset)

    assert scaled.pore == pytest.approx(marks.pore * gain + offset, abs=2 * gain)
    assert scaled.grain == pytest.approx(marks.grain * gain + offset, abs=2 * gain)
    assert scaled.relative_spread == pytest.approx(marks.relative_spread, rel=0.1)


def test_a_rock_without_pores_is_not_certain_and_none_of_it_becomes_one(rng):
    image = scan(rng, (0, 0, 1, 0))

    marks = found(image)

    assert not marks.is_certain
    assert marks.level < image.min()


def test_small_pores_without_a_mode_of_their_own_are_looked_for_in_the_dark_end(rng):
    marks = found(scan(rng, (0.012, 0, 0.988, 0), noise=2, blur=1.2, grain_px=2))

    assert marks.pore < (AIR + GRAIN) / 2


def test_the_air_around_the_sample_says_what_air_is(rng):
    marks = found(scan(rng, (0, 0.3, 0.7, 0)), air=AIR)

    assert (marks.pore, marks.is_certain) == (AIR, True)
    assert marks.grain == pytest.approx(GRAIN, abs=5)


def test_what_does_not_count_changes_nothing(rng):
    image = scan(rng, (0.2, 0, 0.8, 0))
    within = np.ones(SHAPE, bool)
    within[:, :90] = False
    hidden = np.where(within, image, 1e6)

    assert find_landmarks([hidden], [within]).grain == pytest.approx(GRAIN, abs=5)


def test_one_grey_value_has_no_landmarks():
    assert found(np.full((20, 20), 7, np.uint8)) is None


def test_the_line_brings_landmarks_to_where_a_model_has_them(rng):
    marks = found(scan(rng, (0.2, 0, 0.8, 0)))

    low, high = line_through(marks, (0.06, 0.49))

    mapped = (np.array([marks.pore, marks.grain]) - low) / (high - low)
    np.testing.assert_allclose(mapped, (0.06, 0.49))


@pytest.mark.parametrize("shape", [(1, 900), (900, 1)])
def test_a_picture_of_one_row_or_column_has_landmarks(rng, shape):
    image = np.where(rng.random(shape) < 0.3, 20, 120) + rng.normal(0, 4, shape)

    landmarks = found(image)

    assert landmarks.grain > landmarks.pore
