"""What a lesson does next, step by step and by hand: on made-up stacks, without a server."""

import json
import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pages.cache.task import Task
from pages.components.painting.tickets import Look
from pages.lessons.learner import SCOUT, Learner
from pages.lessons.setting import Setting
from pages.lessons.sights import sights
from sandseg.classes import IGNORED
from sandseg.export.tiff import write_image
from sandseg.model.store import list_models, load_model
from sandseg.predict.glimpse import CELL
from sandseg.teach.painting.strokes import Painting
from tests.lessons import TINY, made_up_stack
from tests.teach.painting.made_events import do, paint

pytestmark = pytest.mark.skipif(
    TINY not in {model.name for model in list_models()}, reason="the small model is not here"
)


class Bench:
    """A learner whose steps are done by hand, and the strokes it learns from."""

    def __init__(self, path, grey):
        write_image(path, grey, None)
        model = load_model(TINY)
        task = Task(str(path), model.name, model.sha256)
        self.painting = Painting(grey.shape)
        setting = Setting("rock", task, grey.shape, model.classes)
        self.learner = Learner(setting, lambda: None, self.painting.slice_values)
        self.n = 0

    def paint(self, value, points, axis="z", at=0):
        self.n += 1
        assert self.painting.play(paint(self.n, points, value, size=7, axis=axis, at=at))
        self.learner.hear(self.painting)

    def quick(self, *looks):
        while step := self.learner.quick_step(looks):
            step.work()

    def all_steps(self, *looks, until=SCOUT):
        """Do all there is to do but what can wait for as long."""
        self.quick(*looks)
        while (step := self.learner.slow_step(looks)) and step.patience < until:
            step.work()
            self.quick(*looks)

    def labels(self, look):
        piece = self.learner.news_for(look, 0)
        return piece, *(np.asarray(Image.open(BytesIO(png))) for png in piece.pngs)


@pytest.fixture
def bench(tmp_path):
    def make(n_slices, shape, change=lambda grey: grey):
        grey, _ = made_up_stack(n_slices, shape)
        return Bench(tmp_path / "rock.tif", change(grey))

    return make


def whole_of(bench, z=0, **how):
    height, width = bench.learner.setting.shape[1:]
    return Look(z, (0, 0, width, height), **how)


