import json
import shutil

import numpy as np
import pytest

from sandseg.classes import SANDSTONE
from sandseg.errors import LabelError, ModelError
from sandseg.model.store import DEFAULT_MODEL, write_card
from sandseg.predict.forest import ForestConfig, train_forest
from sandseg.predict.methods import (
    FOREST_FILE,
    MULTI_OTSU,
    RANDOM_FOREST,
    find_method,
    list_methods,
    load_segmenter,
    timed,
    warm_up,
)
from sandseg.predict.otsu import multi_otsu


@pytest.fixture(scope="session")
def forest_folder(small_phantom, tmp_path_factory):
    """A folder with a forest of three trees that learned from slices 0001 and 0002."""
    folder = tmp_path_factory.mktemp("forest") / RANDOM_FOREST
    folder.mkdir()
    config = ForestConfig(n_trees=3, sigma_min=1, sigma_max=4, pixels_per_slice=2000)
    forest = train_forest(small_phantom.image[1:3], small_phantom.labels[1:3], config)
    forest.save(folder / FOREST_FILE)
    write_card(folder, {"data": {"training_slices": ["0001", "0002"]}}, [FOREST_FILE])
    return folder


@pytest.fixture
def folder(forest_folder, grey_model_folder, tmp_path):
    """Thresholds, forest and one network."""
    shutil.copytree(forest_folder, tmp_path / RANDOM_FOREST)
    shutil.copytree(grey_model_folder / "grey", tmp_path / "grey")
    return tmp_path


@pytest.fixture
def grey(small_phantom):
    return small_phantom.image[5] / np.float32(255)


def names(folder):
    return [method.name for method in list_methods(folder)]


def test_methods_are_listed_from_the_simplest_on(folder):
    assert names(folder) == [MULTI_OTSU, RANDOM_FOREST, "grey"]


def test_thresholds_need_no_files(tmp_path):
    assert names(tmp_path) == [MULTI_OTSU]


def test_every_network_is_a_method_that_can_be_told_from_the_others(folder):
    shutil.copytree(folder / "grey", folder / "second")

    networks = list_methods(folder)[2:]

    assert [method.title for method in networks] == [
        "U-Net: Nearest grey value (grey)",
        "U-Net: Nearest grey value (second)",
    ]


def test_the_default_network_keeps_its_title_whatever_else_is_at_hand(folder):
    shutil.copytree(folder / "grey", folder / DEFAULT_MODEL)

    assert [method.title for method in list_methods(folder)][2] == "U-Net"


def test_a_network_for_other_classes_is_left_out(folder):
    card = json.loads((folder / "grey" / "card.json").read_text())
    card["classes"][1]["name"] = "chlorite"
    (folder / "grey" / "card.json").write_text(json.dumps(card))

    assert "grey" not in names(folder)


@pytest.mark.parametrize("damage", ["card", "file", "bytes"])
def test_a_forest_that_is_not_what_its_card_says_is_not_offered(folder, damage):
    forest = folder / RANDOM_FOREST
    if damage == "card":
        (forest / "card.json").write_text("[]")
    elif damage == "file":
        (forest / FOREST_FILE).unlink()
    else:
        (forest / FOREST_FILE).write_bytes(b"PK")

    assert RANDOM_FOREST not in names(folder)


def test_a_method_knows_what_it_learned_from(folder):
    forest = find_method(RANDOM_FOREST, list_methods(folder))

    assert forest.learned_from({"0002", "Sandstone_Versa0002"})
    assert not forest.learned_from({"0003"})


@pytest.mark.parametrize("name", [MULTI_OTSU, RANDOM_FOREST, "grey"])
def test_every_method_labels_each_pixel_and_takes_the_time(folder, grey, name):
    method = find_method(name, list_methods(folder))
    segmenter = load_segmenter(method)
    warm_up(method, segmenter, grey.shape)

    found, seconds = timed(segmenter, grey)

    assert found.labels.shape == grey.shape
    assert found.labels.dtype == np.uint8
    assert found.labels.max() < len(SANDSTONE)
    assert seconds > 0


@pytest.mark.parametrize("name", [RANDOM_FOREST, "grey"])
def test_a_method_with_probabilities_says_how_sure_it_is(folder, grey, name):
    found = load_segmenter(find_method(name, list_methods(folder)))(grey)

    assert found.confidence.shape == grey.shape
    assert 0.25 <= found.confidence.min() <= found.confidence.max() <= 1


def test_thresholds_are_those_of_the_baseline(folder, grey):
    found = load_segmenter(find_method(MULTI_OTSU, list_methods(folder)))(grey)

    assert found.confidence is None
    np.testing.assert_array_equal(found.labels, multi_otsu(grey))


def test_a_network_that_is_kept_elsewhere_is_not_loaded_again(folder, grey):
    loaded = []

    def load_network(model):
        loaded.append(model.name)
        return lambda tiles: np.full((*tiles.shape[:3], 4), 0.25, np.float32)

    segmenter = load_segmenter(find_method("grey", list_methods(folder)), load_network)

    assert not segmenter(grey).labels.any()
    assert loaded == ["grey"]


def test_a_blank_slice_cannot_be_cut_by_thresholds(folder):
    segmenter = load_segmenter(find_method(MULTI_OTSU, list_methods(folder)))

    with pytest.raises(LabelError, match="too few grey values"):
        segmenter(np.zeros((32, 32), np.float32))


def test_a_forest_that_goes_missing_is_refused(folder):
    forest = find_method(RANDOM_FOREST, list_methods(folder))
    (folder / RANDOM_FOREST / FOREST_FILE).unlink()

    with pytest.raises(ModelError, match="missing or damaged"):
        load_segmenter(forest)


def test_an_unknown_method_is_refused_with_the_known_ones(folder):
    with pytest.raises(ModelError, match='no method "magic"') as caught:
        find_method("magic", list_methods(folder))

    assert MULTI_OTSU in caught.value.hint
