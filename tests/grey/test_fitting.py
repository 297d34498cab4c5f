import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandseg.grey.fitting import fitted_line, ordered_values
from sandseg.grey.histograms import grey_histograms


@pytest.fixture(scope="module")
def rock():
    """Grey values in [0, 1]: pores, clay and mostly grains."""
    rng = np.random.default_rng(0)
    means = rng.choice([0.06, 0.33, 0.5], 40_000, p=[0.15, 0.1, 0.75])
    return (means + rng.normal(0, 0.03, means.size)).clip(0.001, 0.999)


@settings(max_examples=12)
@given(low=st.floats(-1e4, 1e4), width=st.floats(1, 1e5))
def test_a_line_is_found_again_whatever_the_numbers_of_the_scan(rock, low, width):
    reference = grey_histograms(np.sort(rock), [(0.0, 1.0)])[0]

    (found_low, found_high), distance = fitted_line(np.sort(low + width * rock), reference)

    assert abs(found_low - low) < 0.05 * width
    assert abs(found_high - (low + width)) < 0.05 * width
    assert distance < 0.1


def test_another_rock_is_further_away(rock):
    reference = grey_histograms(np.sort(rock), [(0.0, 1.0)])[0]
    flat = np.linspace(0, 1, rock.size)

    assert fitted_line(flat, reference)[1] > 2 * fitted_line(np.sort(rock), reference)[1]


def test_values_clipped_or_painted_at_the_ends_stay_away():
    values = np.array([[0, 0, 0, 7, 3], [9, 5, 9, 9, 0]], np.uint8)

    np.testing.assert_array_equal(ordered_values(values), [3, 5, 7])


@pytest.mark.parametrize("values", [[4, 4, 4], [0, 1], [0, 5, 9]])
def test_where_the_ends_are_all_there_is_they_stay(values):
    np.testing.assert_array_equal(ordered_values(np.array(values)), values)
