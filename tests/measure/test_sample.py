import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.morphology import convex_hull_image

from sandseg.classes import SANDSTONE
from sandseg.measure.sample import sample_mask

AIR, QUARTZ = 0, 2


def cylinder(radius=30, shape=(80, 90)):
    """Return (Y, X) labels: a quartz disk in air, and the boolean disk itself."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    disk = (y - shape[0] // 2) ** 2 + (x - shape[1] // 2) ** 2 <= radius**2
    return np.where(disk, QUARTZ, AIR).astype(np.uint8), disk


@given(hnp.arrays(np.uint8, st.tuples(st.integers(3, 12), st.just(2)), elements=st.integers(1, 9)))
def test_the_sample_is_the_convex_hull(reach):
    columns = np.arange(20)
    solid = (columns >= 10 - reach[:, :1].astype(int)) & (columns <= 10 + reach[:, 1:])
    labels = np.pad(np.where(solid, QUARTZ, AIR).astype(np.uint8), 1)

    mask = sample_mask(labels, SANDSTONE)

    expected = convex_hull_image(labels == QUARTZ, offset_coordinates=False)
    np.testing.assert_array_equal(mask, expected)


def test_a_slice_cut_from_inside_the_rock_is_all_sample():
    labels = np.full((60, 70), QUARTZ, np.uint8)
    labels[20:40, :10] = AIR  # a pore cut by the slice's edge

    assert sample_mask(labels, SANDSTONE).all()


def test_each_slice_of_a_stack_has_its_own_sample():
    thick, thin, nothing = cylinder(30)[0], cylinder(10)[0], cylinder(-1)[0] * 0

    mask = sample_mask(np.stack([thick, thin, nothing]), SANDSTONE)

    np.testing.assert_array_equal(mask[0], sample_mask(thick, SANDSTONE))
    np.testing.assert_array_equal(mask[1], sample_mask(thin, SANDSTONE))
    assert not mask[2].any()
