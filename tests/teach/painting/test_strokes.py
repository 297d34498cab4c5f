import numpy as np
import pytest

from sandseg.errors import TeachError
from sandseg.teach.painting.strokes import Painting
from tests.teach.painting.made_events import CLASSES, SHAPE, do, paint

AXES = {"z": (0, 1, 2), "y": (1, 0, 2), "x": (2, 0, 1)}  # the axis, and those of rows and columns


def random_stroke(rng, number):
    axis = str(rng.choice(["z", "z", "z", "y", "x"]))
    along, rows, columns = AXES[axis]
    height, width = SHAPE[rows], SHAPE[columns]
    n_points = int(rng.integers(1, 12))
    start = rng.integers(0, (width, height))
    walk = start + np.cumsum(rng.integers(-9, 10, (n_points, 2)), axis=0)
    points = np.clip(walk, 0, (width - 1, height - 1)).tolist()
    at, value = int(rng.integers(SHAPE[along])), int(rng.integers(0, 4))
    return paint(number, points, value, "brush", int(rng.integers(1, 16)), axis, at)


def random_strokes(seed, n=200):
    rng = np.random.default_rng(seed)
    return [random_stroke(rng, number) for number in range(n)]


def whole(painting):
    return np.stack([painting.slice_values(z) for z in range(SHAPE[0])])


def played(events, **kwargs):
    painting = Painting(SHAPE, **kwargs)
    for event in events:
        painting.play(event)
    return painting


def square(number, low, high, value=1):
    corners = [[low, low], [high, low], [high, high], [low, high], [low, low]]
    return paint(number, corners, value, "line", 1)


@pytest.mark.parametrize("seed", range(5))
def test_all_strokes_undone_and_redone_are_the_same_strokes(seed):
    painting, states = Painting(SHAPE), []
    events = random_strokes(seed)
    for event in events:
        states.append(whole(painting))
        painting.play(event)
    painted = whole(painting)

    for number, before in enumerate(reversed(states)):
        painting.play(do(number, "undo"))
        assert (whole(painting) == before).all()
    assert painting.painted_slices == ()
    for number in range(len(events)):
        painting.play(do(number, "redo"))

    assert (whole(painting) == painted).all()


@pytest.mark.parametrize("axis", ["z", "y", "x"])
def test_a_plane_shows_what_was_painted_on_it(axis):
    along, rows, columns = AXES[axis]
    at = SHAPE[along] - 1
    width, height = SHAPE[columns], SHAPE[rows]
    painting = played([paint(1, [[0, 0], [width - 1, height - 1]], 2, "line", 3, axis, at)])

    plane = painting.plane_values(axis, at)

    assert plane.shape == (height, width)
    assert plane[0, 0] == plane[-1, -1] == 2
    assert (np.take(whole(painting), at, axis=along) == plane).all()
    assert np.count_nonzero(whole(painting)) == np.count_nonzero(plane)


def test_a_later_stroke_lies_on_top_and_zero_erases():
    painting = played(
        [paint(1, [[20, 20]], 1, size=9), paint(2, [[24, 20]], 2, size=9)],
    )
    below = painting.counts()
    painting.play(paint(3, [[20, 20], [24, 20]], 0, size=19))

    assert painting.slice_values(0).sum() == 0
    assert below[2] > below[1] > 0
    assert painting.counts() == {}
    assert painting.painted_slices == ()


def test_the_same_event_counts_once():
    events = random_strokes(1, 30) + [do(1, "undo")]
    once, often = played(events), Painting(SHAPE)

    news = [often.play(event) for event in events for _ in range(3)]

    assert news == [True, False, False] * len(events)
    assert often.n_events == once.n_events == len(events)
    assert (whole(often) == whole(once)).all()


def test_a_new_stroke_drops_what_was_undone():
    painting = played([paint(1, [[5, 5]]), do(1, "undo"), paint(2, [[50, 50]])])

    assert not painting.can_redo
    with pytest.raises(TeachError, match="nothing to do again"):
        painting.play(do(1, "redo"))
    assert painting.slice_values(0)[5, 5] == 0


def test_clearing_can_be_undone():
    painting = played(random_strokes(2, 40))
    painted = whole(painting)

    painting.play(do(1, "clear"))
    cleared = whole(painting)
    painting.play(do(1, "undo"))

    assert not cleared.any()
    assert (whole(painting) == painted).all()


def test_a_closed_line_is_filled_and_its_line_stays():
    painting = played([square(1, 10, 30, 2), paint(2, [[20, 20]], 3, "fill")])

    values = painting.slice_values(0)

    assert (values[11:30, 11:30] == 3).all()
    assert (values[10, 10:31] == 2).all()
    painting.play(do(1, "undo"))
    assert painting.counts() == {2: 80}


@pytest.mark.parametrize("place", [[50, 50], [10, 10]])
def test_a_fill_that_cannot_be_leaves_all_as_it_was(place):
    painting = played([square(1, 10, 30, 2)])

    with pytest.raises(TeachError, match="nothing was filled"):
        painting.play(paint(2, [place], 2, "fill"))

    assert painting.n_events == 1
    assert painting.counts() == {2: 80}


