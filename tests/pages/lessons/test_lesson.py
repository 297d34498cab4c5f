"""Lessons on the built-in rock, seen by the smallest shipped network, without a server."""

import gc
import json
import struct
import time
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pages.cache.rocks import open_source
from pages.cache.slices import predictor_of
from pages.cache.task import Task
from pages.components.painting.tickets import Look
from pages.lessons import lesson as lessons
from pages.lessons.learning import learn
from pages.lessons.lesson import lesson_of
from pages.lessons.setting import Setting
from pages.lessons.sights import sights
from sandseg.errors import SandsegError
from sandseg.model.store import list_models, load_model
from sandseg.uploads import workspace
from sandseg.uploads.lessons import lesson_folder, new_lesson
from tests import own_loop

TINY, ROCK, Z = "sandstone-tiny", "phantom", 5
pytestmark = pytest.mark.skipif(
    TINY not in {model.name for model in list_models()}, reason="the small model is not here"
)


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch, phantom_at_hand):
    monkeypatch.setenv("SANDSEG_WORK", str(tmp_path / "work"))


@pytest.fixture
def setting():
    model = load_model(TINY)
    task = Task(ROCK, model.name, model.sha256)
    return Setting(ROCK, task, tuple(open_source(ROCK).shape), model.classes)


@pytest.fixture
def lesson(setting):
    return lesson_of(new_lesson(workspace.new_visit()), setting)


def stroke(value, points, name="", z=Z, size=7):
    name = name or f"stroke-{value}-{points[0][0]}-{points[0][1]}-{z}"
    event = {"id": name, "do": "paint", "axis": "z", "at": z, "value": value}
    return event | {"tool": "brush", "size": size, "points": points}


AIR = stroke(1, [[5, 5], [40, 8]])
QUARTZ = stroke(3, [[110, 110], [140, 118]])


def news_of(lesson, z=Z, box=None, have=0, who="somebody", until=lambda header: header["isWhole"]):
    """Ask as a browser does until something is true of what comes; header and labels."""
    _, height, width = lesson.setting.shape
    look = Look(z, box or (0, 0, width, height))
    end = time.monotonic() + 60
    while time.monotonic() < end:
        content = own_loop.run(lesson.news(who, look, have))
        if content is None:
            continue
        (length,) = struct.unpack_from("<I", content)
        header = json.loads(content[4 : 4 + length])
        have = header["version"]
        if until(header):
            png = content[4 + length :]
            return header, np.asarray(Image.open(BytesIO(png))) if png else None
    raise AssertionError("the labels never came")


def test_strokes_are_on_the_disk_before_anybody_is_told(lesson, setting):
    answer = lesson.add([AIR, QUARTZ], 0)

    written = (lesson_folder(lesson.id) / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in written] == [e["id"] for e in answer["events"]]
    assert answer["n"] == 3  # the classes come first
    assert answer["events"][1:] == [AIR, QUARTZ]


def test_a_lesson_is_found_again_as_it_was(lesson, setting):
    lesson.add([AIR, QUARTZ, {"id": "the-undo-1", "do": "undo"}], 0)
    lesson_id, before = lesson.id, lesson.since(0)
    del lesson
    gc.collect()

    assert lesson_of(lesson_id, setting).since(0) == before


def test_two_pages_share_one_lesson(lesson, setting):
    lesson.add([AIR], 0)

    assert lesson_of(lesson.id, replace(setting)) is lesson


def test_what_makes_no_sense_is_refused_with_a_reason_and_the_rest_is_kept(lesson):
    answer = lesson.add([AIR, stroke(9, [[1, 1]], "no-such-class"), "nonsense", QUARTZ], 0)

    assert [event["do"] for event in answer["events"]] == ["classes", "paint", "paint"]
    assert [one["id"] for one in answer["refused"]] == ["no-such-class", ""]
    assert all(one["message"] for one in answer["refused"])


def test_the_whole_slice_is_that_of_all_strokes(lesson, setting):
    lesson.add([AIR, QUARTZ], 0)

    header, labels = news_of(lesson)

    sight = sights.make(setting.task, Z)
    learner = lesson._learner
    taught = learn(learner.gathered.painted, learner.classes, learner.n)
    expected = sight.predict(taught.classifier, setting.classes).seen_labels
    np.testing.assert_array_equal(labels, expected)
    assert header["learned"] == header["n"] == 3
    assert set(np.unique(labels)) <= {0, 2, 255}


def test_what_is_seen_comes_first_and_is_refined(lesson):
    seen = []
    lesson.add([AIR, QUARTZ], 0)

    def note(header):
        seen.append(header)
        return header["isWhole"]

    _, labels = news_of(lesson, until=note)
    versions = [header["version"] for header in seen]
    assert versions == sorted(set(versions))
    assert labels.shape == lesson.setting.shape[1:]


