import numpy as np
import pytest

from sandseg.score.calibration import expected_calibration_error, reliability


def test_a_model_right_as_often_as_it_says_has_no_error(rng):
    confidence = rng.uniform(0.25, 1, 400_000)
    correct = rng.uniform(size=confidence.size) < confidence

    assert expected_calibration_error(confidence, correct) < 0.01


def test_overconfidence_is_measured(rng):
    correct = rng.uniform(size=100_000) < 0.7

    error = expected_calibration_error(np.full(correct.size, 0.9), correct)

    assert error == pytest.approx(0.2, abs=0.01)


def test_every_pixel_is_in_one_bin(rng):
    confidence = rng.uniform(0, 1, (50, 60)).astype(np.float32)
    confidence[0, :2] = 0, 1

    result = reliability(confidence, confidence > 0.5, n_bins=10)

    assert result.count.sum() == confidence.size
    np.testing.assert_allclose(result.edges, np.linspace(0, 1, 11))
    assert (result.confidence >= result.edges[:-1]).all()
    assert (result.confidence <= result.edges[1:]).all()
    np.testing.assert_array_equal(result.accuracy, [0] * 5 + [1] * 5)


def test_values_by_hand():
    confidence = np.array([0.6, 0.6, 0.9, 0.9])
    correct = np.array([True, False, True, True])

    result = reliability(confidence, correct, n_bins=2)

    np.testing.assert_allclose(result.confidence, [np.nan, 0.75])
    np.testing.assert_allclose(result.accuracy, [np.nan, 0.75])
    assert result.expected_calibration_error == 0
    assert expected_calibration_error(confidence, correct, 15) == pytest.approx(0.1)


def test_without_pixels_there_is_no_error_to_speak_of():
    assert np.isnan(expected_calibration_error(np.zeros(0), np.zeros(0, bool)))
