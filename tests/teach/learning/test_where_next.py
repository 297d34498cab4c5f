"""Where the next stroke helps most."""

import numpy as np
import pytest

from sandseg.teach.learning.where_next import AWAY, Place, place_in_slice, where_next


def sure(shape=(96, 120), n_classes=3):
    """Probabilities of an answer that is sure everywhere."""
    found = np.full((*shape, n_classes), 0.005, np.float32)
    found[..., 0] = 1 - 0.005 * (n_classes - 1)
    return found


def hesitating(rows, columns, classes=(1, 2)):
    found = sure()
    found[rows, columns] = 0.02
    found[rows, columns, classes[0]] = 0.5
    found[rows, columns, classes[1]] = 0.48
    return found


NOTHING = np.zeros((96, 120), np.uint8)


def test_it_leads_into_the_area_in_doubt_and_names_its_two_classes():
    found = place_in_slice(4, hesitating(np.s_[20:40], np.s_[60:90]), NOTHING)

    assert found.z == 4
    assert 20 <= found.y < 40
    assert 60 <= found.x < 90
    assert found.classes == (1, 2)


def test_an_area_is_asked_about_before_the_line_of_a_border():
    answer = hesitating(np.s_[70:90], np.s_[20:40])
    answer[:, 100] = [0.34, 0.33, 0.33]

    found = place_in_slice(0, answer, NOTHING)

    assert found.x < 60


def test_it_keeps_away_from_what_is_painted():
    answer = hesitating(np.s_[20:40], np.s_[20:110])
    values = NOTHING.copy()
    values[30, 20:80] = 1

    found = place_in_slice(0, answer, values)

    rows, columns = np.nonzero(values)
    assert np.hypot(rows - found.y, columns - found.x).min() >= AWAY


def test_nothing_in_doubt_is_nothing_to_ask():
    assert place_in_slice(0, sure(), NOTHING) is None
    assert where_next([None, None]) is None


def test_where_all_is_painted_there_is_nothing_to_ask():
    assert place_in_slice(0, hesitating(np.s_[:], np.s_[:]), NOTHING + 1) is None


def test_what_cannot_be_seen_is_not_asked_about():
    unseen = np.zeros(NOTHING.shape, bool)
    unseen[:, :60] = True
    answer = hesitating(np.s_[:], np.s_[:])

    assert place_in_slice(0, answer, NOTHING, unseen=unseen).x >= 60


@pytest.mark.parametrize("step", [2, 4, 8])
def test_a_coarse_answer_leads_to_the_same_area(step):
    answer = hesitating(np.s_[30:60], np.s_[60:100])[::step, ::step]

    found = place_in_slice(0, answer, NOTHING, step)

    assert 30 <= found.y < 60
    assert 60 <= found.x < 100


def test_the_slice_of_most_doubt_is_shown_first():
    places = [Place(0, 1, 1, 0.2, (0, 1)), None, Place(7, 2, 2, 0.6, (0, 1))]

    assert where_next(places).z == 7
