import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sklearn_metrics

from sandseg.classes import IGNORED
from sandseg.errors import LabelError
from sandseg.score import metrics

NAMES = ("air", "clay", "quartz", "pyrite")
# The matrix published with the notebook this app descends from, and the IoU reported there.
PUBLISHED = np.array(
    [
        [294858, 8657, 4240, 0],
        [5837, 181247, 20201, 0],
        [5954, 22312, 2733677, 8247],
        [0, 9, 3303, 70178],
    ]
)
PUBLISHED_IOU = [0.9227404, 0.7607014, 0.97703415, 0.85858303]

labels = st.integers(0, 3)
true_and_predicted = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.uint8, shape, elements=labels | st.just(IGNORED)),
        hnp.arrays(np.uint8, shape, elements=labels),
    )
)


@settings(max_examples=25)
@given(true_and_predicted)
def test_scores_equal_those_of_scikit_learn(pair):
    true, predicted = pair
    flat = true[true != IGNORED], predicted[true != IGNORED]
    assume(flat[0].size)

    result = metrics.scores(metrics.confusion_matrix(true, predicted, 4))

    expected = sklearn_metrics.confusion_matrix(*flat, labels=range(4))
    np.testing.assert_array_equal(result.matrix, expected)
    assert result.accuracy == sklearn_metrics.accuracy_score(*flat)
    for ours, theirs in [
        (result.iou, sklearn_metrics.jaccard_score),
        (result.dice, sklearn_metrics.f1_score),
        (result.precision, sklearn_metrics.precision_score),
        (result.recall, sklearn_metrics.recall_score),
    ]:
        expected = theirs(*flat, labels=range(4), average=None, zero_division=0)
        np.testing.assert_allclose(np.nan_to_num(ours), expected)  # 0 is their word for undefined


def test_the_published_matrix_gives_the_published_scores():
    np.testing.assert_allclose(metrics.iou(PUBLISHED), PUBLISHED_IOU, atol=1e-7)
    assert metrics.mean_iou(PUBLISHED) == pytest.approx(0.8797648, abs=1e-7)


@given(true_and_predicted, st.integers(0, 12))
def test_the_matrix_of_two_slices_is_the_sum_of_theirs(pair, cut):
    true, predicted = pair

    upper = metrics.confusion_matrix(true[:cut], predicted[:cut], 4)
    lower = metrics.confusion_matrix(true[cut:], predicted[cut:], 4)

    np.testing.assert_array_equal(upper + lower, metrics.confusion_matrix(true, predicted, 4))


@given(true_and_predicted)
def test_grouped_matrices_are_those_of_each_group_alone(pair):
    true, predicted = pair
    groups = np.arange(true.shape[0])[:, None] % 3

    matrices = metrics.grouped_confusion_matrices(true, predicted, 4, groups, 3)

    for group, matrix in enumerate(matrices):
        alone = metrics.confusion_matrix(true[group::3], predicted[group::3], 4)
        np.testing.assert_array_equal(matrix, alone)


@given(true_and_predicted)
def test_swapping_truth_and_prediction_swaps_precision_and_recall(pair):
    matrix = metrics.confusion_matrix(*pair, 4)

    np.testing.assert_array_equal(metrics.precision(matrix), metrics.recall(matrix.T))
    np.testing.assert_array_equal(metrics.iou(matrix), metrics.iou(matrix.T))


def test_a_perfect_prediction_scores_one(rng):
    true = rng.integers(0, 4, (20, 30)).astype(np.uint8)

    result = metrics.scores(metrics.confusion_matrix(true, true, 4))

    assert result.mean_iou == result.accuracy == result.frequency_weighted_iou == 1
    np.testing.assert_array_equal(result.iou, np.ones(4))


def test_undefined_scores_are_nan_and_left_out_of_the_mean():
    # Class 1 is missed altogether, class 2 invented, class 3 nowhere.
    matrix = np.array([[6, 0, 2, 0], [2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])

    np.testing.assert_allclose(metrics.iou(matrix), [0.6, 0, 0, np.nan])
    np.testing.assert_allclose(metrics.dice(matrix), [0.75, 0, 0, np.nan])
    np.testing.assert_allclose(metrics.precision(matrix), [0.75, np.nan, 0, np.nan])
    np.testing.assert_allclose(metrics.recall(matrix), [0.75, 0, np.nan, np.nan])
    assert metrics.mean_iou(matrix) == pytest.approx(0.2)
    assert metrics.accuracy(matrix) == pytest.approx(0.6)
    assert metrics.frequency_weighted_iou(matrix) == pytest.approx(0.8 * 0.6)


def test_without_a_labelled_pixel_every_score_is_nan():
    nobody = np.full((3, 3), IGNORED, np.uint8)

    result = metrics.scores(metrics.confusion_matrix(nobody, np.zeros_like(nobody), 4))

    assert result.matrix.sum() == 0
    assert np.isnan([result.mean_iou, result.accuracy, result.frequency_weighted_iou]).all()


def test_normalized_rows_hold_recall_and_columns_precision():
    rows, columns = metrics.normalize_rows(PUBLISHED), metrics.normalize_columns(PUBLISHED)

    np.testing.assert_allclose(rows.sum(axis=1), 1)
    np.testing.assert_allclose(columns.sum(axis=0), 1)
    np.testing.assert_array_equal(np.diag(rows), metrics.recall(PUBLISHED))
    np.testing.assert_array_equal(np.diag(columns), metrics.precision(PUBLISHED))
    assert np.isnan(metrics.normalize_rows(np.zeros((2, 2)))).all()


def test_scores_become_json_without_nan():
    matrix = np.array([[5, 1, 0, 0], [0, 2, 0, 0], [0, 0, 4, 0], [0, 0, 0, 0]])

    report = metrics.scores(matrix).to_dict(NAMES)

    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["confusion_matrix"] == matrix.tolist()
    assert report["iou"] == {
        "air": pytest.approx(5 / 6),
        "clay": pytest.approx(2 / 3),
        "quartz": 1,
        "pyrite": None,
    }
    assert report["support"] == {"air": 6, "clay": 2, "quartz": 4, "pyrite": 0}
    assert {"mean_iou", "accuracy", "dice", "precision", "recall"} <= report.keys()


def test_different_shapes_are_refused():
    with pytest.raises(LabelError, match="labels measure 4 × 4 pixels, but the prediction 4 × 5"):
        metrics.confusion_matrix(np.zeros((4, 4), int), np.zeros((4, 5), int), 4)


def test_labels_of_no_class_are_refused():
    fine, wrong = np.zeros((2, 2), np.uint8), np.full((2, 2), 4, np.uint8)

    with pytest.raises(LabelError, match="prediction holds the value 4, but the 4 classes"):
        metrics.confusion_matrix(fine, wrong, 4)
    with pytest.raises(LabelError, match="labels hold the value 4"):
        metrics.confusion_matrix(wrong, fine, 4)
    with pytest.raises(LabelError, match="labels hold the value -1"):
        metrics.confusion_matrix(np.full((2, 2), -1), fine, 4)
