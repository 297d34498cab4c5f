from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from sandseg.predict.trees import LEAF, from_sklearn, to_sklearn

N_FEATURES = 6


@pytest.fixture(scope="module")
def forest():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(3000, N_FEATURES)).astype(np.float32)
    classes = np.digitize(features[:, 0] * features[:, 1] + 0.3 * features[:, 2], [-0.5, 0.5])
    return RandomForestClassifier(5, min_samples_leaf=3, random_state=0).fit(features, classes)


@pytest.fixture(scope="module")
def arrays(forest):
    return from_sklearn([one.tree_ for one in forest.estimators_], forest.classes_, 3)


def test_rebuilt_trees_predict_what_the_trained_ones_did(forest, arrays, rng):
    features = rng.normal(size=(5000, N_FEATURES)).astype(np.float32)

    trees = to_sklearn(arrays, N_FEATURES)

    for trained, rebuilt in zip(forest.estimators_, trees, strict=True):
        np.testing.assert_array_equal(trained.apply(features), rebuilt.apply(features))
        shares = trained.predict_proba(features)
        np.testing.assert_allclose(rebuilt.predict(features), shares, atol=0.5001 / 255)


def test_pixels_right_on_a_threshold_go_the_same_way(forest, arrays):
    tree = forest.estimators_[0].tree_
    splits = tree.children_left >= 0
    near = tree.threshold[splits].astype(np.float32)
    values = np.concatenate([near, np.nextafter(near, np.float32(9)), np.nextafter(near, -near)])
    features = np.repeat(values[:, None], N_FEATURES, axis=1)

    rebuilt = to_sklearn(arrays, N_FEATURES)[0]

    np.testing.assert_array_equal(tree.apply(features), rebuilt.apply(features))


def test_a_class_nobody_labelled_has_no_share(forest):
    trees = [one.tree_ for one in forest.estimators_]

    arrays = from_sklearn(trees, np.array([0, 2, 3]), 4)

    assert arrays.shares.shape[1] == 4
    assert not arrays.shares[:, 1].any()
    assert arrays.is_sound(N_FEATURES, 4)


def test_trained_trees_are_sound(arrays):
    assert arrays.is_sound(N_FEATURES, 3)
    assert not arrays.is_sound(N_FEATURES, 4)  # other classes
    assert not arrays.is_sound(2, 3)  # other features


def changed(values, position, value):
    copy = values.copy()
    copy[position] = value
    return copy


@pytest.mark.parametrize(
    "damage",
    [
        lambda a: replace(a, skip=changed(a.skip, 0, 0)),  # a node that is its own child
        lambda a: replace(a, skip=changed(a.skip, 0, a.n_nodes[0])),  # into the next tree
        lambda a: replace(a, skip=changed(a.skip, -1, 2**32 - 1)),  # out of the array
        lambda a: replace(a, feature=changed(a.feature, -1, 0)),  # a split without children
        lambda a: replace(a, feature=changed(a.feature, 0, LEAF - 1)),  # no such feature
        lambda a: replace(a, n_nodes=changed(a.n_nodes, 0, a.n_nodes[0] + 2)),
        lambda a: replace(a, n_nodes=changed(a.n_nodes, 0, -1)),
        lambda a: replace(a, threshold=a.threshold[1:]),
        lambda a: replace(a, shares=a.shares[:-1]),
        lambda a: replace(a, n_nodes=a.n_nodes[:0]),
    ],
)
def test_trees_that_lead_astray_are_found_out(arrays, damage):
    assert not damage(arrays).is_sound(N_FEATURES, 3)
