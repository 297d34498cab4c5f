import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sandseg.classes import IGNORED, SANDSTONE
from sandseg.errors import LabelError
from sandseg.score.comparison import (
    FIRST_RIGHT,
    NEITHER_RIGHT,
    SAME,
    SECOND_RIGHT,
    difference_kinds,
    disagreement,
    finding,
    is_clear,
    kind_classes,
    method_errors,
)

SIZE = 512
PICTURES = arrays(np.uint8, (6, 7), elements=st.integers(0, 3))
NAMES = ("multi-Otsu", "the U-Net")


@pytest.fixture
def true():
    """Quartz with a square of clay in each of the 16 blocks."""
    labels = np.full((SIZE, SIZE), 2, np.uint8)
    for y in range(32, SIZE, 128):
        for x in range(32, SIZE, 128):
            labels[y : y + 64, x : x + 64] = 1
    return labels


def wrong_by(true, n_rows):
    """The truth with the upper rows of each clay square called quartz."""
    labels = true.copy()
    for y in range(32, SIZE, 128):
        labels[y : y + n_rows] = 2
    return labels


def said(true, *predicted, names=NAMES):
    return finding(names, [method_errors(true, labels, 4) for labels in predicted], SANDSTONE)


@given(PICTURES, PICTURES)
def test_disagreement_is_the_share_of_pixels_that_differ(first, second):
    assert disagreement(first, second) == disagreement(second, first) == (first != second).mean()


@given(PICTURES, PICTURES, PICTURES)
def test_each_differing_pixel_is_of_one_kind(first, second, true):
    kinds = difference_kinds(first, second, true)

    np.testing.assert_array_equal(kinds == SAME, first == second)
    np.testing.assert_array_equal(kinds == FIRST_RIGHT, (first == true) & (second != true))
    np.testing.assert_array_equal(kinds == SECOND_RIGHT, (second == true) & (first != true))


def test_without_a_truth_nobody_is_right():
    first, second = np.array([[0, 1, 2]], np.uint8), np.array([[0, 2, 1]], np.uint8)

    assert difference_kinds(first, second).tolist() == [[SAME, NEITHER_RIGHT, NEITHER_RIGHT]]


def test_an_unlabelled_pixel_makes_nobody_right():
    kinds = difference_kinds(
        np.zeros((1, 1), np.uint8), np.ones((1, 1), np.uint8), np.full((1, 1), IGNORED, np.uint8)
    )

    assert kinds.item() == NEITHER_RIGHT


def test_the_legend_names_who_is_right():
    assert [kind.name for kind in kind_classes("A", "B", has_truth=True)] == [
        "both the same",
        "only A right",
        "only B right",
        "different, both wrong",
    ]
    assert [kind.value for kind in kind_classes("A", "B", has_truth=False)] == [SAME, NEITHER_RIGHT]


def test_errors_of_the_blocks_add_up_to_those_of_the_slice(true, rng):
    predicted = rng.integers(0, 4, true.shape).astype(np.uint8)

    errors = method_errors(true, predicted, 4)

    assert errors.total == np.count_nonzero(true != predicted)
    assert errors.matrix.sum() == true.size


def test_labels_of_another_size_are_refused(true):
    with pytest.raises(LabelError, match="prediction"):
        method_errors(true, true[:9], 4)


def test_the_better_method_is_named_with_how_many_fewer_errors_it_makes(true):
    assert said(true, wrong_by(true, 8), wrong_by(true, 2)) == (
        "The U-Net makes 75 % fewer errors than multi-Otsu on this slice; "
        "most of those it still makes lie at clay borders."
    )


def test_the_sentence_says_the_opposite_where_that_is_true(true):
    assert said(true, wrong_by(true, 2), wrong_by(true, 8)).startswith(
        "Multi-Otsu makes 75 % fewer errors than the U-Net on this slice"
    )


def test_errors_far_from_borders_are_not_said_to_lie_at_them(true):
    predicted = true.copy()
    for y in range(0, SIZE, 128):
        for x in range(0, SIZE, 128):
            predicted[y : y + 8, x : x + 8] = 3  # in the middle of quartz

    assert "borders" not in said(true, wrong_by(true, 40), predicted)


def test_the_best_of_three_is_compared_with_the_second_best(true):
    names = ("multi-Otsu", "the random forest", "the U-Net")

    text = said(true, *(wrong_by(true, n) for n in (16, 4, 2)), names=names)

    assert text.startswith("The U-Net makes 50 % fewer errors than the random forest")


def test_a_difference_that_chance_could_make_is_no_victory(true, rng):
    first, second = true.copy(), true.copy()
    first[rng.random(true.shape) < 0.02] = 0
    second[rng.random(true.shape) < 0.02] = 0

    assert not is_clear(method_errors(true, first, 4), method_errors(true, second, 4))
    assert "about equally good" in said(true, first, second)
    assert "2 % and 2 %" in said(true, first, second)


def test_one_block_proves_nothing(true):
    part = true[:128, :128]

    assert not is_clear(*(method_errors(part, wrong_by(true, n)[:128, :128], 4) for n in (2, 9)))


def test_methods_without_errors_are_praised_alike(true):
    assert said(true, true, true) == "Multi-Otsu and the U-Net make no error on this slice."


def test_a_slice_without_labelled_pixels_has_no_best_method(true):
    nothing = np.full_like(true, IGNORED)

    assert "nothing to compare" in said(nothing, true, true)
