import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sandseg.measure.box import largest_box

masks = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6).flatmap(
    lambda shape: hnp.arrays(bool, shape, elements=st.booleans())
)


def largest_area(mask):
    """By trying all."""
    rows, columns = mask.shape
    return max(
        (
            (bottom - top) * (right - left)
            for top in range(rows)
            for bottom in range(top + 1, rows + 1)
            for left in range(columns)
            for right in range(left + 1, columns + 1)
            if mask[top:bottom, left:right].all()
        ),
        default=0,
    )


@given(masks)
def test_no_other_rectangle_inside_is_larger(mask):
    (top, bottom), (left, right) = largest_box(mask)

    assert mask[top:bottom, left:right].all()
    assert (bottom - top) * (right - left) == largest_area(mask)


def test_a_full_picture_is_its_own_box_however_large():
    assert largest_box(np.ones((1021, 997), bool)) == ((0, 1021), (0, 997))


def test_in_a_large_disk_it_is_a_square_nearly_as_large_as_can_be():
    y, x = np.ogrid[:1024, :996]
    mask = (y - 500) ** 2 + (x - 500) ** 2 <= 450**2

    (top, bottom), (left, right) = largest_box(mask)

    assert mask[top:bottom, left:right].all()
    assert (bottom - top) * (right - left) > 0.97 * 2 * 450**2
