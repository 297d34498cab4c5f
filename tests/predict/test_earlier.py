"""Slices of earlier lessons: which are here, and where the others lie."""

from dataclasses import replace

import numpy as np
import pytest

from sandseg.classes import numbered_classes
from sandseg.errors import TeachError
from sandseg.predict.earlier import Earlier, painted_before
from sandseg.predict.teaching import joined
from sandseg.scan.stack import Stack
from sandseg.teach.examples import Example, digest_of_slice

CLASSES = numbered_classes(3)


@pytest.fixture
def stack(rng):
    return Stack.from_array(rng.integers(0, 255, (4, 20, 30), np.uint8), "rock")


def digest_in(stack):
    return lambda z: digest_of_slice(stack.read_slice(z)) if z < stack.n_slices else ""


def example(z, digest, shape=(4, 20, 30), image="rock", row=5):
    values = np.zeros(shape[1:], np.uint8)
    values[row, 5:15] = 1
    picked = np.flatnonzero(values)
    features = np.full((len(picked), 3), z, np.float32)
    return Example(image, shape, z, str(z + 1), digest, values, picked, features, features[:2])


def earlier(*examples):
    return Earlier("mine", CLASSES, examples)


def test_slices_of_this_very_stack_keep_their_place_and_others_lie_below(stack):
    digest = digest_in(stack)
    here, gone = example(2, digest(2)), example(1, "of another stack")
    deeper = example(7, "of a deeper stack", (9, 20, 30), "deep")

    placed = earlier(here, gone, deeper).placed(stack, (), digest)

    assert placed[2] is here
    assert set(map(id, placed.values())) == {id(here), id(gone), id(deeper)}
    assert list(placed) == sorted(placed)
    assert max(place for place in placed if place < 0) < -1


def test_slices_that_are_painted_again_are_left_to_what_is_painted(stack):
    digest = digest_in(stack)

    placed = earlier(example(2, digest(2)), example(3, digest(3))).placed(stack, (2,), digest)

    assert list(placed) == [3]


def test_two_stacks_of_one_name_and_size_are_two(stack):
    examples = example(1, "a"), example(1, "b"), example(2, "c")

    placed = earlier(*examples).placed(stack, (), digest_in(stack))

    assert len(placed) == 3
    assert {id(one) for one in placed.values()} == set(map(id, examples))


def test_what_was_painted_across_slices_stays_one_stroke(stack):
    beside = example(1, "a"), example(2, "b")
    apart = example(1, "a"), example(3, "c")
    of_two = example(1, "a"), example(2, "b", image="another")

    def n_strokes(examples):
        placed = earlier(*examples).placed(stack, (), digest_in(stack))
        return len(np.unique(joined(painted_before(placed)).strokes))

    assert [n_strokes(some) for some in (beside, apart, of_two)] == [1, 2, 2]


def test_what_is_painted_now_lies_on_top_of_the_very_same_slice(stack):
    digest = digest_in(stack)
    now = np.zeros((20, 30), np.uint8)
    now[5, 5] = 3

    found = earlier(example(2, digest(2))).under(digest(2), now)

    assert found[5, 5] == 3
    assert (found[5, 6:15] == 1).all()
    assert (earlier(example(2, digest(2))).under(digest(1), now) == now).all()


def test_classes_must_begin_with_those_that_are_known():
    known = earlier(example(0, "a"))

    known.check(CLASSES)
    known.check((*CLASSES, replace(CLASSES[0], value=3, name="fracture")))
    with pytest.raises(TeachError, match="mean something else"):
        known.check(CLASSES[::-1])
    with pytest.raises(TeachError, match="mean something else"):
        known.check(CLASSES[:2])
    earlier().check(CLASSES[::-1])  # a trained one knows no strokes
