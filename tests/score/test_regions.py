import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.errors import LabelError
from sandseg.score.evaluation import combine, evaluate_slice
from sandseg.score.regions import LABELLED, SAMPLE, RegionScores

NAMES = ["air", "clay", "quartz", "pyrite"]


@pytest.fixture
def stack(rng):
    """True labels, those inside the sample, and predicted ones, (3, 300, 280) each."""
    true = rng.integers(0, 3, (3, 300, 280)).astype(np.uint8)
    true[1] = IGNORED
    inside = true.copy()
    inside[:, :40] = IGNORED
    wrong = rng.random(true.shape) < 0.1
    predicted = np.where(wrong | (true == IGNORED), rng.integers(0, 3, true.shape), true)
    return true, inside, predicted.astype(np.uint8)


def facts_of(stack, first=SAMPLE):
    found = RegionScores(NAMES)
    for z, (true, inside, predicted) in enumerate(zip(*stack, strict=True)):
        found.add(z, inside, true, predicted)
    return found.facts(first)


def test_scores_and_intervals_are_those_of_the_evaluation(stack):
    true, inside, predicted = stack
    sure = np.full(true.shape[1:], 0.9)
    parts = {z: evaluate_slice(inside[z], predicted[z], sure, 4) for z in (0, 2)}
    expected = combine(parts)

    found = facts_of(stack)

    assert found["confusion_matrix"] == expected.matrix.tolist()
    assert found["mean_iou"] == expected.scores.mean_iou
    ends = [expected.intervals.mean_low, expected.intervals.mean_high]
    assert found["mean_iou_interval_95"] == ends
    for i, name in enumerate(NAMES[:3]):
        low, high = found["iou_interval_95"][name]
        assert (low, high) == (expected.intervals.low[i], expected.intervals.high[i])
        assert low < found["iou"][name] < high
    assert found["iou_interval_95"]["pyrite"] == [None, None]


def test_both_regions_are_told_and_which_stands_first(stack):
    inside, labelled = facts_of(stack), facts_of(stack, LABELLED)

    assert (inside["scores_of"], labelled["scores_of"]) == (SAMPLE, LABELLED)
    assert inside["scores_of_labelled_pixels"]["iou"] == labelled["iou"]
    assert labelled["scores_of_sample"]["iou"] == inside["iou"]
    assert inside["iou"] != labelled["iou"]


def test_without_a_label_there_is_no_score():
    nothing = np.full((1, 20, 20), IGNORED, np.uint8)

    found = facts_of((nothing, nothing, np.zeros_like(nothing)))

    assert found["mean_iou"] is None
    assert found["mean_iou_interval_95"] == [None, None]


def test_labels_of_another_size_are_refused():
    with pytest.raises(LabelError, match="the prediction 4 × 5"):
        RegionScores(NAMES).add(0, *np.zeros((2, 5, 5), np.uint8), np.zeros((4, 5), np.uint8))
