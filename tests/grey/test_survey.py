import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandseg.classes import IGNORED
from sandseg.grey import survey
from sandseg.grey.survey import N_COUNTED, count_greys, spread_slices, survey_stack
from sandseg.scan.stack import Stack


@pytest.fixture
def volume(rng):
    return rng.integers(0, 256, (5, 7, 9), dtype=np.uint8)


@given(n_slices=st.integers(1, 3000), n=st.integers(1, 30))
def test_spread_slices_differ_and_reach_from_end_to_end(n_slices, n):
    slices = spread_slices(n_slices, n)

    assert len(slices) == len(set(slices)) == min(n, n_slices)
    assert slices == sorted(slices)
    assert slices[0] == 0
    assert n == 1 or slices[-1] == n_slices - 1


def test_counts_by_class_add_up_to_the_histogram(volume, rng):
    labels = rng.choice(np.array([0, 1, 2, IGNORED], np.uint8), volume.shape)

    counts = count_greys(volume, labels, 3)

    np.testing.assert_array_equal(counts.sum(axis=0), np.bincount(volume.ravel(), minlength=256))
    np.testing.assert_array_equal(counts.sum(axis=1)[:3], [(labels == i).sum() for i in range(3)])
    assert counts[3].sum() == (labels == IGNORED).sum()
    assert counts[1, 7] == ((labels == 1) & (volume == 7)).sum()


def test_without_labels_every_pixel_is_counted_as_unlabelled(volume):
    counts = count_greys(volume, None, 4)

    assert counts[4].sum() == volume.size
    assert not counts[:4].any()


def test_the_survey_of_a_stack_is_the_sum_over_its_slices(volume, rng):
    labels = rng.integers(0, 2, volume.shape, np.uint8)

    found = survey_stack(Stack.from_array(volume), 0, 255, Stack.from_array(labels), 2)

    slices = [count_greys(volume[z], labels[z], 2) for z in range(5)]
    np.testing.assert_array_equal(found.counts, np.sum(slices, axis=0))
    assert (found.low, found.high) == (volume.min(), volume.max())
    assert found.n_slices == 5


def test_pixels_that_are_no_numbers_have_no_part_in_the_range():
    image = np.array([[[0.5, np.nan], [-np.inf, 3.0]], [[np.nan] * 2] * 2], np.float32)

    found = survey_stack(Stack.from_array(image), 0, 1)

    assert (found.low, found.high) == (0.5, 3.0)


def test_of_a_large_stack_some_slices_are_surveyed(monkeypatch):
    monkeypatch.setattr(survey, "LARGEST_COUNT", 1000)
    stack = Stack.from_array(np.zeros((100, 8, 8), np.uint8))

    assert survey_stack(stack, 0, 255).n_slices == N_COUNTED
