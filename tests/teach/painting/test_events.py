"""Events as they come from a browser."""

import numpy as np
import pytest

from sandseg.errors import TeachError
from sandseg.teach.painting.events import (
    MOST_POINTS,
    Import,
    Paint,
    SetClasses,
    class_entries,
    parse_classes,
    parse_event,
)
from tests.teach.painting.made_events import CLASSES, SHAPE, do, paint

BAD = {
    "no object": [1, 2],
    "no name": {"do": "undo"},
    "a short name": {"id": "abc", "do": "undo"},
    "a name of other letters": {"id": "abcdefg/../", "do": "undo"},
    "a name of no text": {"id": 12345678, "do": "undo"},
    "an unknown doing": {"id": "abcdefgh", "do": "burn"},
    "a doing that cannot be hashed": {"id": "abcdefgh", "do": ["paint"]},
    "an unknown axis": paint(1, [[1, 1]], axis="t"),
    "an unknown tool": paint(1, [[1, 1]], tool="spray"),
    "a plane outside": paint(1, [[1, 1]], at=6),
    "a plane before": paint(1, [[1, 1]], at=-1),
    "a plane of no whole number": paint(1, [[1, 1]], at=1.0),
    "truth for a number": paint(1, [[1, 1]], at=True),
    "no brush": paint(1, [[1, 1]], size=0),
    "a giant brush": paint(1, [[1, 1]], size=200),
    "an unknown class": paint(1, [[1, 1]], value=9),
    "a negative class": paint(1, [[1, 1]], value=-1),
    "no points": paint(1, []),
    "a point of text": paint(1, ["ab"]),
    "a point of three numbers": paint(1, [[1, 1, 1]]),
    "a point of fractions": paint(1, [[1.5, 1]]),
    "a point that is no number": paint(1, [[float("nan"), 1]]),
    "a point beside": paint(1, [[130, 5]]),
    "a point below": paint(1, [[5, 90]]),
    "a point before": paint(1, [[-1, 5]]),
    "a giant number": paint(1, [[10**40, 5]]),
    "points by name": paint(1, {"x": 1}),
    "too many points": paint(1, [[1, 1]] * (MOST_POINTS + 1)),
    "two places to fill": paint(1, [[1, 1], [2, 2]], tool="fill"),
    "no classes": do(1, "classes"),
    "one class": do(1, "classes", classes=CLASSES[:1]),
    "nine classes": do(1, "classes", classes=CLASSES * 3),
    "a class of no form": do(1, "classes", classes=["a", "b"]),
    "a class without a name": do(1, "classes", classes=[{"color": "#112233"}, CLASSES[0]]),
    "a color that is none": do(1, "classes", classes=[{**CLASSES[0], "color": "red"}, CLASSES[1]]),
    "a name in lines": do(1, "classes", classes=[{**CLASSES[0], "name": "a\nb"}, CLASSES[1]]),
    "two of one name": do(1, "classes", classes=[CLASSES[0], CLASSES[0]]),
    "a file elsewhere": do(1, "import", file="../../secret.npz"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_makes_no_sense_is_refused_in_a_sentence(name):
    with pytest.raises(TeachError) as refused:
        parse_event(BAD[name], SHAPE)

    assert refused.value.message.endswith(".")
    assert refused.value.hint


def test_two_points_far_apart_are_no_stroke():
    far, near = (paint(1, [[0, 0], [0, row]]) for row in (257, 256))

    with pytest.raises(TeachError, match="256 pixels apart"):
        parse_event(far, (1, 400, 400))
    assert parse_event(near, (1, 400, 400)).points.tolist() == [[0, 0], [0, 256]]


@pytest.mark.parametrize(
    ("axis", "last", "corner"), [("z", 5, [129, 89]), ("y", 89, [129, 5]), ("x", 129, [89, 5])]
)
def test_a_stroke_may_lie_anywhere_on_any_plane(axis, last, corner):
    found = parse_event(paint(1, [corner], 3, "brush", 199, axis, last), SHAPE)

    assert isinstance(found, Paint)
    assert (found.axis, found.at, found.value, found.size) == (axis, last, 3, 199)
    np.testing.assert_array_equal(found.points, [corner])
    for beyond in ([corner[0] + 1, 0], [0, corner[1] + 1]):
        with pytest.raises(TeachError, match="outside"):
            parse_event(paint(1, [beyond], 3, "brush", 199, axis, last), SHAPE)


def test_classes_come_back_as_they_were_sent():
    found = parse_event(do(1, "classes", classes=CLASSES), SHAPE)

    assert isinstance(found, SetClasses)
    assert class_entries(found.classes) == CLASSES
    assert parse_classes(class_entries(found.classes)) == found.classes
    assert [material.value for material in found.classes] == [1, 2, 3]


@pytest.mark.parametrize("what", ["undo", "redo", "clear"])
def test_what_needs_no_more_than_its_name_is_taken(what):
    found = parse_event(do(1, what), SHAPE)

    assert (found.id, found.do) == (f"{what}-00000001", what)


def test_an_import_names_its_file():
    found = parse_event(do(1, "import", file="abc-1.npz"), SHAPE)

    assert isinstance(found, Import)
    assert found.file == "abc-1.npz"
