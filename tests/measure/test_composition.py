import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sandseg.classes import IGNORED, SANDSTONE, SegmentationClass
from sandseg.measure.composition import composition_of, joined
from sandseg.measure.fractions import phase_fractions, porosity
from sandseg.measure.sample import sample_mask

LABELS = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20)), elements=st.integers(0, 3)
)


@given(LABELS)
def test_it_says_what_the_functions_of_one_slice_say(labels):
    found, sample = composition_of(labels, SANDSTONE), sample_mask(labels, SANDSTONE)

    np.testing.assert_allclose(found.phase_fractions, phase_fractions(labels, 4, sample))
    np.testing.assert_allclose(found.picture_fractions, phase_fractions(labels, 4))
    np.testing.assert_allclose(found.porosity, porosity(labels, SANDSTONE, sample))
    assert found.sample_fraction == pytest.approx(sample.mean())


@given(st.lists(LABELS, min_size=1, max_size=4))
def test_a_stack_is_the_sum_of_its_slices(slices):
    parts = [composition_of(labels, SANDSTONE) for labels in slices]

    whole = joined(parts)

    assert len(whole) == len(slices)
    np.testing.assert_array_equal(whole.sample.sum(0), sum(part.sample[0] for part in parts))
    for part, again in zip(parts, whole.slices(), strict=True):
        np.testing.assert_array_equal(part.picture, again.picture)


def test_the_air_around_a_core_is_no_pore():
    labels = np.zeros((40, 40), np.uint8)
    labels[10:30, 10:30] = 2
    labels[15:20, 15:20] = 0

    found = composition_of(labels, SANDSTONE)

    assert found.porosity == pytest.approx(25 / 400)
    assert found.sample_fraction == pytest.approx(400 / 1600)
    assert found.picture_fractions[0] == pytest.approx(1225 / 1600)


def test_what_is_not_known_is_nan():
    no_pores = [SegmentationClass(0, "matrix", "#000000"), SegmentationClass(1, "ore", "#ffffff")]

    assert np.isnan(composition_of(np.zeros((4, 4), np.uint8), SANDSTONE).porosity)
    assert np.isnan(composition_of(np.zeros((4, 4), np.uint8), no_pores).porosity)
    nothing = composition_of(np.full((4, 4), IGNORED, np.uint8), SANDSTONE)
    assert np.isnan(nothing.sample_fraction)
