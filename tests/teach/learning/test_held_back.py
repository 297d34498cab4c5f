"""The score of strokes that are held back."""

import numpy as np
import pytest

from sandseg.teach.learning.classifier import learn
from sandseg.teach.learning.held_back import LEAST_STROKES, doubt_of, held_back_score


def strokes_of(n_each, apart, seed=0, n_classes=2):
    """Painted pixels whose classes lie `apart` standard deviations from each other."""
    rng = np.random.default_rng(seed)
    strokes = np.repeat(np.arange(n_each * n_classes), 12)
    values = (strokes % n_classes + 1).astype(np.uint8)
    features = rng.normal(2, 1, (len(values), 5)).astype(np.float32)
    features[:, 0] += apart * values
    return features, values, strokes


def evenly(n, share=0.5):
    """Probabilities of a sure answer, `share` of it class 0."""
    first = np.arange(n) < share * n
    return np.where(first[:, None], [0.99, 0.01], [0.01, 0.99]).astype(np.float32)


def test_what_is_easy_to_tell_scores_higher_than_what_is_hard():
    easy, hard = (held_back_score(*strokes_of(8, apart), 2, evenly(100)) for apart in (9, 1))

    assert easy.accuracy > 0.97
    assert 0.5 < hard.accuracy < 0.9
    assert easy.mean_iou > hard.mean_iou
    assert easy.low <= easy.mean_iou <= easy.high


def test_strokes_without_any_sense_are_not_scored_by_what_was_learned_by_heart():
    rng = np.random.default_rng(1)
    features, values, strokes = strokes_of(12, 0)
    places = rng.normal(0, 3, (24, 40)).astype(np.float32)  # each stroke is somewhere by itself
    features = np.concatenate([features, places[strokes]], axis=1)

    found = held_back_score(features, values, strokes, 2, evenly(100))

    learned = learn(features, values, strokes, 2).probabilities(features).argmax(axis=1) + 1
    assert (learned == values).mean() > 0.85
    assert found.accuracy < 0.75


@pytest.mark.parametrize("n_each", range(1, LEAST_STROKES))
def test_too_few_strokes_give_no_number_but_say_what_is_missing(n_each):
    found = held_back_score(*strokes_of(n_each, 9), 2, evenly(10))

    assert found.accuracy is found.mean_iou is found.low is found.high is None
    assert found.meaning == found.missing
    assert f"Paint {2 * (LEAST_STROKES - n_each)} more" in found.missing
    assert "in 2 classes" in found.missing


def test_a_class_painted_nowhere_is_missing():
    features, values, strokes = strokes_of(5, 9)

    found = held_back_score(features, values, strokes, 3, np.eye(3, dtype=np.float32))

    assert f"Paint {LEAST_STROKES} more strokes, in one class" in found.missing


def test_the_words_say_what_the_numbers_are():
    found = held_back_score(*strokes_of(8, 9), 2, evenly(100))

    assert "16 strokes" in found.meaning
    assert f"{found.mean_iou:.2f}" in found.meaning
    assert "borders included" in found.meaning


def test_an_unsure_answer_and_mistakes_both_raise_the_doubt():
    right, wrong = np.eye(2), np.array([[0.9, 0.1], [0.1, 0.9]])
    sure, unsure = evenly(100), np.clip(evenly(100), 0.2, 0.8)

    assert doubt_of(right, 20, sure) < doubt_of(wrong, 20, sure) < doubt_of(wrong, 20, unsure)
    assert doubt_of(right, 20, np.eye(2)) == pytest.approx(0)


def test_few_strokes_without_a_mistake_leave_more_doubt_than_many():
    assert doubt_of(np.eye(2), 6, evenly(100)) > doubt_of(np.eye(2), 60, evenly(100))


def test_doubt_weighs_on_a_rare_class():
    few_wrong = np.array([[0.95, 0.05], [0.05, 0.95]])

    rare, common = (doubt_of(few_wrong, 20, evenly(1000, share)) for share in (0.9, 0.5))
    assert rare > common


@pytest.mark.parametrize("apart", [0, 2, 9])
def test_the_score_lies_within_its_interval_and_all_within_nought_and_one(apart):
    found = held_back_score(*strokes_of(4, apart), 2, np.full((9, 2), 0.5, np.float32))

    assert 0 <= found.low <= found.mean_iou <= found.high <= 1
