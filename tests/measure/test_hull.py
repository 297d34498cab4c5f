import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as hnp
from skimage.morphology import convex_hull_image

from sandseg.measure.hull import convex_hull


@given(hnp.arrays(bool, (9, 11)).filter(np.any))
def test_it_is_the_hull_of_the_centers_of_the_pixels(mask):
    expected = convex_hull_image(mask, offset_coordinates=False) if mask.sum() > 2 else mask

    found = convex_hull(mask)

    assert not (mask & ~found).any()
    if mask.any(axis=0).sum() > 1 and mask.any(axis=1).sum() > 1 and mask.sum() > 2:
        assert np.count_nonzero(found != expected) <= 1
