"""What each work on a slice is said to take is what it takes: a bit more, and no wild guess."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from pages.cache import rocks
from pages.cache.rocks import COMPARING, DRAWING, LOOKING, MEASURING, hold
from sandseg.errors import SandsegError
from sandseg.export.overlay import error_marks
from sandseg.export.pictures import encode_png
from sandseg.grey.finder import finder_for
from sandseg.grey.mapping import choose_mapping
from sandseg.grey.survey import count_greys
from sandseg.measure.composition import composition_of
from sandseg.measure.outline import outline_of
from sandseg.memory import Budget
from sandseg.model.engine import load_engine
from sandseg.model.store import load_model
from sandseg.predict.slices import make_predictor, slice_bytes
from sandseg.scan.stack import Stack
from sandseg.score.comparison import difference_kinds, disagreement, method_errors
from sandseg.score.evaluation import evaluate_slice

pytestmark = pytest.mark.slow

SIDE = 1400


class Peak:
    """Bytes for each pixel that a block had at once; what is there before is not counted."""

    per_pixel = 0.0


@contextmanager
def measured() -> Iterator[Peak]:
    peak = Peak()
    tracemalloc.start()
    try:
        yield peak
        peak.per_pixel = tracemalloc.get_traced_memory()[1] / SIDE**2
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def model(grey_model_folder):
    return load_model("grey", grey_model_folder)


@pytest.fixture(scope="module")
def stack():
    """A round sample in paint; its slices are read anew each time, as from a file."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 4, (SIDE // 10, SIDE // 10)) * 60
    image = np.kron(coarse, np.ones((10, 10))) + rng.integers(1, 30, (SIDE, SIDE))
    image[y**2 + x**2 > (0.45 * SIDE) ** 2] = 0
    image = image.astype(np.float32)  # the largest that is usual
    return Stack("rock", (6, SIDE, SIDE), image.dtype, lambda _z: image.copy())


@pytest.fixture(scope="module")
def found(stack, model):
    return make_predictor(stack, model).predict(stack.read_slice(0))


def test_segmenting(stack, model):
    predictor = make_predictor(stack, model, network=load_engine(model))
    with measured() as peak:
        predictor.predict(stack.read_slice(0))
    assert slice_bytes() / 3 < peak.per_pixel < slice_bytes()


def test_looking(stack, model):
    with measured() as peak:
        finder = finder_for(stack)
        choose_mapping(stack, model.histogram, "auto", None, finder)
        sample = finder.find(stack.read_slice(0))
        outline_of(sample)
    assert LOOKING.bytes_per_pixel / 3 < peak.per_pixel < LOOKING.bytes_per_pixel


def test_measuring(found, model):
    grey = (found.confidence * 255).astype(np.uint8)
    with measured() as peak:
        composition_of(found.seen_labels, model.classes, found.sample)
        count_greys(grey, found.labels, len(model.classes))
    assert MEASURING.bytes_per_pixel / 3 < peak.per_pixel < MEASURING.bytes_per_pixel


def test_drawing(found):
    with measured() as peak:
        encode_png(error_marks(np.roll(found.labels, 1), found.labels))
    assert DRAWING.bytes_per_pixel / 4 < peak.per_pixel < DRAWING.bytes_per_pixel


def test_comparing(found, model):
    true, n_classes = np.roll(found.labels, 1), len(model.classes)
    with measured() as peak:
        evaluate_slice(true, found.labels, found.confidence, n_classes)
        method_errors(true, found.labels, n_classes)
        difference_kinds(true, found.labels, None)
        disagreement(true, found.labels)
    assert COMPARING.bytes_per_pixel / 3 < peak.per_pixel < COMPARING.bytes_per_pixel


def test_what_is_larger_than_the_server_gives_is_refused(monkeypatch):
    monkeypatch.setattr(rocks, "budget", Budget(lambda: 40 * 10**6))
    stack = Stack("rock", (1, 2000, 2000), np.dtype(np.uint8), None)
    monkeypatch.setattr(rocks, "open_source", lambda _place: stack)

    with pytest.raises(SandsegError, match=r"Looking at a slice of this size takes about 128 MB"):
        hold("rock", LOOKING).__enter__()
