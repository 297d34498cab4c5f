"""Folders of taught models, written from one painted tile."""

import numpy as np
import pytest

from sandseg.classes import numbered_classes
from sandseg.errors import ModelError
from sandseg.model.store import load_model, write_card
from sandseg.teach.examples import Example, read_examples
from sandseg.teach.learning.classifier import learn
from sandseg.teach.learning.features import FeatureMaker
from sandseg.teach.painting.parting import stroke_numbers
from sandseg.teach.painting.stroke_files import read_strokes
from sandseg.teach.taught_model import (
    CLASSIFIER,
    EXAMPLES,
    STROKES,
    Lesson,
    answer,
    load_network,
    network_of,
    network_sha256,
    write_taught,
)
from tests.lessons import TINY, made_up_stack, models, strokes_on  # noqa: F401 - a fixture

CLASSES = numbered_classes(3)
SHAPE = (3, 96, 112)


@pytest.fixture
def network(models):  # noqa: F811
    return load_model(TINY)


@pytest.fixture
def tile():
    """(1, Y, X, 1) float32: a slice."""
    return (made_up_stack()[0][2:, ..., None] / 255).astype(np.float32)


@pytest.fixture
def lesson(network, tile):
    values = strokes_on(made_up_stack()[1], (2,))[2]
    rows, columns = np.nonzero(values)
    features = FeatureMaker(network)(tile).at(rows, columns)
    strokes = stroke_numbers(values)[rows, columns]
    classifier = learn(features, values[rows, columns], strokes, 3)
    parts = values, np.flatnonzero(values), features, features[:9]
    example = Example("rock", SHAPE, 2, "3", "abc", *parts)
    facts = {"is_correction": False}
    return Lesson(classifier, CLASSES, "rock", SHAPE, {2: values}, (3,), (example,), facts, {})


def test_the_folder_holds_all_it_is_taught_on_with(lesson, network, tmp_path):
    write_taught(tmp_path / "mine", network, lesson)

    model = load_model("mine", tmp_path)

    told = model.card["taught"]
    strokes = read_strokes(model.folder / told["strokes"], (1, *SHAPE[1:]))
    assert told["slices"] == [2]
    assert told["shape"] == list(SHAPE)
    assert model.card["data"]["slices"]["train"] == ["3"]
    assert (strokes[0] == lesson.strokes[2]).all()
    assert told["is_correction"] is False
    assert model.classes == CLASSES
    [example] = read_examples(model.folder / EXAMPLES)
    assert (example.features == lesson.examples[0].features).all()
    assert network_of(model).classes == network.classes
    assert (network_of(model).histogram == network.histogram).all()
    assert network_sha256(network_of(model)) == network.sha256


def test_a_network_keeps_its_checksum_from_one_model_to_the_next(lesson, network, tmp_path):
    write_taught(tmp_path / "one", network, lesson)
    write_taught(tmp_path / "two", network_of(load_model("one", tmp_path)), lesson)

    again = network_of(load_model("two", tmp_path))

    assert (again.name, network_sha256(again)) == (network.name, network.sha256)


def test_it_answers_tiles_as_its_classifier_does(lesson, network, tmp_path, tile):
    write_taught(tmp_path / "mine", network, lesson)

    found = load_network(load_model("mine", tmp_path))(tile)

    features = FeatureMaker(network)(tile)
    np.testing.assert_array_equal(found, answer(lesson.classifier, features))
    assert found.shape == (*tile.shape[:3], 3)


@pytest.mark.parametrize("file", [CLASSIFIER, STROKES, EXAMPLES, "model.bin"])
def test_a_damaged_folder_is_refused(lesson, network, tmp_path, file):
    write_taught(tmp_path / "mine", network, lesson)
    content = bytearray((tmp_path / "mine" / file).read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "mine" / file).write_bytes(content)

    with pytest.raises(ModelError, match="damaged"):
        load_model("mine", tmp_path)


def rewritten(folder, change):
    """Change the classifier of a folder, and make its card fit."""
    model = load_model(folder.name, folder.parent)
    path = folder / CLASSIFIER
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(path, **change(arrays))
    write_card(folder, model.card, tuple(model.card["files"]))
    return load_model(folder.name, folder.parent)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: {name: array for name, array in arrays.items() if name != "bias"},
        lambda arrays: arrays | {"bias": arrays["bias"][:-1]},
        lambda arrays: arrays | {"bias": arrays["bias"] * np.float32(np.nan)},
        lambda arrays: arrays | {"bias": np.array([object()], dtype=object)},
        lambda arrays: (
            arrays | {"knots": arrays["knots"][:, :-1], "weights": arrays["weights"][:, :-1]}
        ),
        lambda arrays: (
            arrays
            | {
                "bias": np.append(arrays["bias"], arrays["bias"][:1]),
                "weights": np.concatenate([arrays["weights"], arrays["weights"][..., :1]], axis=-1),
                "matching": np.concatenate(
                    [arrays["matching"], arrays["matching"][:, :1]], axis=-1
                ),
            }
        ),
    ],
    ids=["a part missing", "fewer classes", "no numbers", "code", "fewer features", "more classes"],
)
def test_a_classifier_that_does_not_fit_is_refused(lesson, network, tmp_path, change):
    write_taught(tmp_path / "mine", network, lesson)
    model = rewritten(tmp_path / "mine", change)

    with pytest.raises(ModelError):
        load_network(model)


def test_a_taught_model_runs_with_its_own_engine_alone(lesson, network, tmp_path):
    write_taught(tmp_path / "mine", network, lesson)

    with pytest.raises(ModelError, match="OpenVINO alone"):
        load_network(load_model("mine", tmp_path), "keras")
