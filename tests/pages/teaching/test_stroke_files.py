"""Strokes of another program, or of another day, painted into a lesson."""

import numpy as np
import pytest
import tifffile

from pages.lessons.lesson import lesson_of
from pages.teaching.stroke_files import take
from sandseg.classes import SANDSTONE, SegmentationClass
from sandseg.errors import SandsegError, TeachError
from sandseg.export.tiff import labels_tiff_bytes
from sandseg.teach.painting.stroke_files import file_classes
from sandseg.uploads import workspace
from sandseg.uploads.lessons import new_lesson
from sandseg.uploads.receive import Wanted, receive
from tests.pages.lessons.test_lesson import AIR, QUARTZ, Z, setting, work  # noqa: F401


@pytest.fixture
def lesson(setting):  # noqa: F811
    return lesson_of(new_lesson(workspace.new_visit()), setting)


def sent(content):
    return receive(workspace.new_visit(), [("strokes.tif", content)], Wanted(("tif",)))


def test_strokestaken_home_come_back_as_they_were(lesson, setting):  # noqa: F811
    lesson.add([AIR, QUARTZ], 0)
    expected = lesson.strokes().values[Z]
    other = lesson_of(new_lesson(workspace.new_visit()), setting)

    take(sent(lesson.strokes_tiff()), other)

    assert set(other.strokes().values) == {Z}
    np.testing.assert_array_equal(other.strokes().values[Z], expected)


NAMED = [
    SegmentationClass(1, "vug", "#ff8000", is_pore=True),
    SegmentationClass(2, "matrix", "#0080ff"),
]


def strokes_named(shape, classes=NAMED):
    values = np.zeros(shape, np.uint8)
    values[Z, 4:8, 4:30] = 2
    return labels_tiff_bytes(values, file_classes(classes))


def test_names_and_colors_in_a_file_are_those_of_a_lesson_that_has_none_yet(lesson):
    take(sent(strokes_named(lesson.setting.shape)), lesson)

    classes = lesson.summary(0).classes
    assert [(c.name, c.color, c.is_pore) for c in classes] == [
        ("vug", "#ff8000", True),
        ("matrix", "#0080ff", False),
    ]
    assert np.count_nonzero(lesson.strokes().values[Z] == 2) == 4 * 26
    lesson.add([{"id": "undo-import", "do": "undo"}, {"id": "undo-classes", "do": "undo"}], 0)
    assert [c.name for c in lesson.summary(0).classes][0] == "air"


def test_classes_that_are_painted_stay_and_the_difference_is_said(lesson):
    lesson.add([AIR], 0)

    doubt = take(sent(strokes_named(lesson.setting.shape)), lesson)

    assert [c.name for c in lesson.summary(0).classes] == ["air", "clay", "quartz", "pyrite"]
    assert "calls its classes vug, matrix" in doubt
    assert "for air, clay" in doubt


def test_labels_of_a_segmentation_are_refused(lesson):
    labels = labels_tiff_bytes(np.ones(lesson.setting.shape, np.uint8), SANDSTONE)

    with pytest.raises(TeachError, match="0 is a class"):
        take(sent(labels), lesson)
    assert not lesson.strokes().values


def test_strokes_of_another_size_are_refused_and_nothing_is_painted(lesson, tmp_path):
    path = tmp_path / "other.tif"
    tifffile.imwrite(path, np.ones((64, 30, 40), np.uint8))

    with pytest.raises(SandsegError, match="30 × 40"):
        take(sent(path.read_bytes()), lesson)

    assert not lesson.strokes().values
