import pytest

from pages.components.painting.tickets import Look
from pages.lessons import looks as module
from pages.lessons.looks import Looks

ALL = (0, 0, 10**6, 10**6)


@pytest.fixture
def looks():
    return Looks((5, 20, 30))


@pytest.mark.parametrize(
    ("axis", "z", "box"),
    [("z", 4, (0, 0, 30, 20)), ("y", 19, (0, 0, 30, 5)), ("x", 29, (0, 0, 20, 5))],
)
def test_what_is_seen_of_a_plane_ends_where_the_plane_does(looks, axis, z, box):
    assert looks.note("somebody", Look(z, ALL, axis)).box == box
    assert looks.note("somebody", Look(z + 1, ALL, axis)) is None


@pytest.mark.parametrize("box", [(30, 0, 40, 9), (0, 20, 9, 30), (9, 9, 9, 12)])
def test_who_sees_no_pixel_looks_at_nothing(looks, box):
    assert looks.note("somebody", Look(0, box)) is None
    assert looks.now == []


def test_each_place_is_told_once_and_each_browser_sees_one(looks):
    looks.note("one", Look(0, ALL))
    looks.note("two", Look(0, ALL))
    looks.note("two", Look(1, ALL))
    looks.note("three", Look(1, ALL))

    assert [look.z for look in looks.now] == [0, 1]


def test_who_asked_for_nothing_more_looks_no_longer(looks, monkeypatch):
    looks.note("somebody", Look(0, ALL))
    monkeypatch.setattr(module, "LOOK_S", -1)

    assert looks.now == []
