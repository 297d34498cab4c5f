import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandseg.data.fabric import box_around, lay_fabric, pack_grains, smooth_noise

SHAPE, GRAIN_SIZE, RADIUS = (12, 60, 70), 14.0, 24.0


@pytest.fixture(scope="module")
def grains():
    return pack_grains(SHAPE, GRAIN_SIZE, RADIUS, np.random.default_rng(0))


def test_grains_lie_within_reach_of_the_cylinder_and_have_the_size_asked_for(grains):
    middle = (np.array(SHAPE) - 1) / 2
    away = np.hypot(*(grains.centers - middle)[:, 1:].T)

    assert (away < RADIUS + 1.8 * grains.radii).all()
    assert 2 * np.cbrt((grains.radii**3).mean()) == pytest.approx(GRAIN_SIZE, rel=0.15)


def test_every_grain_is_of_one_kind_and_none_loses_more_than_it_has(grains):
    n_grains = len(grains.radii)

    assert grains.centers.shape == (n_grains, 3)
    assert all(len(v) == n_grains for v in (grains.brightness, grains.shrinkage, grains.decay))
    assert (grains.decay >= 0).all()
    assert (grains.decay <= 1).all()
    assert not ((grains.decay > 0) & (grains.shrinkage > 0)).any()
    assert (grains.shrinkage <= 1.1 * grains.radii + 1e-4).all()


def test_packed_grains_overlap_less_than_thrown_ones(grains):
    def overlap(centers):
        distance = np.linalg.norm(centers[:, None] - centers[None], axis=-1)
        reach = grains.radii[:, None] + grains.radii[None]
        return np.triu(np.clip(reach - distance, 0, None), 1).sum()

    low, high = grains.centers.min(axis=0), grains.centers.max(axis=0)
    thrown = np.random.default_rng(1).uniform(low, high, grains.centers.shape)

    assert overlap(grains.centers) < 0.7 * overlap(thrown)


def test_the_same_numbers_make_the_same_grains(grains):
    again = pack_grains(SHAPE, GRAIN_SIZE, RADIUS, np.random.default_rng(0))

    np.testing.assert_array_equal(again.centers, grains.centers)


def test_each_voxel_belongs_to_a_grain_and_the_middle_of_a_sound_one_is_inside(grains):
    fabric = lay_fabric(grains, SHAPE, GRAIN_SIZE, np.random.default_rng(2))

    assert fabric.nearest.shape == fabric.outside.shape == fabric.contact.shape == SHAPE
    assert (fabric.contact >= 0).all()
    assert 0 <= fabric.nearest.min() <= fabric.nearest.max() < len(grains.radii)
    places = np.rint(grains.centers).astype(int)
    is_seen = ((places >= 0) & (places < SHAPE)).all(axis=1)
    assert (fabric.outside[tuple(places[is_seen].T)] < 0).mean() > 0.9


@given(
    center=st.tuples(*[st.floats(-9, 30)] * 3),
    reach=st.floats(0.1, 12),
    shape=st.tuples(*[st.integers(1, 20)] * 3),
)
def test_a_box_holds_exactly_what_is_within_reach_along_each_axis(center, reach, shape):
    box, offsets = box_around(np.array(center), reach, shape)

    for axis, (part, offset) in enumerate(zip(box, offsets, strict=True)):
        positions = np.arange(shape[axis])
        inside = positions[np.abs(positions - center[axis]) <= reach]
        np.testing.assert_array_equal(positions[part], inside)
        np.testing.assert_allclose(offset.ravel(), inside - center[axis], atol=1e-4)


def test_smooth_noise_has_the_spread_promised_and_changes_slowly():
    field = smooth_noise((40, 60, 70), 6.0, np.random.default_rng(0))

    assert field.dtype == np.float32
    assert field.mean() == pytest.approx(0, abs=0.15)
    assert field.std() == pytest.approx(1, abs=0.1)
    assert np.abs(np.diff(field, axis=2)).mean() < 0.3
