from dataclasses import replace

import numpy as np
import pytest

from sandseg.classes import IGNORED
from sandseg.errors import ConfigError, LabelError, ModelError, TrainingError
from sandseg.predict import forest as baselines
from sandseg.predict.forest import ForestConfig, PixelClassifier, pixel_features, train_forest
from sandseg.score.metrics import confusion_matrix, mean_iou

SMALL = ForestConfig(n_trees=5, pixels_per_slice=2000, sigma_max=4.0, median_radii=(2,))


def made_up_rock(rng, shape=(80, 100)):
    """Return a noisy (Y, X) uint8 slice of four stripes, and its labels."""
    labels = np.repeat(np.arange(4), shape[1] // 4)[None].repeat(shape[0], axis=0)
    grey = np.array([15, 85, 125, 240])[labels] + rng.normal(0, 12, labels.shape)
    return np.clip(grey, 0, 255).astype(np.uint8), labels.astype(np.uint8)


@pytest.fixture(scope="module")
def forest():
    image, labels = made_up_rock(np.random.default_rng(1))
    return train_forest([image], [labels], SMALL)


def test_a_forest_learns_a_rock_it_can_generalize_from(forest, rng):
    image, labels = made_up_rock(rng)

    probabilities = forest.predict(image)

    assert probabilities.shape == (*image.shape, 4)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-5)
    assert mean_iou(confusion_matrix(labels, probabilities.argmax(axis=-1), 4)) > 0.9


def test_bytes_and_fractions_of_white_are_the_same_slice(forest, rng):
    image, _ = made_up_rock(rng)

    np.testing.assert_allclose(
        forest.predict(image), forest.predict(image / np.float32(255)), atol=0.02
    )


def test_a_slice_predicted_in_bands_has_no_seams(forest, rng, monkeypatch):
    image, _ = made_up_rock(rng, (150, 60))
    whole = forest.predict(image)

    monkeypatch.setattr(baselines, "BAND_ROWS", 40)

    np.testing.assert_allclose(forest.predict(image), whole, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (5, 33), (40, 1)])
def test_a_slice_of_any_size_is_predicted(forest, shape):
    assert forest.predict(np.full(shape, 120, np.uint8)).shape == (*shape, 4)


def test_a_saved_forest_predicts_the_same(forest, rng, tmp_path):
    image, _ = made_up_rock(rng)
    forest.save(tmp_path / "forest.npz")

    loaded = PixelClassifier.load(tmp_path / "forest.npz")

    assert loaded.config == forest.config
    np.testing.assert_array_equal(loaded.predict(image), forest.predict(image))
    assert [path.name for path in tmp_path.iterdir()] == ["forest.npz"]


def test_the_same_seed_grows_the_same_forest(forest):
    image, labels = made_up_rock(np.random.default_rng(1))

    again = train_forest([image], [labels], SMALL)

    np.testing.assert_array_equal(again.trees.threshold, forest.trees.threshold)


def test_pixels_nobody_labelled_teach_nothing(rng):
    image, labels = made_up_rock(rng)
    labels[labels == 3] = IGNORED

    probabilities = train_forest([image], [labels], SMALL).predict(image)

    assert not probabilities[..., 3].any()


@pytest.mark.parametrize("config", [ForestConfig(), SMALL, ForestConfig(median_radii=())])
def test_the_number_of_features_is_known_beforehand(config):
    features = pixel_features(np.zeros((9, 11), np.uint8), config)

    assert features.shape == (9, 11, config.n_features)
    assert features.dtype == np.float32


def test_a_missing_or_damaged_forest_is_refused(forest, tmp_path):
    path = tmp_path / "forest.npz"
    with pytest.raises(ModelError, match="forest.npz is missing or damaged"):
        PixelClassifier.load(path)

    forest.save(path)
    whole = path.read_bytes()
    for damaged in (b"", b"no forest", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ModelError, match="missing or damaged"):
            PixelClassifier.load(path)


def test_a_forest_whose_nodes_lead_astray_is_refused(forest, tmp_path):
    skip = forest.trees.skip.copy()
    skip[0] = 10**6
    broken = replace(forest, trees=replace(forest.trees, skip=skip))
    broken.save(tmp_path / "forest.npz")

    with pytest.raises(ModelError, match="missing or damaged"):
        PixelClassifier.load(tmp_path / "forest.npz")


def test_pickled_objects_are_refused(tmp_path):
    np.savez(tmp_path / "forest.npz", config=np.array([{"n_trees": 1}], dtype=object))

    with pytest.raises(ModelError, match="missing or damaged"):
        PixelClassifier.load(tmp_path / "forest.npz")


def test_labels_of_another_size_are_refused(rng):
    image, labels = made_up_rock(rng)

    with pytest.raises(LabelError, match="80 × 100 pixels has labels of another size"):
        train_forest([image], [labels[1:]], SMALL)


def test_a_single_class_is_nothing_to_learn_from(rng):
    image, labels = made_up_rock(rng)

    with pytest.raises(TrainingError, match="fewer than two classes"):
        train_forest([image], [np.zeros_like(labels)], SMALL)


def test_impossible_settings_are_refused():
    with pytest.raises(ConfigError, match="n trees is 0, but at least 1"):
        ForestConfig(n_trees=0)
    with pytest.raises(ConfigError, match="from 4 to 2 px leave no scale"):
        ForestConfig(sigma_min=4, sigma_max=2)


def test_the_shipped_forest_finds_the_classes_of_the_real_sandstone(sandstone_dir):
    from sandseg.model.store import models_folder
    from sandseg.scan.formats import open_stack
    from sandseg.scan.labels.read import read_labels

    forest = PixelClassifier.load(models_folder() / "random-forest" / "forest.npz")
    image_path, mask_path = (  # the validation slice
        next((sandstone_dir / kind).glob("*0150.tif")) for kind in ("images", "masks")
    )
    with open_stack(image_path) as stack:
        image = stack.read_slice(0)
    inner = np.s_[400:656, 400:656]

    predicted = forest.predict(image[inner]).argmax(axis=-1)

    true = read_labels(mask_path)[0][inner]
    assert mean_iou(confusion_matrix(true, predicted, 4)) > 0.88
