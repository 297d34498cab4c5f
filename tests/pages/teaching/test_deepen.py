"""A training that begins with what was painted: what is asked for, and what it learns from."""

from pathlib import Path

import numpy as np
import pytest

from pages.lessons.lesson import lesson_of
from pages.session.state import Source
from pages.teaching import deepen
from sandseg.classes import SANDSTONE
from sandseg.data.labelled import prepare
from sandseg.errors import TeachError
from sandseg.runs.strokes import StrokeFiles, read_stroke_slices
from sandseg.uploads import workspace
from sandseg.uploads.lessons import new_lesson
from tests.pages.lessons.test_lesson import (  # noqa: F401
    ROCK,
    TINY,
    news_of,
    setting,
    stroke,
    work,
)

SOURCE = Source(ROCK, "Synthetic sandstone", ROCK)


@pytest.fixture
def lesson(setting):  # noqa: F811
    return lesson_of(new_lesson(workspace.new_visit()), setting)


def paint(lesson, n):
    for value in range(1, 5):
        rows = range(20, 20 + 25 * n, 25)
        lesson.add([stroke(value, [[40 * value, y], [40 * value + 20, y]]) for y in rows], 0)


def test_a_training_learns_from_strokes_and_is_judged_by_others(lesson, tmp_path):
    paint(lesson, 5)

    asked = deepen._settings(lesson, SOURCE, tmp_path)

    assert (asked.source.kind, asked.start_from) == ("strokes", TINY)
    assert [one.name for one in asked.all_classes] == [one.name for one in SANDSTONE]
    files = StrokeFiles(Path(asked.source.images), Path(asked.source.labels))
    slices, *held_back = read_stroke_slices(files, 4, TINY)
    assert prepare(slices, asked.config, *held_back).train_images
    assert all(held_back)


def test_too_few_strokes_are_refused_before_a_training_begins(lesson, tmp_path):
    paint(lesson, 2)

    with pytest.raises(TeachError, match="3 are needed"):
        deepen._settings(lesson, SOURCE, tmp_path)


def test_an_accepted_slice_stays_as_it_was_seen_and_is_learned_from(lesson, tmp_path):
    paint(lesson, 5)
    lesson.add([stroke(1, [[5, 200], [40, 200]], "elsewhere-1", 7)], 0)
    news_of(lesson, 7)
    shown = lesson.shown(7)
    n, seen = shown.of.n, shown.labels

    deepen.accept_as_shown(lesson, 7, n)
    lesson.add([stroke(2, [[5, 200], [40, 200]], "elsewhere-2", 7, size=41)], 0)  # it learns anew

    assert lesson.accepted() == (7,)
    asked = deepen._settings(lesson, SOURCE, tmp_path)
    source = asked.source
    files = StrokeFiles(*map(Path, (source.images, source.labels, source.accepted)))
    slices, *_ = read_stroke_slices(files, 4, TINY)
    [whole] = [i for i, name in enumerate(slices.names) if "accepted" in name]
    painted = lesson.strokes().values[7]
    np.testing.assert_array_equal(slices.labels[whole], np.where(painted, painted - 1, seen))
    assert (slices.labels[whole] != seen).any()

    lesson.add([{"id": "undo-the-stroke", "do": "undo"}, {"id": "undo-accepting", "do": "undo"}], 0)
    assert lesson.accepted() == ()


def test_labels_that_changed_since_they_were_shown_are_not_accepted(lesson):
    paint(lesson, 2)
    news_of(lesson, 7)
    n = lesson.shown(7).of.n
    lesson.add([stroke(1, [[5, 200], [40, 200]], "elsewhere-1", 7)], 0)
    news_of(lesson, 7, until=lambda header: header["isWhole"] and header["learned"] > n)

    with pytest.raises(TeachError, match="have changed"):
        deepen.accept_as_shown(lesson, 7, n)
    assert lesson.accepted() == ()
