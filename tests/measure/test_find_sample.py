import numpy as np
import pytest
from scipy import ndimage

from sandseg.classes import SANDSTONE
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.measure.find_sample import find_sample
from sandseg.measure.outside import outside_mask
from sandseg.measure.sample import sample_mask

SHAPE = (260, 240)
LEVEL = 70
AIR, SOLID = 20, 120


def disc(y, x, radius, shape=SHAPE):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def rock(inside, rng, porosity=0.2, noise=8.0):
    """Return (Y, X) float32 grey values of a rock with pores of some pixels, in air."""
    field = ndimage.gaussian_filter(rng.standard_normal(inside.shape), 4)
    solid = inside & (field > np.quantile(field, porosity))
    blurred = ndimage.gaussian_filter(np.where(solid, SOLID, AIR).astype(np.float32), 0.8)
    return blurred + rng.normal(0, noise, inside.shape).astype(np.float32)


def overlap(found, true):
    return (found & true).sum() / (found | true).sum()


def found_in(image):
    return find_sample(image, outside_mask(image), LEVEL)


@pytest.mark.parametrize("porosity", [0.05, 0.3])
@pytest.mark.parametrize("middle", [(130, 120), (95, 140)])
def test_a_core_in_air_is_found(rng, porosity, middle):
    inside = disc(*middle, 88)

    assert overlap(found_in(rock(inside, rng, porosity)), inside) > 0.98


def test_a_pore_in_the_rim_of_a_core_belongs_to_it(rng):
    inside = disc(130, 120, 100)
    image = rock(inside, rng, 0.05)
    image[disc(45, 60, 45)] = AIR + rng.normal(0, 8, disc(45, 60, 45).sum())

    assert overlap(found_in(image), inside) > 0.98


def test_the_core_is_found_within_its_holder(rng):
    inside = disc(130, 120, 70)
    image = rock(inside, rng)
    wall = disc(130, 120, 110) & ~disc(130, 120, 95)
    image[wall] = SOLID + rng.normal(0, 8, wall.sum())

    assert overlap(found_in(image), inside) > 0.97


@pytest.mark.parametrize("porosity", [0.0, 0.02, 0.2, 0.45])
def test_a_crop_from_within_the_rock_is_sample_throughout(rng, porosity):
    assert found_in(rock(np.ones(SHAPE, bool), rng, porosity)).mean() > 0.99


def test_a_pore_in_the_corner_of_a_crop_is_no_air_around_it(rng):
    image = rock(np.ones(SHAPE, bool), rng, 0.1)
    image[disc(0, 0, 60)] = AIR + rng.normal(0, 8, disc(0, 0, 60).sum())

    assert found_in(image).all()


@pytest.mark.parametrize("paint", [0.0, 255.0, np.nan])
def test_what_is_painted_over_is_none_of_it(rng, paint):
    view = disc(130, 120, 115)
    image = rock(np.ones(SHAPE, bool), rng)
    image[~view] = paint

    assert overlap(found_in(image), view) > 0.98


def test_a_core_in_air_in_a_painted_picture_is_found(rng):
    inside, view = disc(130, 120, 80), disc(130, 120, 118)
    image = rock(inside, rng)
    image[~view] = 0

    assert overlap(found_in(image), inside) > 0.98


def test_a_slice_of_air_holds_no_sample(rng):
    assert not found_in(np.float32(AIR) + rng.normal(0, 5, SHAPE).astype(np.float32)).any()


def test_the_built_in_rock_and_crops_of_it_are_found():
    made = make_phantom(PhantomConfig(shape=(2, 256, 256), seed=8))
    true = sample_mask(made.labels[0], SANDSTONE)

    assert overlap(found_in(made.image[0]), true) > 0.98
    for window in (np.s_[60:200, 60:200], np.s_[:140, :150], np.s_[100:, 20:230]):
        assert overlap(found_in(made.image[0][window]), true[window]) > 0.98


def test_a_long_slice_is_looked_for_in_fewer_pixels(rng):
    inside = disc(650, 700, 560, (1300, 1400))

    assert overlap(found_in(rock(inside, rng)), inside) > 0.98
