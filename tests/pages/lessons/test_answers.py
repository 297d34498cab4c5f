import numpy as np

from pages.components.painting.tickets import Look
from pages.lessons.answers import N_WHOLE, Answers
from pages.lessons.learning import Piece, Taught, Whole
from sandseg.export.pictures import encode_png

LOOK = Look(3, (0, 0, 8, 8))
LABELS = np.zeros((8, 8), np.uint8)


def taught(n=1):
    return Taught(n, None, ())


def whole(of):
    return Whole(of, LABELS.shape, None, encode_png(LABELS), LABELS)


def test_each_answer_is_newer_than_all_before():
    answers, now = Answers(), taught()
    versions = []
    for _ in range(3):
        answers.keep_piece(LOOK, Piece(0, 1, LOOK, now))
        versions.append(answers.newest(LOOK, now, 0).version)
        assert answers.newest(LOOK, now, versions[-1]) is None

    assert sorted(set(versions)) == versions


def test_the_answer_of_the_whole_slice_comes_before_a_quick_one():
    answers, now = Answers(), taught()
    answers.keep_whole(3, whole(now))
    answers.keep_piece(LOOK, Piece(0, 1, LOOK, now))

    assert answers.newest(LOOK, now, 0).is_whole
    assert not answers.newest(LOOK, taught(), 0).is_whole  # something else was learned since


def test_what_is_taught_by_the_same_strokes_needs_no_new_answer():
    answers, old, new = Answers(), taught(), taught(2)
    answers.keep_whole(3, whole(old))

    answers.go_on(old, new)

    assert answers.whole_of(LOOK, new)
    assert answers.whole_of(LOOK, old) is None


def test_the_last_whole_answers_alone_are_kept():
    answers, now = Answers(), taught()
    for z in range(N_WHOLE + 2):
        answers.keep_whole(z, whole(now))

    kept = [z for z in range(N_WHOLE + 2) if answers.whole_of(LOOK._replace(z=z), now)]
    assert kept == [2, 3]


def test_news_beside_the_labels_reach_those_who_have_the_labels():
    answers, now = Answers(), taught()
    answers.keep_whole(3, whole(now))
    have = answers.newest(LOOK, now, 0).version

    answers.tell_again()

    assert answers.newest(LOOK, now, have)


def test_what_nobody_looks_at_is_let_go_of():
    answers, elsewhere = Answers(), Look(4, LOOK.box)
    for look in (LOOK, elsewhere):
        answers.keep_piece(look, Piece(0, 1, look))

    answers.forget_but([elsewhere])

    assert answers.piece_of(LOOK) is None
    assert answers.piece_of(elsewhere)
