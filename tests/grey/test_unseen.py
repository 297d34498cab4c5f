import numpy as np
import pytest

from sandseg.grey.unseen import fill_unseen

SHAPE = (40, 40)


@pytest.fixture
def rock(rng):
    """(Y, X) grey values on a model's scale, all of them grain."""
    return rng.uniform(0.4, 0.6, SHAPE).astype(np.float32)


@pytest.fixture
def left():
    """What is painted: the ten columns at the left."""
    mask = np.zeros(SHAPE, bool)
    mask[:, :10] = True
    return mask


def test_where_all_is_seen_nothing_changes(rock):
    before = rock.copy()

    filled, unseen = fill_unseen(rock, rock, np.zeros(SHAPE, bool))

    np.testing.assert_array_equal(filled, before)
    assert not unseen.any()


@pytest.mark.parametrize("paint", [0.0, 1.0])
def test_the_sample_goes_on_into_what_is_painted_over(rock, left, paint):
    rock[left] = paint
    inside = rock[:, 10:].copy()

    filled, unseen = fill_unseen(rock, rock.copy(), left)

    np.testing.assert_array_equal(unseen, left)
    np.testing.assert_array_equal(filled[:, 10:], inside)
    np.testing.assert_array_equal(filled[:, :10], np.repeat(inside[:, :1], 10, axis=1))


def test_black_air_round_a_core_is_seen_and_stays(rock, left):
    rock[:, :10] = 0
    rock[:, 10:14] = 0.05  # air that fades into the clipped black: no edge of paint
    before = rock.copy()

    filled, unseen = fill_unseen(rock, rock.copy(), left)

    assert not unseen.any()
    np.testing.assert_array_equal(filled, before)


def test_a_missing_pixel_inside_the_rock_takes_its_neighbours_grey_and_counts_as_seen(rock):
    image = rock.copy()
    image[20, 20] = np.nan
    outside = np.isnan(image)

    filled, unseen = fill_unseen(rock, image, outside)

    assert not unseen.any()
    assert filled[20, 20] in (image[19, 20], image[21, 20], image[20, 19], image[20, 21])


def test_a_slice_without_a_sample_is_unseen_and_dark_throughout():
    image = np.full(SHAPE, np.nan, np.float32)

    filled, unseen = fill_unseen(image.copy(), image, np.ones(SHAPE, bool))

    assert unseen.all()
    assert not filled.any()
