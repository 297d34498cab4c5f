"""A lesson that goes on from a taught model: as on the command line, byte for byte."""

import numpy as np
import pytest
import tifffile

from pages.cache.models import find_model
from pages.cache.rocks import open_source
from pages.cache.task import Task
from pages.lessons.earlier import Before
from pages.lessons.lesson import lesson_of
from pages.lessons.setting import Setting
from pages.lessons.snapshot import snapshot
from pages.session.state import Source
from sandseg.errors import TeachError
from sandseg.export.tiff import write_image
from sandseg.model.store import add_model
from sandseg.predict.teach_file import TeachRequest, teach_file
from sandseg.teach.taught_model import CLASSIFIER, EXAMPLES
from sandseg.uploads import workspace
from sandseg.uploads.lessons import new_lesson
from tests.lessons import TINY, models  # noqa: F401 - a fixture
from tests.pages.lessons.test_lesson import ROCK, Z, news_of, stroke, work  # noqa: F401

SOURCE = Source(ROCK, "Synthetic sandstone", ROCK)
NEW = [stroke(2, [[60, 60], [70, 64]], "more-of-clay-1", 9)]


def lesson_with(name):
    model = find_model(name)
    task = Task(ROCK, model.name, model.sha256)
    setting = Setting(ROCK, task, tuple(open_source(ROCK).shape), model.classes)
    return lesson_of(new_lesson(workspace.new_visit()), setting)


@pytest.fixture
def mine(models):  # noqa: F811
    """A model that strokes on one slice of the built-in rock taught."""
    lesson = lesson_with(TINY)
    for value in range(1, 5):
        rows = range(20, 140, 40)
        lesson.add([stroke(value, [[40 * value, y], [40 * value + 20, y]]) for y in rows], 0)
    news_of(lesson)
    add_model(snapshot(lesson, SOURCE).folder, "mine")
    return find_model("mine")


def test_it_begins_with_what_the_model_knows(mine):
    lesson = lesson_with("mine")

    _, labels = news_of(lesson, 9)

    summary = lesson.summary(9)
    assert "12 strokes on 1 scan" in summary.known
    assert lesson.strokes().values == {}
    assert [one.name for one in summary.classes] == [one.name for one in mine.classes]
    assert len(np.unique(labels)) > 1
    assert snapshot(lesson, SOURCE).folder == mine.folder, "nothing was painted: it is the same"
    header, _ = news_of(lesson, 9, until=lambda header: header["next"])
    assert header["score"], "with nothing painted it also says how good it is, and where to paint"
    assert lesson.summary(9).refusal is None


def test_it_is_taught_on_as_on_the_command_line(mine, tmp_path):
    lesson = lesson_with("mine")
    lesson.add(NEW, 0)
    _, labels = news_of(lesson, 9)
    made = snapshot(lesson, SOURCE)
    stack = open_source(ROCK)
    write_image(tmp_path / "rock.tif", stack.slices(), stack.spacing_um)
    (tmp_path / "strokes.tif").write_bytes(lesson.strokes_tiff())

    files = tmp_path / "rock.tif", tmp_path / "strokes.tif", tmp_path / "labels.tif"
    teach_file(TeachRequest(*files, model="mine", keep="twice"))

    twice = find_model("twice")
    for name in (CLASSIFIER, EXAMPLES):
        with np.load(made.folder / name) as page, np.load(twice.folder / name) as line:
            assert set(page) == set(line)
            for key in page:
                if not key.startswith("facts"):  # the scan is called otherwise
                    np.testing.assert_array_equal(page[key], line[key])
    assert tifffile.imread(tmp_path / "labels.tif")[9].tobytes() == labels.tobytes()
    assert made.card["taught"]["n_strokes"] == twice.card["taught"]["n_strokes"]
    assert made.card["taught"]["held_back"] == twice.card["taught"]["held_back"]


def test_strokes_it_knows_already_are_not_counted_again(mine):
    before = Before(lesson_with("mine").setting.task)
    painted = np.zeros(open_source(ROCK).shape[1:], np.uint8)
    painted[0, 0] = 2

    known = before.under(Z, np.zeros_like(painted))
    over = before.under(Z, painted)

    assert np.count_nonzero(known) == sum(mine.card["taught"]["n_pixels"].values())
    assert over[0, 0] == 2
    assert (over.ravel()[1:] == known.ravel()[1:]).all()
    assert not before.under(Z + 1, np.zeros_like(painted)).any()
    assert before.besides((Z,)) == {}
    assert set(before.besides((Z + 1,))) == {Z}


def test_classes_it_does_not_know_are_said(mine):
    lesson = lesson_with("mine")
    others = [{"name": name, "color": "#112233", "is_pore": False} for name in ("pore", "solid")]
    lesson.add([{"id": "other-classes", "do": "classes", "classes": others}, *NEW], 0)

    news_of(lesson, 9, until=lambda header: header["isEmpty"] and header["learned"] > 0)

    assert "knows the classes air" in lesson.summary(9).refusal.message
    with pytest.raises(TeachError, match="knows the classes air"):
        snapshot(lesson, SOURCE)
