import numpy as np
import pytest

from sandseg.score.paired import LEAST_STROKES, Paired, compare, stroke_score

VALUES = np.array([1, 1, 1, 1, 2, 2, 3, 3])


def test_a_class_counts_as_much_as_another_however_many_strokes_it_has():
    found = np.where(VALUES == 1, 0.5, 1.0)

    assert stroke_score(found, VALUES).accuracy == pytest.approx((0.5 + 1 + 1) / 3, abs=1e-4)
    assert stroke_score(np.repeat(found, 5), np.repeat(VALUES, 5)).accuracy == pytest.approx(
        (0.5 + 1 + 1) / 3, abs=1e-4
    )


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_limits_hold_the_score_and_close_in_with_more_strokes(share):
    few, many = (stroke_score(np.full(8 * n, share), np.tile(VALUES, n)) for n in (1, 20))

    for one in (few, many):
        assert 0 <= one.low <= one.accuracy <= one.high <= 1
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_limits_of_equal_classes_are_wilsons():
    one = stroke_score(np.r_[np.ones(8), 0, 0], np.tile([1, 2], 5))

    assert (one.low, one.high) == pytest.approx((0.4902, 0.9433), abs=1e-3)  # 8 of 10


def test_limits_hold_the_true_share_where_whole_strokes_are_right_or_wrong():
    rng = np.random.default_rng(0)
    values = np.tile([1, 2, 3], 6)
    held = 0
    for _ in range(400):
        found = (rng.random(values.size) < 0.85).astype(float)
        one = stroke_score(found, values)
        held += one.low <= 0.85 <= one.high
    assert held / 400 > 0.9


def test_one_that_finds_more_of_nearly_all_strokes_is_called_better():
    worse, better = np.full(8, 0.6), np.full(8, 0.9)

    assert "network is better" in compare(better, worse, VALUES).verdict
    assert "taught classifier is better" in compare(worse, better, VALUES).verdict
    assert "cannot be told apart" in compare(better, better, VALUES).verdict
    mixed = np.where(np.arange(8) % 2, worse, better)
    assert "cannot be told apart" in compare(mixed, mixed[::-1], VALUES).verdict


def test_of_too_few_strokes_nothing_is_claimed():
    n = LEAST_STROKES - 1

    found = compare(np.ones(n), np.zeros(n), VALUES[:n])

    assert found.is_too_little
    assert "too little to tell" in found.verdict
    assert not compare(np.ones(n + 1), np.zeros(n + 1), VALUES[: n + 1]).is_too_little


def test_a_difference_of_less_than_a_hundredth_is_none():
    found = compare(np.full(8, 0.905), np.full(8, 0.9), VALUES)

    assert (found.n_better, found.n_worse) == (0, 0)


@pytest.mark.parametrize(
    "damaged",
    [None, [], {}, {"network": 3}, {"n_strokes": "many"}, {"taught": {"accuracy": 9, "low": 0}}],
)
def test_only_what_was_written_is_read(damaged):
    found = compare(np.ones(8), np.zeros(8), VALUES)

    assert Paired.from_facts(found.facts | {"meaning": found.meaning}) == found
    facts = found.facts | damaged if isinstance(damaged, dict) and damaged else damaged
    assert Paired.from_facts(facts) is None
