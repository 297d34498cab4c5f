from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from sandseg.errors import FILE, StackError
from sandseg.scan.formats import open_stack
from sandseg.scan.stack import Stack
from tests.made_tiffs import read_all, tiff_bytes


@pytest.fixture
def stack(rng):
    stack = Stack.from_array(rng.integers(0, 255, (6, 4, 5)).astype(np.uint8), "rock", 2.5)
    return replace(stack, notes=("A note.",))


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


def test_a_stack_that_is_shared_cannot_be_changed(stack):
    with pytest.raises(FrozenInstanceError):
        stack.voxel_size_um = 7.5


def test_another_voxel_size_is_another_stack_of_the_same_slices(stack):
    other = stack.with_voxel_size(7.5)

    assert (other.voxel_size_um, stack.voxel_size_um) == (7.5, 2.5)
    assert (other.notes, other.name, other.shape) == (stack.notes, stack.name, stack.shape)
    np.testing.assert_array_equal(other.read_slice(3), stack.read_slice(3))


@pytest.mark.parametrize(
    "made_of",
    [lambda stack: stack, lambda stack: stack.part(1, 2), lambda stack: stack.with_voxel_size(9)],
)
def test_a_file_is_closed_by_any_stack_that_reads_it(stack, made_of):
    done = []

    with made_of(replace(stack, on_close=lambda: done.append(True))):
        pass

    assert done == [True]


def test_who_reads_a_slice_need_not_know_the_name(stack):
    def damaged(_):
        raise StackError(f'"{FILE}" is damaged.')

    with pytest.raises(StackError, match='^"rock" is damaged'):
        replace(stack, reader=damaged).read_slice(0)


@pytest.fixture
def volume(rng):
    return rng.integers(0, 4096, (5, 24, 31)).astype(np.uint16)


def test_a_stack_may_be_an_array(volume):
    stack = Stack.from_array(volume, "rock", 2.5)

    assert (stack.name, stack.shape, stack.n_slices) == ("rock", volume.shape, 5)
    assert (stack.dtype, stack.voxel_size_um) == (np.uint16, 2.5)
    np.testing.assert_array_equal(read_all(stack), volume)
    assert Stack.from_array(volume[0]).shape == (1, 24, 31)


@pytest.mark.parametrize("array", [np.zeros((2, 3, 4, 5)), np.zeros((0, 3, 4)), np.zeros(4, "c8")])
def test_an_array_that_is_no_stack_is_refused(array):
    with pytest.raises(StackError, match=r"needed are real numbers with the axes \(Z, Y, X\)"):
        Stack.from_array(array)


@pytest.mark.parametrize("z", [-1, 5])
def test_a_slice_that_is_not_there_is_refused(volume, z):
    with pytest.raises(StackError, match=f"no slice {z + 1}; its slices are 1 to 5"):
        open_stack(tiff_bytes(volume)).read_slice(z)
