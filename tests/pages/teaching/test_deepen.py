"""A training that begins with what was painted: what is asked for, and what it learns from."""

from pathlib import Path

import pytest

from pages.session.state import Source
from pages.teaching import deepen
from pages.teaching.lesson import lesson_of
from sandseg.classes import SANDSTONE
from sandseg.data.labelled import prepare
from sandseg.errors import TeachError
from sandseg.runs.strokes import read_stroke_slices
from sandseg.uploads import workspace
from sandseg.uploads.lessons import new_lesson
from tests.pages.teaching.test_lesson import ROCK, TINY, setting, stroke, work  # noqa: F401

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
    files = Path(asked.source.images), Path(asked.source.labels)
    slices, *held_back = read_stroke_slices(*files, 4, TINY)
    assert prepare(slices, asked.config, *held_back).train_images
    assert all(held_back)


def test_too_few_strokes_are_refused_before_a_training_begins(lesson, tmp_path):
    paint(lesson, 2)

    with pytest.raises(TeachError, match="3 are needed"):
        deepen._settings(lesson, SOURCE, tmp_path)
