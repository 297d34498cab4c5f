import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sandseg.classes import IGNORED
from sandseg.errors import LabelError
from sandseg.score.intervals import block_matrices, bootstrap_iou
from sandseg.score.metrics import confusion_matrix, iou, mean_iou


def smooth_field(rng, length, sigma):
    """Return (length, length) noise of unit variance, correlated over a few sigma pixels."""
    margin = 4 * sigma
    noise = rng.standard_normal((length + 2 * margin,) * 2).astype(np.float32)
    field = gaussian_filter(noise, sigma, mode="wrap")[margin:-margin, margin:-margin]
    return field * (2 * sigma * np.sqrt(np.pi))


def made_up_slice(rng, length=256):
    """Return true labels and a prediction whose errors come in patches along the borders."""
    rock = smooth_field(rng, length, 3)
    cuts = (-1.2, -0.9, 1.5)
    seen = rock + 0.25 * smooth_field(rng, length, 2)
    return np.digitize(rock, cuts).astype(np.uint8), np.digitize(seen, cuts).astype(np.uint8)


@pytest.mark.slow
def test_the_interval_holds_the_true_score_in_about_95_percent_of_cases(rng):
    cases = [block_matrices(*made_up_slice(rng), 4, block_size=48) for _ in range(200)]
    everything = np.sum([blocks.sum(axis=0) for blocks in cases], axis=0)

    intervals = [bootstrap_iou(blocks, rng, n_resamples=500) for blocks in cases]

    low, high = (np.array([getattr(i, end) for i in intervals]) for end in ("low", "high"))
    coverage = ((low <= iou(everything)) & (iou(everything) <= high)).mean(axis=0)
    mean = mean_iou(everything)
    mean_coverage = np.mean([i.mean_low <= mean <= i.mean_high for i in intervals])
    assert ((coverage >= 0.90) & (coverage <= 0.99)).all(), coverage
    assert 0.90 <= mean_coverage <= 0.99


def test_the_interval_holds_the_score_itself_and_stays_in_range(rng):
    true, predicted = made_up_slice(rng)
    matrix = confusion_matrix(true, predicted, 4)

    result = bootstrap_iou(block_matrices(true, predicted, 4, block_size=32), rng)

    assert (result.low >= 0).all()
    assert (result.low <= iou(matrix)).all()
    assert (iou(matrix) <= result.high).all()
    assert (result.high <= 1).all()
    assert result.mean_low <= mean_iou(matrix) <= result.mean_high


@pytest.mark.parametrize("shape", [(256, 256), (200, 130), (5, 7)])
def test_blocks_add_up_to_the_slice(rng, shape):
    true = rng.choice([0, 1, 2, 3, IGNORED], shape).astype(np.uint8)
    predicted = rng.integers(0, 4, shape).astype(np.uint8)

    blocks = block_matrices(true, predicted, 4, block_size=64)

    assert len(blocks) == -(-shape[0] // 64) * -(-shape[1] // 64)
    np.testing.assert_array_equal(blocks.sum(axis=0), confusion_matrix(true, predicted, 4))


def test_blocks_nobody_labelled_are_left_out(rng):
    true = rng.integers(0, 4, (128, 128)).astype(np.uint8)
    true[:64] = IGNORED

    assert len(block_matrices(true, np.zeros_like(true), 4, block_size=64)) == 2


def test_more_slices_give_a_narrower_interval(rng):
    slices = [block_matrices(*made_up_slice(rng), 4, block_size=64) for _ in range(8)]

    one, eight = (bootstrap_iou(np.concatenate(s), rng) for s in (slices[:1], slices))

    assert eight.mean_high - eight.mean_low < one.mean_high - one.mean_low


def test_a_class_that_never_occurs_has_no_interval(rng):
    true = rng.integers(0, 2, (96, 96)).astype(np.uint8)

    result = bootstrap_iou(block_matrices(true, 1 - true, 4, block_size=32), rng)

    assert np.isnan(result.low[2:]).all()
    assert np.isnan(result.high[2:]).all()
    assert result.mean_low == result.mean_high == 0


def test_nothing_and_a_single_block_give_no_interval(rng):
    nothing = bootstrap_iou(np.zeros((0, 4, 4), np.int64), rng)
    single = bootstrap_iou(np.ones((1, 4, 4), np.int64), rng)

    for result in (nothing, single):
        assert np.isnan(result.low).all()
        assert np.isnan(result.mean_high)


def test_the_same_generator_gives_the_same_interval():
    blocks = block_matrices(*made_up_slice(np.random.default_rng(1)), 4, block_size=64)

    first, second = (bootstrap_iou(blocks, np.random.default_rng(7)) for _ in range(2))

    np.testing.assert_array_equal(first.low, second.low)


def test_different_shapes_are_refused():
    with pytest.raises(LabelError, match="labels measure 4 × 4 pixels"):
        block_matrices(np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8), 4)
