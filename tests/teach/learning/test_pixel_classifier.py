"""What was learned, as numbers: how it answers, and how it is kept."""

import numpy as np
import pytest

from sandseg.errors import ModelError
from sandseg.teach.learning.features import SCALES, TileFeatures
from sandseg.teach.learning.pixel_classifier import ROWS_AT_ONCE, Classifier
from sandseg.teach.learning.regression import softmax

N_LOGS, N_CLASSES = 3, 2
N_OF_GRID = (5, 4, 3)  # features on each grid, the log-probabilities among the first
SHAPE = (2, ROWS_AT_ONCE + 24, 40)


@pytest.fixture(scope="module")
def features():
    """Random features of two tiles, on all grids."""
    rng = np.random.default_rng(0)
    grids = []
    for n, scale in zip(N_OF_GRID, SCALES, strict=True):
        height, width = SHAPE[1] // scale, SHAPE[2] // scale
        grids.append(rng.normal(0, 1, (SHAPE[0], n, height, width)).astype(np.float16))
    own = softmax(grids[0][:, :N_LOGS].astype(np.float32).transpose(0, 2, 3, 1))
    grids[0][:, :N_LOGS] = np.log(own).transpose(0, 3, 1, 2)
    return TileFeatures(tuple(grids), np.arange(SHAPE[1]), np.arange(SHAPE[2]))


def classifier(n_segments=2, trust=1.0):
    rng, n_features = np.random.default_rng(1), sum(N_OF_GRID)
    knots = np.sort(rng.normal(0, 1, (n_segments + 1, n_features)), axis=0)
    matching = rng.random((N_LOGS, N_CLASSES))
    return Classifier(
        knots.astype(np.float32),
        rng.normal(0, 1, (n_segments, n_features, N_CLASSES)).astype(np.float32),
        rng.normal(0, 1, N_CLASSES).astype(np.float32),
        (matching / matching.sum(axis=1, keepdims=True)).astype(np.float32),
        np.array(trust, np.float32),
        np.array("made up"),
    )


def by_hand(given, pixel):
    """Return (C,) probabilities of one pixel with (F,) features, in the words of the docstring."""
    scores = given.bias.astype(float)
    for low, high, weights in zip(given.knots[:-1], given.knots[1:], given.weights, strict=True):
        scores = scores + (np.clip(pixel, low, high) - low) @ weights
    scores = scores + given.trust * np.log(np.exp(pixel[:N_LOGS]) @ given.matching)
    return softmax(scores)


@pytest.mark.parametrize("trust", [0.0, 1.0])
@pytest.mark.parametrize("n_segments", [1, 3])
def test_a_pixel_is_answered_as_by_hand(features, n_segments, trust):
    given = classifier(n_segments, trust)

    found = given.probabilities(features)

    pixels = np.asarray(features)
    for place in [(0, 0, 0), (1, 70, 39), (0, ROWS_AT_ONCE, 13)]:
        np.testing.assert_allclose(found[place], by_hand(given, pixels[place]), atol=1e-4)
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-5)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (np.s_[:], np.s_[:]),
        (np.s_[2::4], np.s_[3::4]),
        (np.s_[10:71], np.s_[5:6]),
        (np.array([80, 3, 4, 4]), np.array([39, 0])),
    ],
)
def test_answers_in_parts_are_those_of_the_whole(features, rows, columns):
    given = classifier()
    whole = given.probabilities(features)

    part = given.probabilities(features.part(rows, columns))
    one_by_one = given.probabilities(np.asarray(features.part(rows, columns)))

    np.testing.assert_allclose(part, whole[:, rows][:, :, columns], atol=1e-5)
    np.testing.assert_allclose(one_by_one, part, atol=1e-4)


def test_what_was_kept_answers_bit_for_bit_the_same(features, tmp_path):
    given = classifier()
    given.save(tmp_path / "classifier.npz")

    kept = Classifier.load(tmp_path / "classifier.npz")

    np.testing.assert_array_equal(kept.probabilities(features), given.probabilities(features))


@pytest.mark.parametrize("content", [b"", b"no numbers", None])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "classifier.npz"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ModelError, match=r"classifier\.npz is missing or damaged"):
        Classifier.load(path)


WRONG = {
    "another number of classes": {"bias": np.zeros(5, np.float32)},
    "no number": {"bias": np.full(N_CLASSES, np.nan, np.float32)},
    "more precise than said": {"knots": np.zeros((3, sum(N_OF_GRID)))},
    "too few segments": {"weights": np.zeros((1, sum(N_OF_GRID), N_CLASSES), np.float32)},
    "more matched than there are": {"matching": np.zeros((99, N_CLASSES), np.float32)},
    "trust in each class": {"trust": np.ones(N_CLASSES, np.float32)},
    "text": {"weights": np.array("weights")},
    "code": {"bias": np.array([print], dtype=object)},
}


@pytest.mark.parametrize("name", WRONG)
def test_numbers_that_do_not_fit_together_are_refused(tmp_path, name):
    np.savez(tmp_path / "classifier.npz", **(vars(classifier()) | WRONG[name]))

    with pytest.raises(ModelError, match="missing or damaged"):
        Classifier.load(tmp_path / "classifier.npz")
