"""The features of pixels."""

import numpy as np
import pytest

from sandseg.data.any_rock import draw_slice
from sandseg.model.engine import load_engine
from sandseg.model.store import load_model
from sandseg.teach.learning.features import FeatureMaker
from sandseg.teach.learning.regression import n_log_probabilities


@pytest.fixture(scope="module")
def model():
    return load_model("rock-any")


@pytest.fixture(scope="module")
def tiles():
    return draw_slice(128, np.random.default_rng(3))[0][None, :96, :, None]


@pytest.fixture(scope="module")
def features(model, tiles):
    return FeatureMaker(model)(tiles)


def test_the_first_are_the_log_probabilities_of_the_network(model, tiles, features):
    logs = np.asarray(features)[..., :4]

    np.testing.assert_allclose(np.exp(logs), load_engine(model)(tiles), atol=5e-3)
    assert n_log_probabilities(np.asarray(features).reshape(-1, features.shape[-1])) == 4


def test_those_of_pixels_are_those_of_the_whole(features):
    rows, columns = np.array([0, 17, 95]), np.array([127, 4, 60])

    found = features.at(rows, columns)

    np.testing.assert_array_equal(found, np.asarray(features)[0, rows, columns])
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (np.s_[5:40], np.s_[8:90]),
        (np.s_[3::4], np.s_[1::4]),
        (np.array([0, 50, 51]), np.array([127, 2, 2])),
    ],
)
def test_a_part_is_cut_from_the_whole(features, rows, columns):
    part = features.part(rows, columns)

    expected = np.asarray(features)[:, rows][:, :, columns]
    np.testing.assert_array_equal(np.asarray(part), expected)
    assert part.shape == expected.shape


def test_a_part_of_a_part_is_a_part(features):
    once = features.part(np.s_[10:60:2], np.s_[20:]).part(np.s_[5:], np.s_[::3])

    np.testing.assert_array_equal(np.asarray(once), np.asarray(features)[:, 20:60:2, 20::3])


def test_a_slice_of_a_megapixel_takes_less_than_60_megabytes(features):
    n_pixels = features.shape[1] * features.shape[2]

    assert features.nbytes / n_pixels * 1024 * 1024 < 60e6


def test_the_same_tile_has_the_same_features_again(model, tiles, features):
    np.testing.assert_array_equal(np.asarray(FeatureMaker(model)(tiles)), np.asarray(features))