def test_a_region_is_filled_in_a_side_view():
    corners = [[10, 1], [40, 1], [40, 4], [10, 4], [10, 1]]
    outline = paint(1, corners, 1, "line", 1, "y", 33)
    painting = played([outline, paint(2, [[20, 2]], 2, "fill", 1, "y", 33)])

    assert (painting.plane_values("y", 33)[2:4, 11:40] == 2).all()
    assert painting.slice_values(2)[33, 20] == 2


def test_classes_are_renamed_added_and_undone():
    painting = Painting(SHAPE)
    painting.play(do(1, "classes", classes=CLASSES))
    painting.play(paint(1, [[5, 5]], 3))
    renamed = [*CLASSES[:2], {**CLASSES[2], "name": "quartz"}]
    painting.play(do(2, "classes", classes=renamed))

    assert [c.name for c in painting.classes] == ["pore", "clay", "quartz"]
    assert [c.value for c in painting.classes] == [1, 2, 3]
    painting.play(do(1, "undo"))
    assert painting.classes[2].name == "grain"
    painting.play(do(1, "redo"))
    assert painting.classes[2].name == "quartz"


@pytest.mark.parametrize(("value", "left"), [(3, CLASSES[:2]), (2, CLASSES[::2])])
def test_a_class_that_is_painted_cannot_be_removed(value, left):
    painting = played([do(1, "classes", classes=CLASSES), paint(1, [[5, 5]], value)])

    with pytest.raises(TeachError, match="cannot be removed"):
        painting.play(do(2, "classes", classes=left))
    assert len(painting.classes) == 3
    painting.play(paint(2, [[5, 5]], 0, size=9))
    painting.play(do(3, "classes", classes=left))
    assert len(painting.classes) == 2


IMPOSSIBLE = {
    "no form": [1, 2],
    "a plane outside": paint(1, [[1, 1]], at=6),
    "a file that is not there": do(1, "import", file="absent.npz"),
    "nothing to undo": do(1, "undo"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_done_is_refused_in_a_sentence_and_changes_nothing(name):
    painting = Painting(SHAPE)

    with pytest.raises(TeachError) as refused:
        painting.play(IMPOSSIBLE[name])

    assert refused.value.message.endswith(".")
    assert refused.value.hint
    assert painting.n_events == 0
    assert not painting.can_undo


def test_a_class_beyond_those_there_are_is_refused():
    painting = played([do(1, "classes", classes=CLASSES)])

    with pytest.raises(TeachError, match="class 4"):
        painting.play(paint(1, [[1, 1]], 4))


def test_an_import_paints_where_the_file_is_painted():
    brought = np.zeros(SHAPE[1:], np.uint8)
    brought[40:50, 60:70] = 3
    painting = played([paint(1, [[62, 42]], 1, size=15)], read_import=lambda _: {0: brought})
    before = whole(painting)

    painting.play(do(1, "import", file="abc.npz"))

    assert (whole(painting)[0] == np.where(brought, brought, before[0])).all()
    painting.play(do(1, "undo"))
    assert (whole(painting) == before).all()


def accept(number, at, file="labels-1.npz"):
    return do(number, "accept", at=at, file=file)


def test_what_is_accepted_is_undone_and_redone_as_strokes_are():
    labels = np.ones(SHAPE[1:], np.uint8)
    labels[0, 0] = 0
    painting = Painting(SHAPE, read_import=lambda _: {2: labels})
    painting.play(paint(1, [[5, 5]]))
    before = whole(painting)

    painting.play(accept(2, 2))

    assert painting.accepted_slices == (2,)
    assert (painting.accepted_values(2) == labels).all()
    assert (whole(painting) == before).all(), "accepting paints nothing"
    painting.play(do(3, "undo"))
    assert painting.accepted_slices == ()
    assert (whole(painting) == before).all()
    painting.play(do(4, "redo"))
    assert painting.accepted_slices == (2,)
    painting.play(do(5, "accept", at=2))
    assert painting.accepted_slices == ()
    painting.play(do(6, "undo"))
    assert painting.accepted_slices == (2,)


def test_labels_of_another_slice_are_not_accepted():
    painting = Painting(SHAPE, read_import=lambda _: {1: np.ones(SHAPE[1:], np.uint8)})

    with pytest.raises(TeachError, match="not those of the slice"):
        painting.play(accept(1, 2))
    with pytest.raises(TeachError, match="slice of a stroke"):
        painting.play(accept(1, SHAPE[0]))
    assert painting.accepted_slices == ()


def test_a_class_that_was_accepted_cannot_be_removed():
    painting = Painting(SHAPE, read_import=lambda _: {2: np.full(SHAPE[1:], 3, np.uint8)})
    painting.play(do(1, "classes", classes=CLASSES))
    painting.play(accept(2, 2))

    with pytest.raises(TeachError, match='accepted as "grain"'):
        painting.play(do(3, "classes", classes=CLASSES[:2]))
    painting.play(do(4, "undo"))
    painting.play(do(5, "classes", classes=CLASSES[:2]))
    assert len(painting.classes) == 2
