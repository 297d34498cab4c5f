"""Parts of a slice seen before all of it: made-up grey values, seen by the smallest network."""

import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.config import TilingConfig
from sandseg.grey.mapping import GreyMapping
from sandseg.model.store import list_models, load_model
from sandseg.predict.glimpse import CELL, Glimpses, Scout, cells_of, cells_painted, is_worth_it
from sandseg.predict.sight import look
from sandseg.predict.slices import Predictor
from sandseg.predict.teaching import gather, gather_early
from sandseg.teach.learning.classifier import learn
from sandseg.teach.learning.features import FeatureMaker

TINY = "sandstone-tiny"
pytestmark = pytest.mark.skipif(
    TINY not in {model.name for model in list_models()}, reason="the small model is not here"
)
SHAPE = 400, 500


@pytest.fixture(scope="module")
def model():
    return load_model(TINY)


@pytest.fixture(scope="module")
def maker(model):
    return FeatureMaker(model)


@pytest.fixture
def image(rng):
    smooth = rng.normal(size=(50, 63)).repeat(8, axis=0).repeat(8, axis=1)[: SHAPE[0], : SHAPE[1]]
    return np.clip(120 + 60 * smooth + rng.normal(0, 9, SHAPE), 1, 250).astype(np.uint8)


@pytest.fixture(params=[1.0, 0.7], ids=["as it is", "rescaled"])
def predictor(model, request):
    stride, mapping = model.unet.stride, GreyMapping(0, 255)
    tiling = TilingConfig()
    return Predictor(lambda _: 1 / 0, stride, model.classes, mapping, request.param, tiling)


@pytest.fixture
def sight(predictor, maker, image):
    return look(predictor, maker, image)


@pytest.fixture
def glimpses(predictor, image):
    return Glimpses(predictor, predictor.see(image))


def taught(sight, image):
    rows, columns = (axis.ravel()[::97] for axis in np.indices(image.shape))
    values = 1 + (image[rows, columns] > 120).astype(np.uint8)
    return learn(sight.at(rows, columns), values, np.arange(len(rows)), 2)


def test_a_part_shows_nearly_what_the_whole_slice_does(sight, glimpses, maker, image):
    classifier = taught(sight, image)
    for cell in [(0, 0), (1, 1), (2, 2)]:
        glimpses.add(maker, cell)
    rows, columns = (np.arange(0, length, 3) for length in SHAPE)

    part = glimpses.answer_at(classifier, rows, columns)

    whole = sight.answer_at(classifier, rows, columns)
    is_seen = (rows // CELL)[:, None] == (columns // CELL)
    assert (part.labels == whole.labels)[is_seen].mean() > 0.95
    assert np.abs(part.confidence - whole.confidence)[is_seen].mean() < 0.03


def test_what_nobody_looked_at_has_no_label_and_no_confidence(sight, glimpses, maker, image):
    glimpses.add(maker, (1, 0))
    rows, columns = (np.arange(0, length, 5) for length in SHAPE)

    found = glimpses.answer_at(taught(sight, image), rows, columns)

    is_seen = ((rows // CELL) == 1)[:, None] & ((columns // CELL) == 0)
    np.testing.assert_array_equal(found.labels == IGNORED, ~is_seen)
    np.testing.assert_array_equal(np.isnan(found.confidence), ~is_seen)


def test_what_is_painted_can_be_learned_from_before_all_of_the_slice_is_seen(
    sight, glimpses, maker
):
    values = np.zeros(SHAPE, np.uint8)
    values[20:24, 30:60], values[390:, 480:] = 1, 2
    for cell in cells_painted(values):
        glimpses.add(maker, cell)

    early, full = gather_early(glimpses, values), gather(sight, values)

    np.testing.assert_array_equal(early.values, full.values)
    np.testing.assert_array_equal(early.strokes, full.strokes)
    assert early.n_pixels == full.n_pixels
    assert np.abs(early.features - full.features).mean() < 0.2 * np.abs(full.features).mean()


def test_the_cells_that_are_painted_are_those_of_its_pixels(rng):
    values = np.zeros(SHAPE, np.uint8)
    values[rng.integers(0, 400, 4), rng.integers(0, 500, 4)] = 3

    assert cells_painted(values) == cells_of(*np.nonzero(values))
    assert not cells_painted(np.zeros(SHAPE, np.uint8))


def test_of_a_small_slice_no_part_is_looked_at_first():
    assert is_worth_it([(0, 0)], (1024, 996), 0.5)
    assert not is_worth_it([(0, 0)], (256, 256), 0.5)


def test_a_scout_sees_a_slice_bit_by_bit_as_one_who_sees_all_of_it(predictor, sight, maker, image):
    image[:, :40] = 0
    classifier, seen = taught(sight, image), predictor.see(image)
    scout, other = Scout(predictor, seen), Scout(predictor, seen)
    n_steps = 0
    while not scout.is_done:
        scout.go_on(maker)
        n_steps += 1
    other.take_all(look(predictor, maker, image))

    assert n_steps == 9
    found, expected = scout.probabilities(classifier), other.probabilities(classifier)
    assert np.abs(found - expected).mean() < 0.05
    np.testing.assert_array_equal(scout.unseen, other.unseen)
    assert scout.unseen[:, scout.columns < 40].all()
    assert scout.n_bytes < 2.5 * 2**20


def test_of_a_large_slice_a_scout_sees_a_spread_and_says_where_it_saw_nothing(model, maker, rng):
    large = np.clip(rng.normal(120, 30, (2000, 300)), 1, 250).astype(np.uint8)
    how = Predictor(lambda _: 1 / 0, model.unet.stride, model.classes, GreyMapping(0, 255))
    scout = Scout(how, how.see(large))
    while not scout.is_done:
        scout.go_on(maker)

    by_row = scout.unseen.all(axis=1)
    assert 0.3 < by_row.mean() < 0.6
    assert not by_row[0]
    assert not by_row[-1]
