import numpy as np
import pytest

from sandseg.errors import StackError
from sandseg.slices import Stack


@pytest.fixture
def stack(rng):
    stack = Stack.from_array(rng.integers(0, 255, (6, 4, 5)).astype(np.uint8), "rock", 2.5)
    stack.notes = ("A note.",)
    return stack


@pytest.mark.parametrize(("first", "last"), [(0, 5), (2, 4), (5, 5)])
def test_a_part_holds_its_slices_and_what_is_known_of_the_whole(stack, first, last):
    part = stack.part(first, last)

    assert part.n_slices == last - first + 1
    assert (part.dtype, part.voxel_size_um, part.name) == (np.uint8, 2.5, "rock")
    assert part.whole is stack.whole is stack
    assert part.notes[0] == "A note."
    for z in range(part.n_slices):
        np.testing.assert_array_equal(part.read_slice(z), stack.read_slice(first + z))


@pytest.mark.parametrize(("first", "last"), [(-1, 2), (3, 2), (0, 6)])
def test_a_part_that_is_not_there_is_refused(stack, first, last):
    with pytest.raises(StackError, match=f"no slices {first + 1} to {last + 1}; .* 1 to 6"):
        stack.part(first, last)


def test_a_part_ends_where_it_ends(stack):
    with pytest.raises(StackError, match="no slice 3; its slices are 1 to 2"):
        stack.part(1, 2).read_slice(2)


def test_closing_does_what_was_asked_for(stack):
    done = []
    stack.on_close(lambda: done.append(True))

    with stack:
        pass

    assert done == [True]
