"""Logistic regression on features that end where nothing was painted."""

import numpy as np
import pytest

from sandseg.teach.learning.regression import (
    Examples,
    Recipe,
    fit,
    knots_of,
    match_classes,
    matched,
    n_log_probabilities,
    segments,
    softmax,
)

FREE, NEAR_NOTHING = Recipe("free", True, 1, 1e-4, 0.0), Recipe("held", True, 1, 1e4, 1.0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def one_hot(values, n_classes):
    return (np.arange(n_classes) == values[:, None]).astype(np.float64)


def examples(features, values, n_classes, answers=None):
    answers = np.zeros((len(values), n_classes)) if answers is None else answers
    weights = np.full(len(values), 1 / len(values))
    return Examples(features, one_hot(values, n_classes), weights, answers)


def scores(found, features, knots):
    weights, bias = found
    return segments(features, knots) @ weights + bias


def test_probabilities_sum_to_one_and_keep_the_order_of_scores(rng):
    given = rng.normal(0, 300, (50, 4))

    found = softmax(given)

    np.testing.assert_allclose(found.sum(axis=-1), 1)
    np.testing.assert_array_equal(found.argmax(axis=-1), given.argmax(axis=-1))


@pytest.mark.parametrize("n_logs", [2, 4, 7])
def test_the_log_probabilities_of_a_network_are_found_before_other_features(rng, n_logs):
    logs = np.log(softmax(rng.normal(0, 4, (60, n_logs))))
    others = rng.random((60, 9))

    assert n_log_probabilities(np.concatenate([logs, others], axis=1)) == n_logs
    assert n_log_probabilities(others + 1) == 0


def test_classes_are_matched_to_those_they_are_painted_on(rng):
    own = rng.permutation(np.repeat([0, 1, 2], 30))
    logs = np.log(softmax(8 * one_hot(own, 3)))
    painted = np.array([1, 0, 1])[own]  # two of the network's classes are one of the user's

    matching = match_classes(logs, one_hot(painted, 2))

    np.testing.assert_allclose(matching.sum(axis=1), 1, rtol=1e-6)
    assert matching.argmax(axis=1).tolist() == [1, 0, 1]
    np.testing.assert_array_equal(matched(logs, matching).argmax(axis=1), painted)


def test_a_class_that_is_painted_often_is_matched_no_better_than_a_rare_one():
    own = np.array([0] * 90 + [1] * 10)
    logs = np.log(softmax(8 * one_hot(own, 2)))

    matching = match_classes(logs, one_hot(own, 2))

    assert matching[0, 0] == pytest.approx(matching[1, 1], abs=1e-3)


@pytest.mark.parametrize("n_segments", [1, 3, 6])
def test_segments_together_reach_from_the_first_painted_value_to_the_last(rng, n_segments):
    painted = rng.normal(0, 1, (40, 5)).astype(np.float32)
    knots = knots_of(painted, n_segments)
    others = rng.normal(0, 3, (200, 5)).astype(np.float32)

    reach = segments(others, knots).reshape(200, n_segments, 5).sum(axis=1)

    low, high = painted.min(axis=0), painted.max(axis=0)
    np.testing.assert_allclose(reach, np.clip(others, low, high) - low, atol=1e-5)


def test_what_a_line_can_part_is_parted(rng):
    features = rng.normal(0, 1, (200, 4)).astype(np.float32)
    values = (features[:, 0] + features[:, 2] > 0.3).astype(int)
    knots = knots_of(features, 1)

    found = scores(fit(examples(features, values, 2), knots, FREE), features, knots)

    assert (found.argmax(axis=1) == values).mean() > 0.97


def test_three_segments_find_a_class_between_two_values(rng):
    features = rng.uniform(-1, 1, (300, 2)).astype(np.float32)
    values = (np.abs(features[:, 0]) < 0.33).astype(int)
    right = []
    for n_segments in (1, 3):
        knots, recipe = knots_of(features, n_segments), Recipe("", True, n_segments, 1e-4, 0.0)
        found = scores(fit(examples(features, values, 2), knots, recipe), features, knots)
        right.append((found.argmax(axis=1) == values).mean())

    assert right[0] < 0.75
    assert right[1] > 0.95


def test_a_heavy_penalty_leaves_the_network_s_answer_as_it_is(rng):
    features = rng.normal(0, 1, (80, 3)).astype(np.float32)
    values = rng.integers(0, 2, 80)
    answers = np.log(softmax(rng.normal(0, 2, (80, 2))))
    knots = knots_of(features, 1)

    weights, bias = fit(examples(features, values, 2, answers), knots, NEAR_NOTHING)

    assert np.abs(weights).max() < 1e-3
    assert np.abs(bias).max() < 1e-2


def test_a_class_without_an_example_changes_nothing_between_the_others(rng):
    features = rng.normal(0, 1, (60, 3)).astype(np.float32)
    values = rng.integers(0, 2, 60)
    knots, recipe = knots_of(features, 1), Recipe("", True, 1, 0.1, 0.0)

    two = scores(fit(examples(features, values, 2), knots, recipe), features, knots)
    three = scores(fit(examples(features, 2 * values, 3), knots, recipe), features, knots)

    np.testing.assert_allclose(softmax(three[:, ::2]), softmax(two), atol=0.01)


def test_a_feature_that_never_changes_has_no_weight(rng):
    features = rng.normal(0, 1, (60, 3)).astype(np.float32)
    features[:, 1] = 0.25
    values = (features[:, 0] > 0).astype(int)

    weights, _ = fit(examples(features, values, 2), knots_of(features, 1), FREE)

    np.testing.assert_array_equal(weights[1], 0)
    assert np.abs(weights[0]).max() > 1
