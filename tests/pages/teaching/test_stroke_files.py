"""Strokes of another program, or of another day, painted into a lesson."""

import numpy as np
import pytest
import tifffile

from pages.teaching.lesson import lesson_of
from pages.teaching.stroke_files import _take
from sandseg.errors import SandsegError
from sandseg.uploads import workspace
from sandseg.uploads.lessons import new_lesson
from sandseg.uploads.receive import Wanted, receive
from tests.pages.teaching.test_lesson import AIR, QUARTZ, Z, setting, work  # noqa: F401


@pytest.fixture
def lesson(setting):  # noqa: F811
    return lesson_of(new_lesson(workspace.new_visit()), setting)


def sent(content):
    return receive(workspace.new_visit(), [("strokes.tif", content)], Wanted(("tif",)))


def test_strokes_taken_home_come_back_as_they_were(lesson, setting):  # noqa: F811
    lesson.add([AIR, QUARTZ], 0)
    expected = lesson.strokes().values[Z]
    other = lesson_of(new_lesson(workspace.new_visit()), setting)

    _take(sent(lesson.strokes_tiff()), other)

    assert set(other.strokes().values) == {Z}
    np.testing.assert_array_equal(other.strokes().values[Z], expected)


def test_strokes_of_another_size_are_refused_and_nothing_is_painted(lesson, tmp_path):
    path = tmp_path / "other.tif"
    tifffile.imwrite(path, np.ones((64, 30, 40), np.uint8))

    with pytest.raises(SandsegError, match="30 × 40"):
        _take(sent(path.read_bytes()), lesson)

    assert not lesson.strokes().values
