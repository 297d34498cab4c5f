"""What each method makes of a slice, computed once for all visitors, and how they compare."""

import time
from dataclasses import dataclass, replace

import numpy as np

from pages.cache.fair_line import FairLine
from pages.cache.models import list_models
from pages.cache.rocks import open_source, true_sample, true_slice
from pages.cache.slices import mapping_of, prediction_of, predictor_of, sample_of
from pages.cache.store import kept
from pages.cache.task import Task
from sandseg.classes import IGNORED, SANDSTONE
from sandseg.export.overlay import error_marks
from sandseg.export.pictures import encode_palette_png, encode_png
from sandseg.measure.composition import Composition, composition_of
from sandseg.model.store import models_folder
from sandseg.predict import methods
from sandseg.predict.methods import Method, Segmenter
from sandseg.score import comparison
from sandseg.score.comparison import MethodErrors
from sandseg.score.intervals import IouIntervals, bootstrap_iou
from sandseg.score.metrics import Scores, scores

FOREST_BYTES = 32 * 2**20
N_CLASSES = len(SANDSTONE)

_line = FairLine()  # one slice at a time: two at once would take twice as long, and say so


@dataclass(frozen=True)
class Trial:
    """A slice and the method it is segmented by.

    The task's model is the network whose grey values the slice is brought to: a network's own, for
    other methods the default one's.
    """

    task: Task
    z: int
    method: str
    method_sha256: str


@dataclass(frozen=True, eq=False)
class Run:
    """What a method makes of a slice, and the seconds it takes once it is loaded."""

    labels: np.ndarray
    seconds: float

    @property
    def megapixels_per_second(self) -> float:
        """How many million pixels a second would be segmented at this speed."""
        return self.labels.size / 1e6 / max(self.seconds, 1e-9)


@dataclass(frozen=True)
class Pictures:
    """Labels of a slice and, with a truth, its wrong pixels, encoded for the viewer."""

    labels: bytes
    errors: bytes | None


@dataclass(frozen=True, eq=False)
class Rating:
    """How well a slice is segmented."""

    scores: Scores
    intervals: IouIntervals
    errors: MethodErrors


@dataclass(frozen=True)
class Difference:
    """Where two methods differ: the share of all pixels, a picture of kinds, their (4,) counts."""

    share: float
    picture: bytes
    counts: tuple[int, ...]


def list_methods() -> list[Method]:
    """Return the methods to choose from; networks that somebody has hidden are left out."""
    shown = {model.name for model in list_models()}
    return [method for method in all_methods() if not method.model or method.model.name in shown]


def all_methods() -> list[Method]:
    """Return the methods at hand; they are looked up again when a card changes."""
    cards = sorted(models_folder().glob("*/card.json"))
    return _methods(tuple((str(card), card.stat().st_mtime_ns) for card in cards))


@kept()
def _methods(_cards: tuple[tuple[str, int], ...]) -> list[Method]:
    return methods.list_methods()


def make_trial(task: Task, z: int, method: Method) -> Trial:
    """Return under what name the work of a method on a slice of a task's stack is kept."""
    model = method.model or list_models()[0]
    scaled = replace(task, model_name=model.name, model_sha256=model.sha256)
    return Trial(scaled, z, method.name, method.sha256)


def run_of(trial: Trial) -> Run:
    """Segment a slice; a network's answer is the one that all pages show.

    Raises:
        SandsegError: The slice is damaged or cannot be segmented by this method.
    """
    method = methods.find_method(trial.method, all_methods())
    if method.model:
        labels = prediction_of(trial.task, trial.z).seen_labels
        return Run(labels, _network_seconds(trial.task, trial.z))
    return _run_of(trial)


@kept(line=_line)
def _run_of(trial: Trial) -> Run:
    image = open_source(trial.task.source).read_slice(trial.z)
    grey, unseen = mapping_of(trial.task).bring(image)
    found, seconds = methods.timed(_segmenter(trial.method, trial.method_sha256), grey)
    return Run(replace(found, unseen=unseen).seen_labels, seconds)


@kept(weight=FOREST_BYTES)
def _segmenter(name: str, _sha256: str) -> Segmenter:
    method = methods.find_method(name, all_methods())
    segmenter = methods.load_segmenter(method)
    methods.warm_up(method, segmenter, (64, 64))
    return segmenter


def _size(task: Task, z: int) -> tuple:  # noqa: ARG001 - all slices of a stack are of one size
    return predictor_of(task).zoom, task.model_sha256, open_source(task.source).shape[1:]


@kept(key=_size, line=_line)
def _network_seconds(task: Task, z: int) -> float:
    """Time a network on one slice of each size, the second time it sees it: then it is ready."""
    predictor, image = predictor_of(task), open_source(task.source).read_slice(z)
    predictor.predict(image)
    start = time.perf_counter()
    predictor.predict(image)
    return time.perf_counter() - start


@kept()
def trial_pictures(trial: Trial, truth: str) -> Pictures:
    """Encode what a method makes of a slice."""
    labels = run_of(trial).labels
    encoded = encode_palette_png(labels, SANDSTONE)
    if not truth:
        return Pictures(encoded, None)
    return Pictures(encoded, encode_png(error_marks(_true(trial, truth), labels)))


@kept()
def rating_of(trial: Trial, truth: str) -> Rating:
    """Compare what a method makes of a slice with the true labels."""
    labels = run_of(trial).labels
    true = _where_seen(true_sample(truth, trial.z, SANDSTONE), labels)
    errors = comparison.method_errors(true, labels, N_CLASSES)
    intervals = bootstrap_iou(errors.blocks, np.random.default_rng(0))
    return Rating(scores(errors.matrix), intervals, errors)


@kept()
def trial_phases(trial: Trial) -> Composition:
    """Measure a slice as a method labels it."""
    return composition_of(run_of(trial).labels, SANDSTONE, sample_of(trial.task, trial.z))


@kept()
def true_phases(truth: str, z: int) -> Composition:
    """Measure the true labels of a slice."""
    return composition_of(true_slice(truth, z), SANDSTONE)


@kept()
def difference_of(first: Trial, second: Trial, truth: str) -> Difference:
    """Compare what two methods make of a slice with each other."""
    one, other = run_of(first).labels, run_of(second).labels
    true = _true(first, truth) if truth else None
    kinds = comparison.difference_kinds(one, other, true)
    return Difference(
        comparison.disagreement(one, other),
        encode_palette_png(kinds),
        tuple(np.bincount(kinds.ravel(), minlength=4).tolist()),
    )


def _true(trial: Trial, truth: str) -> np.ndarray:
    return _where_seen(true_slice(truth, trial.z), run_of(trial).labels)


def _where_seen(true: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.where(labels == IGNORED, np.uint8(IGNORED), true)
