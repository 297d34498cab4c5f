from dataclasses import replace

import numpy as np
import pytest

from sandseg.score.calibration import reliability
from sandseg.score.evaluation import (
    combine,
    evaluate_slice,
    most_pixels,
    ranking,
)


@pytest.fixture
def parts(rng):
    """Evaluations of three slices with their true labels and predictions."""
    true = rng.integers(0, 4, (3, 200, 150)).astype(np.uint8)
    labels = np.where(rng.random(true.shape) < 0.3, rng.integers(0, 4, true.shape), true)
    confidence = rng.uniform(0.3, 1, true.shape)
    labels = labels.astype(np.uint8)
    evaluations = {z: evaluate_slice(true[z], labels[z], confidence[z], 4) for z in range(3)}
    return evaluations, true, labels, confidence


def test_slices_together_are_one_large_slice(parts):
    evaluations, true, labels, confidence = parts

    together = combine(evaluations)

    expected = reliability(confidence, true == labels)
    np.testing.assert_array_equal(together.matrix, sum(e.matrix for e in evaluations.values()))
    np.testing.assert_array_equal(together.reliability.count, expected.count)
    np.testing.assert_allclose(together.reliability.accuracy, expected.accuracy)
    np.testing.assert_allclose(together.reliability.confidence, expected.confidence)
    assert together.n_wrong == np.count_nonzero(true != labels)


def test_blocks_above_each_other_count_once(parts):
    evaluations, *_ = parts

    together = combine(evaluations)

    assert len(together.blocks) == len(evaluations[0].blocks)
    assert len(combine({200: evaluations[0], 0: evaluations[1]}).blocks) == 2 * len(together.blocks)


def test_slices_that_lack_blocks_are_taken_whole(parts):
    evaluations, *_ = parts
    partly = replace(evaluations[1], blocks=evaluations[1].blocks[:2])

    assert len(combine({**evaluations, 1: partly}).blocks) == 3


def test_one_slice_together_is_itself(parts):
    evaluations, *_ = parts

    alone = combine({0: evaluations[0]})

    np.testing.assert_array_equal(alone.blocks, evaluations[0].blocks)
    assert alone.near_border_share == pytest.approx(evaluations[0].near_border_share)


def test_the_worst_slice_comes_first(parts):
    evaluations, *_ = parts
    perfect = replace(evaluations[2], blocks=np.eye(4, dtype=np.int64)[None])

    ranked = ranking({**evaluations, 2: perfect})

    assert ranked[-1] == (2, 1.0)
    assert [mean for _, mean in ranked] == sorted(mean for _, mean in ranked)


def test_the_slices_with_most_pixels_of_a_cell_come_first_and_none_without(parts):
    evaluations, *_ = parts
    perfect = replace(evaluations[0], blocks=np.eye(4, dtype=np.int64)[None])

    found = most_pixels({**evaluations, 0: perfect}, (1, 2))

    assert {z for z, _ in found} == {1, 2}
    assert found[0][1] >= found[1][1] == min(evaluations[z].matrix[1, 2] for z in (1, 2))