def test_what_is_painted_has_labels_before_all_of_the_slice_is_seen(bench):
    bench = bench(2, (700, 720))
    look = whole_of(bench)
    bench.paint(1, [[30, 30], [60, 40]])
    bench.paint(2, [[100, 90], [130, 96]])

    bench.quick(look)

    piece, early = bench.labels(look)
    assert piece.is_early
    assert piece.is_partial
    assert piece.n == bench.painting.n_events
    is_seen = np.zeros(early.shape, bool)
    is_seen[: CELL // piece.step, : CELL // piece.step] = True
    np.testing.assert_array_equal(early != IGNORED, is_seen)
    assert bench.learner.known() is None  # it is not what the command line would learn
    assert not bench.learner.summary(0).is_taught

    bench.all_steps(look)

    piece, final = bench.labels(look)
    assert piece.is_whole
    assert not piece.is_early
    assert bench.learner.summary(0).is_taught
    half = piece.step * 2
    coarse = final[half::4, half::4][: CELL // 4, : CELL // 4]
    assert (coarse == early[: len(coarse), : coarse.shape[1]]).mean() > 0.9


def test_strokes_learned_from_early_teach_in_the_end_what_they_always_do(bench):
    early, late = bench(2, (700, 720)), bench(2, (700, 720))
    strokes = (1, [[30, 30], [60, 40]]), (2, [[100, 90], [130, 96]])
    for value, points in strokes:
        early.paint(value, points)
        early.quick(whole_of(early))
        late.paint(value, points)
    sights.make(late.learner.task, 0)
    for one in (early, late):
        one.all_steps(whole_of(one))

    np.testing.assert_array_equal(early.labels(whole_of(early))[1], late.labels(whole_of(late))[1])


def test_strokes_on_more_slices_than_memory_holds_are_learned_from(bench, monkeypatch):
    bench = bench(6, (200, 210))
    bench.paint(1, [[30, 0], [30, 5]], "y", 100)
    bench.paint(2, [[90, 0], [90, 5]], "y", 100)
    monkeypatch.setattr(sights, "_most_bytes", 3 * 10**6)  # one or two slices

    bench.all_steps()

    assert bench.learner.summary(0).is_taught
    assert set(bench.learner.gathered.painted) == set(range(6))
    assert sum(bench.learner.summary(0).n_pixels[2:]) == 0


def test_how_sure_the_labels_are_comes_where_it_is_asked_for(bench):
    bench = bench(2, (200, 210))
    bench.paint(1, [[30, 30], [60, 40]])
    bench.paint(2, [[100, 90], [130, 96]])
    plain, sure = whole_of(bench), whole_of(bench, is_sure=True)
    bench.all_steps(plain)
    assert len(bench.learner.news_for(plain, 0).pngs) == 1

    bench.all_steps(plain, sure)

    piece, labels, percent = bench.labels(sure)
    found = sights.find(bench.learner.task, 0).predict(
        bench.learner.taught.classifier, bench.learner.classes
    )
    assert piece.is_whole
    np.testing.assert_array_equal(labels, found.seen_labels)
    np.testing.assert_array_equal(percent, (100 * found.confidence).astype(np.uint8))
    bench.paint(1, [[150, 150], [160, 155]])
    bench.quick(sure)
    piece, _, newer = bench.labels(sure)
    assert not piece.is_whole
    assert newer.max() <= 100


def test_a_plane_has_the_labels_of_the_slices_that_were_seen_and_no_others(bench):
    bench = bench(6, (200, 210))
    bench.paint(1, [[30, 30], [60, 40]], at=1)
    bench.paint(2, [[100, 90], [130, 96]], at=4)
    across = Look(77, (0, 0, 210, 6), "y", is_sure=True)
    down = Look(55, (0, 0, 200, 6), "x")

    bench.all_steps(across, down)

    piece, labels, percent = bench.labels(across)
    assert piece.n_known == 2
    assert (labels[[0, 2, 3, 5]] == IGNORED).all()
    assert (percent[[0, 2, 3, 5]] == IGNORED).all()
    _, columns = bench.labels(down)
    for z in (1, 4):
        found = sights.find(bench.learner.task, z).predict(
            bench.learner.taught.classifier, bench.learner.classes
        )
        np.testing.assert_array_equal(labels[z], found.seen_labels[77])
        np.testing.assert_array_equal(percent[z], (100 * found.confidence[77]).astype(np.uint8))
        np.testing.assert_array_equal(columns[z], found.seen_labels[:, 55])


def test_a_stroke_across_the_slices_teaches_and_is_shown_on_each(bench):
    bench = bench(5, (200, 210))
    bench.paint(1, [[30, 1], [34, 3]], "y", 100)
    bench.paint(2, [[120, 60]], at=0)
    look = whole_of(bench, 2)

    bench.all_steps(look)

    assert bench.learner.summary(2).is_taught
    assert bench.learner.summary(2).n_strokes[0] == 1
    assert len(bench.learner.gathered.painted) >= 4
    piece, labels = bench.labels(look)
    assert piece.is_whole
    assert set(np.unique(labels)) <= {0, 1}


def foggy(grey):
    """All slices show two clear greys alike; one holds a patch of greys between."""
    noise = np.random.default_rng(0).normal(0, 3, grey.shape)
    clear = np.broadcast_to(np.where(np.arange(grey.shape[2]) % 80 < 40, 50.0, 190.0), grey.shape)
    patchy = clear.copy()
    patchy[UNSURE, 40:160, 90:150] = np.linspace(60, 110, 120)[:, None]
    return np.clip(patchy + noise, 1, 254).astype(np.uint8)


UNSURE = 5


def test_the_next_place_is_found_on_a_slice_that_nobody_opened(bench):
    bench = bench(7, (200, 210), foggy)
    for x in range(20, 210, 40):  # along each stripe
        bench.paint(1 + x // 40 % 2, [[x - 12, 4], [x + 12, 195]])
    look = whole_of(bench)

    bench.all_steps(look, until=SCOUT + 1)

    place = bench.learner.lead.place
    assert place.z == UNSURE
    assert 40 <= place.y < 160
    assert 90 <= place.x < 150
    assert not sights.find(bench.learner.task, UNSURE)  # it was never opened


def test_scouts_go_no_further_once_somebody_paints(bench):
    bench = bench(7, (420, 430))
    bench.paint(1, [[30, 30], [60, 40]])
    bench.paint(2, [[100, 90], [130, 96]])
    look = whole_of(bench)
    bench.all_steps(look)
    step = bench.learner.slow_step([look])
    assert step.patience == SCOUT

    step.work()  # a part of a slice, no more
    bench.paint(1, [[200, 200], [210, 210]])

    assert bench.learner.quick_step([look])
    bench.quick(look)
    assert bench.learner.slow_step([look]).patience < SCOUT
    assert not bench.learner.slow_step([]) or bench.learner.slow_step([]).patience < SCOUT


def test_where_memory_is_short_nothing_is_let_go_of_for_scouts(bench, monkeypatch):
    bench = bench(7, (200, 210))
    bench.paint(1, [[30, 30], [60, 40]])
    bench.paint(2, [[100, 90], [130, 96]])
    look = whole_of(bench)
    bench.all_steps(look)
    monkeypatch.setattr(sights, "_most_bytes", sights.n_bytes + 10**6)

    bench.all_steps(look, until=SCOUT + 1)

    assert set(sights.scouts(bench.learner.task)) == {0}
    assert sights.find(bench.learner.task, 0)


def test_the_header_says_what_labels_are_of(bench):
    bench = bench(3, (200, 210))
    bench.paint(1, [[30, 30], [60, 40]])
    bench.paint(2, [[100, 90], [130, 96]])
    look = Look(40, (0, 0, 210, 3), "y", is_sure=True)
    bench.all_steps(look)

    packed = bench.learner.news_for(look, 0).packed(bench.learner.facts())

    (length,) = struct.unpack_from("<I", packed)
    header = json.loads(packed[4 : 4 + length])
    assert (header["axis"], header["z"], header["known"]) == ("y", 40, 1)
    assert len(header["lengths"]) == 2
    assert len(packed) == 4 + length + sum(header["lengths"])


def test_undone_strokes_are_not_learned_from(bench):
    bench = bench(2, (200, 210))
    bench.paint(1, [[30, 30], [60, 40]])
    bench.paint(2, [[100, 90], [130, 96]])
    bench.paint(2, [[150, 90], [160, 96]], at=1)
    bench.painting.play(do(9, "undo"))
    bench.learner.hear(bench.painting)

    bench.all_steps(whole_of(bench))

    assert set(bench.learner.gathered.painted) == {0}
    assert bench.learner.summary(0).is_taught
