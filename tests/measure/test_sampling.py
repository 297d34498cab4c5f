import numpy as np
import pytest

from sandseg.classes import SANDSTONE
from sandseg.measure.sampling import SamplingTiles, porosity_interval

EVERYWHERE = np.ones((64, 64), bool)


def interval_of(stack, sample=EVERYWHERE):
    tiles = SamplingTiles(SANDSTONE)
    for labels in stack:
        tiles.add(labels, sample)
    return tiles.interval()


def noise(rng, shape=(32, 64, 64), porosity=0.2):
    return np.where(rng.random(shape) < porosity, 0, 2).astype(np.uint8)


@pytest.mark.slow
def test_it_holds_the_porosity_of_the_rock_in_about_95_of_100_stacks(rng):
    found = [interval_of(noise(rng)) for _ in range(100)]

    assert 90 <= sum(low <= 0.2 <= high for low, high in found) <= 100


def test_larger_pores_make_it_wider(rng):
    fine = noise(rng)
    coarse = noise(rng, (8, 16, 16)).repeat(4, 0).repeat(4, 1).repeat(4, 2)

    narrow, wide = (np.diff(interval_of(stack))[0] for stack in (fine, coarse))

    assert wide > 3 * narrow


def test_what_lies_outside_the_sample_does_not_count(rng):
    stack, left = noise(rng), EVERYWHERE.copy()
    left[:, 32:] = False
    stack[:, :, 32:] = 0

    low, high = interval_of(stack, left)

    assert 0.15 < low < high < 0.25


@pytest.mark.parametrize("tiles", [np.zeros((4, 4, 4, 2)), np.ones((1, 1, 1, 2))])
def test_of_too_little_nothing_is_said(tiles):
    assert np.isnan(porosity_interval(tiles, 4)).all()


def test_without_slices_nothing_is_said():
    assert np.isnan(SamplingTiles(SANDSTONE).interval()).all()


@pytest.mark.parametrize("porosity", [0.0, 1.0])
def test_where_all_is_pore_or_none_nothing_is_said(rng, porosity):
    assert np.isnan(interval_of(noise(rng, porosity=porosity))).all()


def test_of_few_large_pores_it_reaches_farther_up_than_down(rng):
    rare = noise(rng, (8, 16, 16), 0.02).repeat(4, 0).repeat(4, 1).repeat(4, 2)
    porosity = np.mean(rare == 0)

    low, high = interval_of(rare)

    assert 0 < low < porosity < high
    assert high - porosity > 1.2 * (porosity - low)
