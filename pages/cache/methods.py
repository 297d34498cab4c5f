"""What the page Compare computes and keeps: methods, and what each makes of a slice."""

import threading
from dataclasses import dataclass, replace

import numpy as np

from pages.cache import slices as cache
from pages.cache.store import kept
from pages.cache.view import SlicePhases
from sandseg.classes import SANDSTONE
from sandseg.export import overlay
from sandseg.export.pictures import encode_palette_png, encode_png
from sandseg.measure.fractions import phase_fractions, porosity
from sandseg.measure.sample import sample_mask
from sandseg.model.store import models_folder
from sandseg.predict import methods
from sandseg.predict.methods import Method, SegmentedSlice, Segmenter
from sandseg.scan.stack import check_numbers
from sandseg.score import comparison
from sandseg.score.comparison import MethodErrors
from sandseg.score.intervals import IouIntervals, bootstrap_iou
from sandseg.score.metrics import Scores, scores

_turn = threading.Lock()  # one slice at a time: two at once would take twice as long, and say so


@dataclass(frozen=True)
class Trial:
    """A slice and the method it is segmented by.

    `scale_model` is the network whose grey values the slice is brought to: a network's own, for
    other methods the default one's.
    """

    source: str
    z: int
    method: str
    method_sha256: str
    scale_model: str
    scale_sha256: str


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
    """Return the methods at hand; they are looked up again when a card changes."""
    cards = sorted(models_folder().glob("*/card.json"))
    return _methods(tuple((str(card), card.stat().st_mtime_ns) for card in cards))


@kept(max_entries=4)
def _methods(cards: tuple[tuple[str, int], ...]) -> list[Method]:  # noqa: ARG001
    return methods.list_methods()


def trial(source: str, z: int, method: Method) -> Trial:
    """Return under what name the work of a method on a slice is kept."""
    model = method.model or cache.list_models()[0]
    return Trial(source, z, method.name, method.sha256, model.name, model.sha256)


@kept(max_entries=6)
def _segmenter(name: str, sha256: str) -> Segmenter:  # noqa: ARG001
    method = methods.find_method(name, list_methods())
    return methods.load_segmenter(method, lambda model: cache.engine(model.name, model.sha256))


@kept(max_entries=64)
def _warm(name: str, sha256: str, shape: tuple[int, int]) -> Segmenter:
    segmenter = _segmenter(name, sha256)
    methods.warm_up(methods.find_method(name, list_methods()), segmenter, shape)
    return segmenter


@kept()
def segmented(task: Trial) -> SegmentedSlice:
    """Segment a slice and take the time; probabilities are not kept.

    Raises:
        SandsegError: The slice is damaged or cannot be segmented by this method.
    """
    image = cache.open_source(task.source).read_slice(task.z)
    check_numbers(image)
    mapping = cache.grey_mapping(task.source, task.scale_model, task.scale_sha256)
    grey = mapping.apply(image)
    with _turn:
        segmenter = _warm(task.method, task.method_sha256, grey.shape)
        return replace(methods.segment(grey, segmenter), probabilities=None)


def grey_picture(source: str, z: int, model_name: str, model_sha256: str) -> bytes:
    """Encode the grey values of a slice."""
    return cache.grey_picture(source, z, cache.grey_mapping(source, model_name, model_sha256))


@kept()
def pictures(task: Trial, truth: str) -> Pictures:
    """Encode what a method makes of a slice."""
    labels = segmented(task).labels
    encoded = encode_palette_png(labels, SANDSTONE)
    if not truth:
        return Pictures(encoded, None)
    errors = overlay.error_marks(cache.true_labels(truth)[task.z], labels)
    return Pictures(encoded, encode_png(errors))


@kept()
def rating(task: Trial, truth: str) -> Rating:
    """Compare what a method makes of a slice with the true labels."""
    true = cache.true_labels(truth)[task.z]
    errors = comparison.method_errors(true, segmented(task).labels, len(SANDSTONE))
    intervals = bootstrap_iou(errors.blocks, np.random.default_rng(0))
    return Rating(scores(errors.matrix), intervals, errors)


@kept()
def phases(task: Trial) -> SlicePhases:
    """Measure a slice as a method labels it."""
    return _phases(segmented(task).labels)


@kept()
def true_phases(truth: str, z: int) -> SlicePhases:
    """Measure the true labels of a slice."""
    return _phases(cache.true_labels(truth)[z])


def _phases(labels: np.ndarray) -> SlicePhases:
    rock = sample_mask(labels, SANDSTONE)
    n_classes = len(SANDSTONE)
    return SlicePhases(
        phase_fractions(labels, n_classes),
        phase_fractions(labels, n_classes, rock),
        porosity(labels, SANDSTONE, rock),
    )


@kept()
def difference(first: Trial, second: Trial, truth: str) -> Difference:
    """Compare what two methods make of a slice with each other."""
    one, other = segmented(first).labels, segmented(second).labels
    true = cache.true_labels(truth)[first.z] if truth else None
    kinds = comparison.difference_kinds(one, other, true)
    return Difference(
        comparison.disagreement(one, other),
        encode_palette_png(kinds),
        tuple(np.bincount(kinds.ravel(), minlength=4).tolist()),
    )
