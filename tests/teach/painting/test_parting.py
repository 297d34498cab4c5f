import numpy as np
import pytest
from scipy import ndimage

from sandseg.errors import TeachError
from sandseg.teach.painting.parting import across_slices, dealt_out, painted_pixels, stroke_numbers
from tests.lessons import made_up_stack, strokes_on


def test_a_stroke_is_what_hangs_together_in_one_class():
    values = np.zeros((9, 12), np.uint8)
    values[1, 1:4] = values[2, 4] = 1  # joined at a corner
    values[5, 5:8] = 1
    values[6, 5:8] = 2

    numbers = stroke_numbers(values)

    assert set(np.unique(numbers)) == {0, 1, 2, 3}
    assert len(set(numbers[values == 1])) == 2
    assert numbers[1, 1] == numbers[2, 4]


def numbered(stack):
    slices = {z: painted_pixels(stack[z]) for z in range(len(stack)) if stack[z].any()}
    found = np.zeros(stack.shape, int)
    for z, numbers in across_slices(slices).items():
        found[z][stack[z] > 0] = numbers
    return found


def test_what_is_painted_across_slices_is_one_stroke(rng):
    stack = np.zeros((6, 30, 40), np.uint8)
    for z in range(1, 5):
        stack[z, 10 + z, 20 - z] = 1  # touches by its corners
    stack[4, 25, 3:9] = 2
    stack[5, 24:26, 8:12] = 1  # beside another class
    stack[2, 2, 2] = stack[4, 2, 2] = 1  # a slice lies between

    found = numbered(stack)

    assert len(np.unique(found[1:5][stack[1:5] > 0])) == 4
    assert len({found[z, 10 + z, 20 - z] for z in range(1, 5)}) == 1
    assert found[4, 25, 8] != found[5, 25, 8]
    assert found[2, 2, 2] != found[4, 2, 2]


def test_strokes_over_slices_are_what_hangs_together_in_space(rng):
    stack = rng.integers(0, 12, (5, 17, 19)).astype(np.uint8)
    stack[stack > 2] = 0

    found = numbered(stack)

    for value in (1, 2):
        expected, n = ndimage.label(stack == value, np.ones((3, 3, 3)))
        pairs = {
            *zip(expected[stack == value].tolist(), found[stack == value].tolist(), strict=True)
        }
        assert len(pairs) == n == len({one for _, one in pairs})


def test_strokes_of_slices_apart_are_numbered_as_they_were():
    strokes = strokes_on(made_up_stack()[1], (0, 2))

    found = numbered(strokes)

    first, second = stroke_numbers(strokes[0]), stroke_numbers(strokes[2])
    np.testing.assert_array_equal(found[0], first)
    np.testing.assert_array_equal(found[2], np.where(second, second + first.max(), 0))


def test_a_stroke_across_slices_is_dealt_out_whole():
    stack = np.zeros((4, 40, 60), np.uint8)
    for i in range(6):
        stack[:, 5:8, 4 + 9 * i : 9 + 9 * i] = 1
        stack[:, 25:28, 4 + 9 * i : 9 + 9 * i] = 2

    dealt = dealt_out(dict(enumerate(stack)), 2)

    for i in range(6):
        parts = [[bool(dealt[z][p, 6, 5 + 9 * i]) for p in range(3)] for z in range(4)]
        assert parts == [parts[0]] * 4
        assert sum(parts[0]) == 1


def test_whole_strokes_are_dealt_out_and_none_is_lost():
    strokes = strokes_on(made_up_stack()[1], (0, 2))
    slices = {0: strokes[0], 2: strokes[2]}

    dealt = dealt_out(slices, 3)

    for z, values in slices.items():
        assert (dealt[z].sum(axis=0) == values).all()
        assert ((dealt[z] > 0).sum(axis=0) == (values > 0)).all()
        numbers = stroke_numbers(values)
        for number in range(1, numbers.max() + 1):
            assert len({tuple(row) for row in (dealt[z] > 0)[:, numbers == number].T}) == 1
    for purpose in range(3):
        painted = set(np.unique(np.stack([parts[purpose] for parts in dealt.values()])))
        assert painted >= {1, 2, 3}


def test_too_few_strokes_to_hold_any_back_are_refused():
    strokes = strokes_on(made_up_stack()[1], (0,), n=8)[0]
    strokes[strokes == 2] = 0

    with pytest.raises(TeachError, match="Class 2 has 0 strokes"):
        dealt_out({0: strokes}, 3)


def test_no_part_of_a_stroke_is_held_back_that_reaches_into_an_accepted_slice():
    _, labels = made_up_stack()
    strokes = {1: strokes_on(labels, (1,), n=12)[1]}
    accepted = np.zeros_like(strokes[1])
    number = stroke_numbers(strokes[1])
    across = dealt_out(strokes, 3)[1][2] > 0  # held back to test, by itself
    chosen = number == number[tuple(np.argwhere(across)[0])]
    accepted[chosen] = strokes[1][chosen]

    dealt = dealt_out(strokes | {0: accepted}, 3, accepted=(0,))

    assert (dealt[0][0] == accepted).all()
    assert not dealt[0][1:].any()
    assert (dealt[1][0][chosen] > 0).all()
    assert not dealt[1][1:, chosen].any()
    assert (dealt[1].max(axis=0) == strokes[1]).all()
    with pytest.raises(TeachError, match="on other slices"):
        dealt_out({0: strokes[1]}, 3, accepted=(0,))
