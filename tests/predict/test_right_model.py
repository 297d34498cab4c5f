from dataclasses import replace

import numpy as np
import pytest

from sandseg.config import Treatment
from sandseg.data.rough_scan import scan_thoroughly
from sandseg.errors import ModelError
from sandseg.grey.verdict import DOUBTFUL, FIT, STRANGE, Signs, Verdict
from sandseg.model.store import AUTO, DEFAULT_MODEL, list_models
from sandseg.predict.right_model import choose_between, models_to_choose_from, right_model
from sandseg.scan.stack import Stack

FITS = Verdict(FIT, (), Signs(0.0))
OTHER = Verdict(STRANGE, ("its texture differs",), Signs(0.5))


@pytest.fixture(scope="module")
def pair():
    found = models_to_choose_from(list_models())
    if not found:
        pytest.skip("models/ lacks the usual model or the one for any rock.")
    return found


def choose(pair, *verdicts):
    """Choose where judging gives these verdicts one after another."""
    answers = iter(verdicts)
    return choose_between(*pair, Treatment(), lambda _: next(answers))


def test_the_usual_model_segments_what_fits_it(pair):
    assert choose(pair, FITS).model is pair[0]
    assert choose(pair, FITS).sentence == ""


@pytest.mark.parametrize("level", [DOUBTFUL, STRANGE])
def test_any_rocks_model_segments_the_rest_and_the_sentence_says_why(pair, level):
    choice = choose(pair, replace(OTHER, level=level))

    assert choice.model is pair[1]
    assert "This is not the rock" in choice.sentence
    assert "its texture differs" in choice.sentence
    assert all(material.name in choice.sentence for material in pair[1].classes)


def test_a_noisier_scan_of_the_usual_rock_stays_with_its_model(pair):
    noisy = replace(OTHER, level=DOUBTFUL, signs=Signs(0.12, texture=0.3, landmarks=0.01))

    assert choose(pair, noisy).model is pair[0]
    assert choose(pair, replace(noisy, level=STRANGE)).model is pair[1]
    assert choose(pair, replace(noisy, signs=Signs(0.12, landmarks=0.05))).model is pair[1]


@pytest.mark.parametrize(
    ("doubt", "cure"),
    [
        (replace(OTHER, inverse=(255.0, 0.0)), Treatment(grey="255.0,0.0")),
        (replace(OTHER, signs=Signs(0.5, drift=0.4)), Treatment(is_evened=True)),
        (replace(OTHER, signs=Signs(0.5, change_z=0.4)), Treatment(is_evened=True)),
    ],
)
def test_what_fits_once_it_is_treated_as_advised_stays_with_the_usual_model(pair, doubt, cure):
    asked = []

    def judge(how):
        asked.append(how)
        return FITS if how == cure else doubt

    assert choose_between(*pair, Treatment(), judge).model is pair[0]
    assert asked == [Treatment(), cure]
    assert choose(pair, doubt, OTHER).model is pair[1]


def test_a_model_asked_for_by_name_is_taken_whatever_the_rock(pair):
    stack = Stack.from_array(np.zeros((2, 40, 40), np.uint8))

    for model in pair:
        assert right_model(stack, model.name, Treatment()).model.name == model.name
    with pytest.raises(ModelError, match="no model"):
        right_model(stack, "nobody", Treatment())


def test_there_is_no_choice_without_a_model_for_any_rock(pair):
    assert models_to_choose_from([pair[0]]) == ()
    assert models_to_choose_from([pair[1]]) == ()


def test_a_taught_model_is_never_chosen_by_itself(pair):
    usual, general = pair
    taught = replace(general, name="aaa", card=general.card | {"taught": {}})

    assert models_to_choose_from([usual, taught]) == ()
    assert models_to_choose_from([taught, usual, general]) == pair


@pytest.mark.slow
def test_a_rock_of_round_pores_goes_to_any_rocks_model(pair, rng):
    y, x = np.mgrid[:220, :220]
    labels = np.full(y.shape, 2, np.uint8)
    for _ in range(60):
        middle_y, middle_x, radius = *rng.uniform(0, 220, 2), rng.uniform(4, 16)
        labels[(y - middle_y) ** 2 + (x - middle_x) ** 2 < radius**2] = 0
    stack = Stack.from_array((scan_thoroughly(labels, rng) * 9000 + 700).astype(np.uint16))

    assert right_model(stack, AUTO, Treatment()).model.name == pair[1].name


@pytest.mark.slow
def test_the_built_in_rock_stays_with_the_usual_model(pair):
    from sandseg.data.samples import open_sample

    assert right_model(open_sample("phantom"), AUTO, Treatment()).model.name == DEFAULT_MODEL
