"""Slices whose features are kept: made-up grey values, seen by the smallest shipped network."""

from dataclasses import replace

import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.config import TilingConfig
from sandseg.grey.mapping import GreyMapping
from sandseg.model.store import list_models, load_model
from sandseg.predict.sight import look
from sandseg.predict.slices import Predictor, most_probable
from sandseg.teach.learning.classifier import learn
from sandseg.teach.learning.features import FeatureMaker

TINY = "sandstone-tiny"
pytestmark = pytest.mark.skipif(
    TINY not in {model.name for model in list_models()}, reason="the small model is not here"
)


@pytest.fixture(scope="module")
def model():
    return load_model(TINY)


@pytest.fixture(scope="module")
def maker(model):
    return FeatureMaker(model)


@pytest.fixture
def image(rng):
    smooth = rng.normal(size=(19, 23)).repeat(8, axis=0).repeat(8, axis=1)
    return np.clip(120 + 60 * smooth + rng.normal(0, 9, smooth.shape), 1, 250).astype(np.uint8)


@pytest.fixture
def predictor(model):
    def make(tiling=model.unet.tiling, zoom=1.0):
        stride, mapping = model.unet.stride, GreyMapping(0, 255)
        return Predictor(lambda _: 1 / 0, stride, model.classes, mapping, zoom, tiling)

    return make


def taught(sight, image):
    rows, columns = (axis.ravel()[::37] for axis in np.indices(image.shape))
    values = 1 + (image[rows, columns] > 120).astype(np.uint8)
    return learn(sight.at(rows, columns), values, np.arange(len(rows)), 2)


@pytest.mark.parametrize(
    ("tiling", "zoom"),
    [(TilingConfig(), 1.0), (TilingConfig(96, 32), 1.0), (TilingConfig(96, 32), 0.7)],
    ids=["one tile", "tiles", "rescaled tiles"],
)
def test_the_whole_slice_is_answered_as_a_model_that_was_taught_the_same_does(
    predictor, maker, image, model, tiling, zoom
):
    how = predictor(tiling, zoom)
    sight = look(how, maker, image)
    classifier = taught(sight, image)
    network = lambda tiles: classifier.probabilities(maker(tiles))  # noqa: E731
    classes = model.classes[:2]
    as_model = replace(how, network=network, classes=classes).predict(image)

    found = sight.predict(classifier, classes)

    np.testing.assert_array_equal(found.labels, as_model.labels)
    np.testing.assert_array_equal(found.confidence, as_model.confidence)


def test_a_part_is_answered_as_the_whole_slice(predictor, maker, image, model):
    sight = look(predictor(), maker, image)
    classifier = taught(sight, image)
    whole = sight.predict(classifier, model.classes[:2]).labels
    rows, columns = np.arange(3, 140, 4), np.arange(10, 180, 2)

    part = sight.answer_at(classifier, rows, columns).labels

    np.testing.assert_array_equal(part, whole[np.ix_(rows, columns)])


def test_where_tiles_overlap_a_part_is_nearly_that_of_the_whole_slice(
    predictor, maker, image, model
):
    sight = look(predictor(TilingConfig(96, 32)), maker, image)
    classifier = taught(sight, image)
    whole = sight.predict(classifier, model.classes[:2]).labels

    part = sight.answer_at(classifier, *map(np.arange, image.shape)).labels

    assert (part == whole).mean() > 0.98


def test_features_of_a_pixel_are_those_the_answer_is_made_of(predictor, maker, image):
    sight = look(predictor(TilingConfig(96, 32)), maker, image)
    classifier = taught(sight, image)
    rows, columns = np.array([0, 50, 151, 80]), np.array([0, 183, 90, 91])

    found = most_probable(classifier.probabilities(sight.at(rows, columns))[None]).labels[0]

    part = sight.answer_at(classifier, rows, columns).labels
    np.testing.assert_array_equal(found, part.diagonal())


def test_what_was_painted_over_has_no_label(predictor, maker, image, model):
    image[:, :50] = 0
    sight = look(predictor(), maker, image)
    classifier = taught(sight, image)
    whole = sight.predict(classifier, model.classes[:2]).seen_labels

    part = sight.answer_at(classifier, *map(np.arange, image.shape)).labels

    np.testing.assert_array_equal(part, whole)
    assert (part[:, :50] == IGNORED).all()


def test_somebody_else_may_end_the_work(predictor, maker, image, model):
    class NewerStroke(Exception):  # noqa: N818
        pass

    def between():
        raise NewerStroke

    sight = look(predictor(), maker, image)
    with pytest.raises(NewerStroke):
        sight.predict(taught(sight, image), model.classes[:2], between)