def test_a_part_has_labels_of_that_part(lesson):
    lesson.add([AIR, QUARTZ], 0)
    box = (20, 30, 90, 81)

    header, labels = news_of(lesson, box=box, until=lambda _: True)

    if not header["isWhole"]:  # the whole slice may have been there first
        assert header["box"] == list(box)
        assert labels.shape == (51, 70)


def test_each_stroke_makes_newer_labels(lesson):
    lesson.add([AIR, QUARTZ], 0)
    first, _ = news_of(lesson)
    lesson.add([stroke(2, [[60, 60], [70, 66]])], 3)

    def is_newer(header):
        return header["isWhole"] and header["learned"] == 4

    second, _ = news_of(lesson, have=first["version"], until=is_newer)

    assert second["version"] > first["version"]


def test_with_one_class_there_are_no_labels(lesson):
    lesson.add([AIR], 0)

    header, labels = news_of(lesson, until=lambda header: header["learned"] == 2)

    assert header["isEmpty"]
    assert labels is None


def test_labels_go_when_their_strokes_are_undone(lesson):
    lesson.add([AIR, QUARTZ], 0)
    header, _ = news_of(lesson)
    lesson.add([{"id": "the-undo-1", "do": "undo"}], 3)

    header, _ = news_of(lesson, have=header["version"], until=lambda header: header["isEmpty"])

    assert header["n"] == 4


def test_with_strokes_enough_it_says_how_good_it_is_and_where_to_paint_next(lesson):
    lesson.add([AIR, QUARTZ], 0)
    header, _ = news_of(lesson, until=lambda header: header["score"])
    assert "Too few strokes" in header["score"]
    more = [stroke(1, [[5, y], [30, y + 2]]) for y in (40, 200)]
    more += [stroke(3, [[x, 150], [x + 20, 155]]) for x in (70, 170)]
    lesson.add(more, 3)

    header, _ = news_of(
        lesson, until=lambda header: header["score"] and "estimated" in header["score"]
    )

    score = lesson.summary(Z).score
    assert 0 <= score.low <= score.mean_iou <= score.high <= 1
    news_of(lesson, until=lambda header: "next" in header)


def test_strokes_correct_the_models_own_answer(lesson, setting):
    lesson.change(replace(setting, is_correction=True))
    lesson.add([QUARTZ], 0)

    _, labels = news_of(lesson)

    own = predictor_of(setting.task).predict(open_source(ROCK).read_slice(Z)).seen_labels
    assert (labels == own).mean() > 0.8


def test_strokes_on_one_slice_teach_all(lesson):
    lesson.add([AIR, QUARTZ], 0)

    _, labels = news_of(lesson, z=Z + 7)

    assert {0, 2} <= set(np.unique(labels))


def test_the_numbers_are_those_of_the_strokes(lesson):
    lesson.add([AIR, QUARTZ, stroke(3, [[60, 160]], size=3)], 0)
    news_of(lesson)

    summary = lesson.summary(Z)

    assert summary.n_strokes == (1, 0, 2, 0)
    assert summary.n_pixels[2] > summary.n_pixels[3] == 0
    assert summary.phases.phase_fractions.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "look", [Look(99, (0, 0, 9, 9)), Look(0, (9, 9, 9, 20)), Look(0, (10**6, 0, 10**7, 5))]
)
def test_nothing_is_computed_for_who_looks_at_nothing(lesson, look):
    lesson.add([AIR, QUARTZ], 0)

    assert own_loop.run(lesson.news("somebody", look, 0)) is None
    assert lesson._looks.now == []


def test_a_lesson_nobody_looks_at_lets_go_of_its_memory_and_comes_back(lesson, monkeypatch):
    lesson.add([AIR, QUARTZ], 0)
    _, before = news_of(lesson)
    monkeypatch.setattr(lessons, "IDLE_S", 0)

    assert lesson.rest_if_idle()
    assert lesson._learner is None
    monkeypatch.setattr(lessons, "IDLE_S", 180)
    _, after = news_of(lesson)
    np.testing.assert_array_equal(before, after)


def test_another_model_sees_the_same_strokes(lesson, setting):
    lesson.add([AIR, QUARTZ], 0)
    news_of(lesson)
    task = replace(setting.task, treatment=replace(setting.task.treatment, grey="10,200"))
    lesson.change(replace(setting, task=task))

    _, labels = news_of(lesson)

    assert predictor_of(task).mapping.low == 10
    assert lesson.summary(Z).n_strokes[0] == 1
    assert labels is not None


def test_a_full_disk_is_said(lesson, monkeypatch):
    monkeypatch.setenv("SANDSEG_QUOTA_SESSION", "1000")

    with pytest.raises(SandsegError, match="a visit may hold"):
        lesson.add([AIR], 0)
