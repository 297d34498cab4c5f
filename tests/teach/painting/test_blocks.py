"""The sparse stack of painted values."""

import numpy as np
import pytest

from sandseg.teach.painting.blocks import EDGE, Blocks

SHAPE = (5, 150, 90)
SLICE = {"z": lambda at: np.s_[at], "y": lambda at: np.s_[:, at], "x": lambda at: np.s_[:, :, at]}


def random_paint(rng):
    """A plane, where a mask lies on it, the mask, and a value."""
    axis = str(rng.choice(["z", "y", "x"]))
    rows, columns = Blocks(SHAPE).plane_shape(axis)
    top, left = int(rng.integers(rows)), int(rng.integers(columns))
    mask = rng.random((rng.integers(1, rows - top + 1), rng.integers(1, columns - left + 1))) < 0.3
    at = int(rng.integers(SHAPE["zyx".index(axis)]))
    return (axis, at), top, left, mask, int(rng.integers(0, 4))


def dense(blocks):
    return np.stack([blocks.read_plane(("z", z)) for z in range(SHAPE[0])])


def painted(seed, n=12):
    """Blocks, the same in a plain array, and the changes with what was there before each."""
    rng, blocks, plain, steps = np.random.default_rng(seed), Blocks(SHAPE), np.zeros(SHAPE, int), []
    for _ in range(n):
        plane, top, left, mask, value = random_paint(rng)
        steps.append((blocks.paint(plane, top, left, mask, value), plain.copy()))
        part = plain[SLICE[plane[0]](plane[1])][top:, left:][: mask.shape[0], : mask.shape[1]]
        part[mask] = value
    return blocks, plain, steps


@pytest.mark.parametrize("seed", range(4))
def test_every_plane_is_that_of_a_plain_array(seed):
    blocks, plain, _ = painted(seed)

    for axis, length in zip("zyx", SHAPE, strict=True):
        for at in range(length):
            np.testing.assert_array_equal(blocks.read_plane((axis, at)), plain[SLICE[axis](at)])


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_changes_taken_back_and_made_again_leave_all_as_it_was(seed, is_packed):
    blocks, plain, steps = painted(seed)
    again = []

    for change, before in reversed(steps):
        if change is not None:
            if is_packed:
                change.pack()
            again.append(blocks.swap(change))
        np.testing.assert_array_equal(dense(blocks), before)
    for change in reversed(again):
        blocks.swap(change)

    np.testing.assert_array_equal(dense(blocks), plain)


def test_counts_and_slices_are_those_of_what_is_painted():
    blocks, plain, _ = painted(1)

    counts = np.bincount(plain.ravel(), minlength=256)
    assert blocks.counts()[1:].tolist() == counts[1:].tolist()
    assert blocks.counts()[0] == 0
    assert blocks.slices() == tuple(np.flatnonzero(plain.any(axis=(1, 2))))


def test_what_changes_nothing_is_no_change():
    blocks, mask = Blocks(SHAPE), np.ones((3, 3), bool)

    assert blocks.paint(("z", 0), 5, 5, mask, 0) is None
    assert blocks.clear() is None
    assert blocks.paint(("z", 0), 5, 5, mask, 2) is not None
    assert blocks.paint(("z", 0), 5, 5, mask, 2) is None
    assert blocks.paste({0: blocks.read_plane(("z", 0))}) is None


def test_pasted_slices_leave_what_they_are_empty_at():
    blocks, plain, _ = painted(2)
    brought = np.zeros(SHAPE[1:], np.uint8)
    brought[EDGE - 3 : EDGE + 3, 10:40] = 7

    change = blocks.paste({3: brought})

    expected = plain.copy()
    expected[3][brought > 0] = 7
    np.testing.assert_array_equal(dense(blocks), expected)
    blocks.swap(change)
    np.testing.assert_array_equal(dense(blocks), plain)


def test_what_is_cleared_comes_back():
    blocks, plain, _ = painted(3)

    change = blocks.clear()

    assert not blocks.slices()
    blocks.swap(change)
    np.testing.assert_array_equal(dense(blocks), plain)
