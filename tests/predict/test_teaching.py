"""Lessons on made-up greys, seen by the smallest shipped network."""

from dataclasses import replace

import numpy as np
import pytest

from sandseg.classes import numbered_classes
from sandseg.config import Treatment
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.errors import ModelError, SandsegError, TeachError
from sandseg.model.store import load_model, write_card
from sandseg.predict.even_light import ready_predictor
from sandseg.predict.sight import look
from sandseg.predict.slices import predict_stack
from sandseg.predict.teaching import Learned, gather, joined, learn_from
from sandseg.scan.stack import Stack
from sandseg.teach.features import FeatureMaker
from sandseg.teach.stroke_files import read_strokes
from sandseg.teach.taught_model import CLASSIFIER, STROKES, load_network, network_of
from tests.lessons import TINY, made_up_stack, models, strokes_on  # noqa: F401 - a fixture

CLASSES = numbered_classes(3)
AS_IS = Treatment("0,255", sample="all")


@pytest.fixture
def network(models):  # noqa: F811
    return load_model(TINY)


def learned_on(network, grey, strokes, treatment=AS_IS):
    """Teach on the painted slices of a (Z, Y, X) stack; return all of it, and the sights."""
    stack = Stack.from_array(grey, "rock", 2.0)
    predictor, maker = ready_predictor(stack, network, treatment), FeatureMaker(network)
    values = {z: strokes[z] for z in range(len(strokes)) if strokes[z].any()}
    sights = {z: look(predictor, maker, grey[z]) for z in values}
    painted = {z: gather(sights[z], values[z]) for z in values}
    classifier = learn_from(painted, 3)
    return Learned(stack, network, treatment, CLASSES, values, painted, classifier), sights


@pytest.fixture
def lesson(network):
    grey, labels = made_up_stack()
    return learned_on(network, grey, strokes_on(labels, (0, 2)))


@pytest.mark.parametrize("treatment", [AS_IS, replace(AS_IS, is_rescaled=True)])
def test_a_model_of_a_folder_answers_a_stack_as_the_lesson_does(network, tmp_path, treatment):
    grey, labels = made_up_stack(5)
    learned, sights = learned_on(network, grey, strokes_on(labels, (0, 2)), treatment)
    learned.write(tmp_path / "mine", sights)

    model = load_model("mine", tmp_path)
    found = list(predict_stack(learned.stack, ready_predictor(learned.stack, model, treatment)))

    for z, sight in sights.items():
        seen = sight.predict(learned.classifier, CLASSES)
        assert (found[z].labels == seen.labels).all()
        assert (found[z].confidence == seen.confidence).all()
    answers = np.stack([one.labels for one in found])
    assert (answers == labels).mean() > 0.75


def test_a_taught_model_sees_a_stack_in_the_light_it_was_taught_in(network, tmp_path):
    made = make_phantom(PhantomConfig((1, 512, 512)))
    light = 1 + 0.15 * np.linspace(-0.5, 0.5, 512)
    grey = np.clip(made.image * light, 0, 255).astype(np.uint8)
    strokes = strokes_on(made.labels, values=(0, 2))
    evened = replace(AS_IS, is_evened=True)
    learned, sights = learned_on(network, grey, strokes, evened)
    learned.write(tmp_path / "mine", sights)

    predictor = ready_predictor(learned.stack, load_model("mine", tmp_path), evened)

    assert predictor.mapping.light is not None
    assert predictor.mapping == sights[0].predictor.mapping
    seen = sights[0].predict(learned.classifier, CLASSES)
    assert (predictor.predict(grey[0]).labels == seen.labels).all()


def test_the_order_of_slices_does_not_matter(network):
    grey, labels = made_up_stack()
    learned, _ = learned_on(network, grey, strokes_on(labels, (0, 1, 2)))
    turned = dict(reversed(learned.painted.items()))

    again = learn_from(turned, 3)

    for name, value in vars(learned.classifier).items():
        assert (value == getattr(again, name)).all()
    strokes = joined(learned.painted).strokes
    np.testing.assert_array_equal(joined(turned).strokes, strokes)
    assert strokes.max() <= sum(part.strokes.max() for part in turned.values())


def test_strokes_lie_in_the_folder_to_be_taught_on(lesson, tmp_path):
    learned, sights = lesson
    learned.write(tmp_path / "mine", sights)

    model = load_model("mine", tmp_path)

    told = model.card["taught"]
    shape = (2, *learned.stack.shape[1:])
    strokes = read_strokes(model.folder / told["strokes"], shape)
    assert told["slices"] == [0, 2]
    assert told["shape"] == list(learned.stack.shape)
    assert model.card["data"]["slices"]["train"] == ["1", "3"]
    assert all((strokes[n] == learned.values[z]).all() for n, z in enumerate(told["slices"]))
    assert told["n_strokes"] == learned.facts["n_strokes"]
    assert model.classes == CLASSES
    assert network_of(model).classes == network_of(learned.network).classes
    assert (network_of(model).histogram == learned.network.histogram).all()


@pytest.mark.parametrize("file", [CLASSIFIER, STROKES, "model.bin"])
def test_a_damaged_folder_is_refused(lesson, tmp_path, file):
    learned, sights = lesson
    learned.write(tmp_path / "mine", sights)
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
def test_a_classifier_that_does_not_fit_is_refused(lesson, tmp_path, change):
    learned, sights = lesson
    learned.write(tmp_path / "mine", sights)
    model = rewritten(tmp_path / "mine", change)

    with pytest.raises(ModelError):
        load_network(model)


def test_a_taught_model_runs_with_its_own_engine_alone(lesson, tmp_path):
    learned, sights = lesson
    learned.write(tmp_path / "mine", sights)

    with pytest.raises(ModelError, match="OpenVINO alone"):
        load_network(load_model("mine", tmp_path), "keras")


def test_one_class_is_nothing_to_learn_from(network):
    grey, labels = made_up_stack()
    strokes = np.where(strokes_on(labels) == 2, 2, 0).astype(np.uint8)

    with pytest.raises(TeachError, match="Fewer than two classes"):
        learned_on(network, grey, strokes)
    with pytest.raises(SandsegError):
        learn_from({}, 3)
