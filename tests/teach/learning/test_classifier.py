"""Learning from strokes."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from sandseg.data.any_rock import draw_slice
from sandseg.errors import TrainingError
from sandseg.model.store import load_model
from sandseg.score.metrics import confusion_matrix, iou
from sandseg.teach.learning.classifier import (
    OWN_CLASSES,
    RECIPES,
    Painted,
    Start,
    choose_recipe,
    fold_numbers,
    learn,
)
from sandseg.teach.learning.features import FeatureMaker
from sandseg.teach.learning.pixel_classifier import Classifier

SIZE = 128
DATA = Path(os.environ.get("SANDSEG_DATA", "../shared/data"))


@pytest.fixture(scope="module")
def rock():
    """A made-up slice with pores, its (Y, X) labels 0 pore and 1 solid, and its features."""
    grey, labels = draw_slice(SIZE, np.random.default_rng(4))
    features = FeatureMaker(load_model("rock-any"))(grey[None, ..., None])
    return (labels > 0).astype(np.uint8), features


def squares(labels, n_each, seed=0):
    """Paint squares of 4 × 4 pixels inside each class: places, values and strokes."""
    rng, values = np.random.default_rng(seed), np.zeros(labels.shape, np.uint8)
    numbers = np.zeros(labels.shape, int)
    for value in np.unique(labels):
        n_painted = 0
        for _ in range(5000):
            y, x = rng.integers(0, SIZE - 4, 2)
            spot = np.s_[y : y + 4, x : x + 4]
            if n_painted < n_each and (labels[spot] == value).all() and not values[spot].any():
                n_painted += 1
                values[spot], numbers[spot] = value + 1, numbers.max() + 1
    places = np.nonzero(values)
    return places, values[places], numbers[places]


def answer(classifier, features):
    return classifier.probabilities(features)[0].argmax(axis=-1)


def test_a_few_strokes_find_the_pores_of_a_rock(rock):
    labels, features = rock
    places, values, strokes = squares(labels, 4)

    classifier = learn(features.at(*places), values, strokes, 2)

    found = iou(confusion_matrix(labels, answer(classifier, features).astype(np.uint8), 2))
    assert found[0] > 0.8


def test_classes_the_network_does_not_know_are_learned_from_the_filters(rock):
    _, features = rock
    labels = np.zeros((SIZE, SIZE), np.uint8)
    smooth = np.asarray(features)[0, ..., 9]  # the widest of the fine filters
    labels[smooth > np.median(smooth)] = 1
    solid = np.asarray(features)[0, ..., 0] < np.log(0.1)
    places, values, strokes = squares(np.where(solid, labels, 2), 8)
    use = values < 3

    classifier = learn(features.at(*(axis[use] for axis in places)), values[use], strokes[use], 2)

    right = answer(classifier, features)[solid] == labels[solid]
    assert str(classifier.recipe) != RECIPES[0].name
    assert right.mean() > 0.85


def test_the_same_strokes_teach_the_same_bit_for_bit_and_kept_they_stay_so(rock, tmp_path):
    labels, features = rock
    places, values, strokes = squares(labels, 5)
    painted = features.at(*places), values, strokes, 2

    once, again = learn(*painted), learn(*painted)
    once.save(tmp_path / "classifier.npz")
    kept = Classifier.load(tmp_path / "classifier.npz")

    for name, numbers in vars(once).items():
        np.testing.assert_array_equal(numbers, getattr(again, name))
        np.testing.assert_array_equal(numbers, getattr(kept, name))
    np.testing.assert_array_equal(kept.probabilities(features), once.probabilities(features))


def test_how_strokes_are_numbered_does_not_matter(rock):
    labels, features = rock
    places, values, strokes = squares(labels, 5)

    one = learn(features.at(*places), values, strokes, 2)
    other = learn(features.at(*places), values, 1000 - strokes, 2)

    np.testing.assert_array_equal(one.weights, other.weights)


def test_a_class_that_is_painted_nowhere_is_never_answered(rock):
    labels, features = rock
    places, values, strokes = squares(labels, 4)
    values = np.where(values == 2, 3, values)

    classifier = learn(features.at(*places), values, strokes, 3)

    assert classifier.probabilities(features)[..., 1].max() < 1e-6


def test_one_class_alone_cannot_be_told_apart(rock):
    _, features = rock

    with pytest.raises(TrainingError, match="nothing to tell apart"):
        learn(features.at(np.arange(5), np.arange(5)), np.full(5, 2, np.uint8), np.arange(5), 2)


def test_whole_strokes_are_held_back_and_each_fold_has_all_classes():
    values = np.repeat([1, 2, 1, 2, 1, 2, 2], 5).astype(np.uint8)
    strokes = np.repeat(np.arange(7), 5)

    folds = fold_numbers(Painted(np.zeros((35, 1)), values, strokes))

    for stroke in range(7):
        assert np.unique(folds[strokes == stroke]).size == 1
    for fold in np.unique(folds):
        assert set(values[folds == fold]) == {1, 2}


def test_a_class_with_one_stroke_cannot_be_held_back():
    values = np.array([1, 1, 2], np.uint8)

    assert fold_numbers(Painted(np.zeros((3, 1)), values, np.array([1, 2, 3]))) is None


def test_without_a_network_only_strokes_count():
    features = np.random.default_rng(0).normal(2, 1, (40, 6)).astype(np.float32)
    values = np.repeat([1, 2], 20).astype(np.uint8)

    assert choose_recipe(Painted(features, values, np.arange(40)), 2) is RECIPES[-1]


@pytest.mark.parametrize(("is_known", "n_each"), [(True, 1), (True, 6), (False, 1), (False, 6)])
def test_a_network_is_believed_where_it_tells_the_painted_classes_apart(rock, is_known, n_each):
    labels, features = rock
    around = np.asarray(features)[0, ..., -14]  # the share of pores around
    dense = 1 + (around > np.median(around[labels == 1])).astype(np.uint8)
    shown = labels if is_known else np.where(labels == 0, 0, dense)
    places, values, strokes = squares(shown, n_each)

    found = choose_recipe(Painted(features.at(*places), values, strokes), int(shown.max()) + 1)

    assert (found == OWN_CLASSES) is not is_known


def test_a_class_the_network_does_not_know_can_be_added_to_its_own(rock):
    labels, features = rock
    everywhere = np.asarray(features)[0]
    own = everywhere[..., :4].argmax(axis=-1)
    smooth = everywhere[..., 9]
    is_new = (own == 2) & (smooth > np.quantile(smooth[own == 2], 0.8))  # the brightest grains
    places = np.nonzero(is_new)
    strokes = ndimage.label(is_new)[0][places]
    start = Start(everywhere[::4, ::4].reshape(-1, features.shape[-1]), np.eye(4, 5), own.size)

    classifier = learn(features.at(*places), np.full(len(strokes), 5, np.uint8), strokes, 5, start)

    found = answer(classifier, features)
    assert (found[is_new] == 4).mean() > 0.7
    assert (found[labels == 0] == own[labels == 0]).mean() > 0.97


def test_strokes_of_one_class_correct_the_network_and_spoil_nothing_else():
    image = DATA / "sandstone" / "images" / "Sandstone_Versa0150.tif"
    if not image.exists():
        pytest.skip("the real slices are not at hand")
    window = np.s_[300:812, 300:812]
    grey = tifffile.imread(image)[window].astype(np.float32) / 255
    mask = tifffile.imread(DATA / "sandstone" / "masks" / image.name)[window]
    colors = [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 0)]
    true = np.argmax([(mask == color).all(axis=-1) for color in colors], axis=0)
    features = FeatureMaker(load_model("sandstone-compact"))(grey[None, ..., None])
    own = np.asarray(features)[0, ..., :4].argmax(axis=-1)
    missed, _ = ndimage.label((true == 1) & (own != 1), np.ones((3, 3)))  # clay, not found
    largest = np.argsort(-np.bincount(missed.ravel())[1:])[:3] + 1
    places = np.nonzero(np.isin(missed, largest))
    drawn = np.random.default_rng(0).integers(0, 512, (2, 2000))
    start = Start(features.at(*drawn), np.eye(4, dtype=np.float32), own.size)

    values = np.full(len(places[0]), 2, np.uint8)
    classifier = learn(features.at(*places), values, missed[places], 4, start)

    found = answer(classifier, features)
    before = iou(confusion_matrix(true.astype(np.uint8), own.astype(np.uint8), 4))
    after = iou(confusion_matrix(true.astype(np.uint8), found.astype(np.uint8), 4))
    assert (found[places] == 1).mean() > 0.7
    assert after.mean() > before.mean() - 0.01
    assert (after > before - 0.03).all()
