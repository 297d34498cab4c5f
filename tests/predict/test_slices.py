from dataclasses import replace

import numpy as np
import pytest

from sandseg.config import TilingConfig, Treatment
from sandseg.grey.mapping import GreyMapping
from sandseg.model.engine import load_engine
from sandseg.model.store import load_model
from sandseg.predict.slices import Predictor, Progress, make_predictor, most_probable, predict_stack
from sandseg.scan.stack import Stack

PLAIN = GreyMapping(0, 255)


@pytest.fixture(scope="module")
def model(grey_model_folder):
    return load_model("grey", grey_model_folder)


@pytest.fixture(scope="module")
def predictor(model):
    return Predictor(load_engine(model), model.unet.stride, model.classes, PLAIN)


@pytest.fixture
def image(grey_noise):
    return grey_noise(37, 53)


@pytest.fixture
def scan(grey_noise):
    return Stack.from_array(grey_noise(3, 40, 50))


@pytest.mark.parametrize("shape", [(1, 2), (33, 47), (64, 64), (31, 200)])
def test_each_pixel_gets_the_label_of_its_own_grey(grey_noise, predictor, nearest_grey, shape):
    image = grey_noise(*shape)

    found = replace(predictor, tiling=TilingConfig(32, 8)).predict(image)

    assert (found.labels.dtype, found.confidence.dtype) == (np.uint8, np.float32)
    np.testing.assert_array_equal(found.labels, nearest_grey(image / 255))
    assert found.confidence.shape == shape
    assert 0.25 <= found.confidence.min() <= found.confidence.max() <= 1


def test_the_same_grey_on_another_scale_is_the_same_label(image, predictor):
    wide = image.astype(np.uint16) * 100 + 3000

    found = replace(predictor, mapping=GreyMapping(3000, 28500)).predict(wide)

    expected = predictor.predict(image)
    np.testing.assert_array_equal(found.labels, expected.labels)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.finfo(np.float32).max])
def test_one_missing_pixel_is_labelled_like_its_neighbours(image, predictor, value):
    broken = image.astype(np.float32)
    broken[3, 4], broken[20, 30] = image[3, 5], image[20, 31]
    expected = predictor.predict(broken)
    broken[3, 4] = broken[20, 30] = value

    found = predictor.predict(broken)

    assert (found.labels != expected.labels).sum() <= 2
    assert found.unseen is None


@pytest.mark.parametrize("value", [np.nan, 255, 1e9])
def test_what_is_painted_over_is_pore_of_no_confidence_and_leaves_the_rest(predictor, rng, value):
    image = rng.integers(60, 200, (60, 80)).astype(np.float32)
    painted = image.copy()
    painted[:, :20] = value

    found = predictor.predict(painted)

    np.testing.assert_array_equal(found.unseen, np.isin(np.arange(80), range(20)) & (image > 0))
    assert not found.labels[found.unseen].any()
    assert not found.confidence[found.unseen].any()
    np.testing.assert_array_equal(found.labels[:, 20:], predictor.predict(image).labels[:, 20:])


def test_a_stack_gives_what_its_slices_give(scan, predictor):
    found = list(predict_stack(scan, predictor))

    assert len(found) == 3
    for z, prediction in enumerate(found):
        alone = predictor.predict(scan.read_slice(z))
        np.testing.assert_array_equal(prediction.labels, alone.labels)
        np.testing.assert_array_equal(prediction.confidence, alone.confidence)


def test_a_blank_slice_of_a_stack_is_segmented_like_the_rest(image, predictor):
    scan = Stack.from_array(np.stack([image, np.zeros_like(image)]))

    found = list(predict_stack(scan, predictor))

    assert not found[1].labels.any()


@pytest.mark.parametrize("value", [np.nan, 255, -np.inf])
def test_a_slice_that_shows_nothing_is_unseen(image, predictor, value):
    found = predictor.predict(np.full(image.shape, value, np.float32))

    assert found.unseen.all()
    assert not found.labels.any()


def test_progress_counts_each_slice_once_it_was_taken(scan, predictor):
    told = []

    for n_taken, _ in enumerate(predict_stack(scan, predictor, told.append)):
        assert len(told) == n_taken

    assert [(progress.n_done, progress.n_slices) for progress in told] == [(1, 3), (2, 3), (3, 3)]
    assert told[-1].seconds_left == 0


def test_the_time_left_follows_from_the_speed_so_far():
    assert Progress(n_done=2, n_slices=10, seconds=3.0).seconds_left == pytest.approx(12)
    assert Progress(n_done=0, n_slices=10, seconds=0.0).seconds_left == 0


def test_a_label_is_the_most_probable_class_and_the_first_of_equals(rng):
    probabilities = rng.dirichlet(np.ones(4), (20, 30)).astype(np.float32)
    probabilities[0, 0] = 0.25

    found = most_probable(probabilities)

    np.testing.assert_array_equal(found.labels, probabilities.argmax(axis=-1))
    np.testing.assert_array_equal(found.confidence, probabilities.max(axis=-1))


def test_a_predictor_is_made_as_the_treatment_says(scan, model):
    by_hand = make_predictor(scan, model, Treatment("10,90"))
    coarse = Stack.from_array(scan.read_slice(0), voxel_size_um=4.0)
    known = replace(model, card=model.card | {"usual": {"voxel_size_um": 2.0}})

    assert (by_hand.mapping.low, by_hand.mapping.high, by_hand.zoom) == (10, 90, 1.0)
    assert make_predictor(coarse, known, Treatment(is_rescaled=True)).zoom == 2.0
