"""Lessons on made-up greys, seen by the smallest shipped network."""

from dataclasses import replace

import numpy as np
import pytest

from sandseg.classes import numbered_classes
from sandseg.config import Treatment
from sandseg.data.phantom import PhantomConfig, make_phantom
from sandseg.errors import SandsegError, TeachError
from sandseg.model.store import load_model
from sandseg.predict.even_light import ready_predictor
from sandseg.predict.sight import look
from sandseg.predict.slices import predict_stack
from sandseg.predict.teaching import Learned, gather, joined, learn_from
from sandseg.scan.stack import Stack
from sandseg.teach.learning.features import FeatureMaker
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


def test_one_class_is_nothing_to_learn_from(network):
    grey, labels = made_up_stack()
    strokes = np.where(strokes_on(labels) == 2, 2, 0).astype(np.uint8)

    with pytest.raises(TeachError, match="Fewer than two classes"):
        learned_on(network, grey, strokes)
    with pytest.raises(SandsegError):
        learn_from({}, 3)
