import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.scan.raw.header import Header, distances, fields, numbers, stack_shape


@pytest.mark.parametrize(
    ("lengths", "unit", "size", "aspect", "said"),
    [
        ((2, 2, 2), "um", 2, (1, 1, 1), ""),
        ((0.005, 0.002, 0.002), "mm", 2, (2.5, 1, 1), "no cubes"),
        ((1, 1, 1), "", None, (1, 1, 1), ""),
        ((2, 2, 2), "", None, (1, 1, 1), "without a unit"),
        ((4, 2, 2), "furlong", None, (2, 1, 1), 'unit "furlong"'),
        ((9e9, 9e9, 9e9), "mm", None, (1, 1, 1), "no size of a voxel"),
    ],
)
def test_voxels_have_a_size_only_where_it_has_a_unit_that_makes_sense(
    lengths, unit, size, aspect, said
):
    header = Header("MetaImage", (2, 2, 2), np.dtype("u1"), lengths=lengths, units=(unit,) * 3)

    found_size, found_aspect, notes = header.voxels

    assert found_size == (size and pytest.approx(size))
    assert found_aspect == pytest.approx(aspect)
    assert said in " ".join(notes)
    assert bool(said) == bool(notes)


def test_entries_are_found_by_their_small_names():
    assert fields("# no\nDimSize = 4 5\nkey:=x\nodd line\n", "=") == {"dimsize": "4 5", "key:": "x"}


@pytest.mark.parametrize(
    ("sizes", "shape"), [("4 5 6", (6, 5, 4)), ("4 5", (1, 5, 4)), ("4 5 6 1", (6, 5, 4))]
)
def test_the_fastest_axis_comes_first(sizes, shape):
    assert stack_shape(sizes) == shape


@pytest.mark.parametrize("sizes", ["", "4", "4 5 6 7", "4 0 6"])
def test_other_axes_are_refused(sizes):
    with pytest.raises(StackError, match="two or three axes"):
        stack_shape(sizes)


def test_distances_that_make_no_sense_are_none():
    assert distances([1, -2, 3]) == (3, 2, 1)
    assert distances([1, 2]) == (1, 2, 1)
    assert distances([1, 0, 3]) is None
    assert numbers("(1, 2.5)") == [1, 2.5]
