"""Slices segmented once for all visitors, and what a page shows of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import tifffile

from pages.cache.fair_line import FairLine
from pages.cache.models import classes_of, find_model, load_network
from pages.cache.rocks import (
    DRAWING,
    LOOKING,
    MEASURING,
    Work,
    hold,
    open_source,
    slice_content,
    stack_of,
    true_sample,
    true_slice,
)
from pages.cache.samples import finder_of, sample_of
from pages.cache.store import kept
from pages.cache.task import SlicePictures, Task
from sandseg.atomic import read_json
from sandseg.classes import IGNORED
from sandseg.config import Treatment
from sandseg.export.overlay import error_marks
from sandseg.export.pictures import encode_jpeg, encode_palette_png, encode_png
from sandseg.grey.display import to_display
from sandseg.grey.mapping import GreyMapping, choose_mapping
from sandseg.grey.rescale import zoom_for
from sandseg.measure.composition import Composition, composition_of
from sandseg.model.usual import usual_for
from sandseg.predict.even_light import even_out, ready_predictor
from sandseg.predict.slices import (
    Predictor,
    SlicePrediction,
    averaged,
    check_slice_memory,
    slice_bytes,
)
from sandseg.runs.segmentation import CONFIDENCE, LABELS, REPORT

LOW_CONFIDENCE = 0.5  # covers the grey wholly; hardly any pixel is less sure
LARGE_PIXELS = 2**22  # of a slice as its network sees it: some seconds of work
DOUBT = (254, 232, 56, 255)  # the bright end of cividis

_line = FairLine()


def n_waiting() -> int:
    """Return how many visitors wait for a slice to be segmented."""
    return _line.n_waiting


def line_of(task: Task) -> GreyMapping:
    """Return the straight line from a stack's grey values to its model's scale.

    Raises:
        SandsegError: The stack cannot be read, or what the visitor wrote means no line.
    """
    plain = Treatment(task.treatment.grey, sample=task.treatment.sample)
    is_plain = not task.job and task.treatment == plain
    return _line_of(task if is_plain else replace(task, job="", treatment=plain))


@kept()
def _line_of(task: Task) -> GreyMapping:
    stack, model = open_source(task.source), find_model(task.model_name)
    finder = finder_of(task)
    with hold(task.source, LOOKING):
        return choose_mapping(stack, model.histogram, task.treatment.grey, model.landmarks, finder)


def zoom_of(task: Task) -> float:
    """Return by how much a task's model sees the slices enlarged."""
    if not task.treatment.is_rescaled:
        return 1.0
    return zoom_for(stack_of(task), find_model(task.model_name))


def mapping_of(task: Task) -> GreyMapping:
    """Return how a task's slices reach its model: the line, and the light that is evened out."""
    return predictor_of(task).mapping if task.treatment.is_evened else line_of(task)


def predictor_of(task: Task) -> Predictor:
    """Return what segments the slices of a task."""
    return _predictor_of(replace(task, job="") if task.job else task)


@kept()
def _predictor_of(task: Task) -> Predictor:
    model = find_model(task.model_name)
    network = load_network(task.model_name, task.model_sha256)
    check_slice_memory(stack_of(task), zoom_of(task))
    if model.is_taught and task.treatment.is_evened:  # in the light it was taught in
        return ready_predictor(stack_of(task), model, task.treatment, network)
    line, zoom, unet = line_of(task), zoom_of(task), model.unet
    finder = finder_of(task)
    network = averaged(network) if task.treatment.is_averaged else network
    predictor = Predictor(network, unet.stride, model.classes, line, zoom, unet.tiling, finder)
    if not task.treatment.is_evened:
        return predictor
    bowl = usual_for(model).bowl
    return even_out(
        stack_of(task), predictor, bowl, lambda how, _stack, z: _segmented(task, z, how)
    )


def prediction_of(
    task: Task, z: int, on_wait: Callable[[int, float], None] = lambda *_: None
) -> SlicePrediction:
    """Segment a slice, or read it where the whole stack was segmented.

    All visitors stand in one line; the same grey values cost one run, whoever brought them.

    Args:
        task: Stack and model.
        z: The slice.
        on_wait: Told how many slices are before this one, and about how many seconds that takes.

    Raises:
        StackError: The slice is damaged.
    """
    if task.job:
        return _stored_prediction(task, z)
    return _segmented(task, z, predictor_of(task), on_wait=on_wait)


def _what_is_seen(task: Task, z: int, predictor: Predictor) -> tuple:
    """All that an answer depends on, whatever the file is called."""
    mapping = predictor.mapping
    line = (mapping.low, mapping.high, mapping.light, mapping.bowl_left)
    steadied = mapping.is_steadied and mapping.unsteady
    how = predictor.finder, task.treatment.is_averaged
    what = slice_content(task.source, z), how, task.model_sha256
    return *what, line, steadied, predictor.zoom


def _segmenting(task: Task, _z: int, predictor: Predictor) -> AbstractContextManager:
    work = Work("Segmenting a slice of this size", slice_bytes(predictor.zoom))
    return hold(task.source, work) if _is_large(task, predictor) else nullcontext()


def _is_large(task: Task, predictor: Predictor) -> bool:
    """Whether a slice lets others go first; of all that do not, one is at work at a time."""
    _, height, width = open_source(task.source).shape
    return height * width * max(predictor.zoom, 1) ** 2 > LARGE_PIXELS


@kept(key=_what_is_seen, line=_line, hold=_segmenting)
def _segmented(task: Task, z: int, predictor: Predictor) -> SlicePrediction:
    def network(tiles: np.ndarray) -> np.ndarray:
        _line.give_way()
        return predictor.network(tiles)

    polite = replace(predictor, network=network) if _is_large(task, predictor) else predictor
    return polite.predict(open_source(task.source).read_slice(z))


@kept()
def _stored_prediction(task: Task, z: int) -> SlicePrediction:
    files = (Path(task.job) / name for name in (LABELS, CONFIDENCE))
    labels, confidence = (tifffile.imread(file, key=z) for file in files)
    unseen = confidence == 0  # only what was not seen has no confidence at all
    sample = sample_of(task, z)
    return SlicePrediction(labels, confidence, unseen if unseen.any() else None, sample)


@kept()
def report_of(job: str) -> dict:
    """Read the report of a finished whole run."""
    return read_json(Path(job) / REPORT)


def grey_slice(task: Task, z: int) -> np.ndarray:
    """Return a slice as it is shown, (Y, X) uint8: on its model's scale, as chosen.

    Raises:
        StackError: The slice is damaged.
    """
    line = line_of(task)
    return to_display(open_source(task.source).read_slice(z), line.low, line.high)


def _what_is_shown(task: Task, z: int) -> tuple:
    line = line_of(task)
    return task.source, z, line.low, line.high


@kept(key=_what_is_shown)
def grey_picture(task: Task, z: int) -> bytes:
    """Encode the grey values of a slice for the viewer; raises as `grey_slice` does."""
    return encode_jpeg(grey_slice(task, z))


@kept(key=_what_is_shown)
def exact_grey(task: Task, z: int) -> bytes:
    """Encode the grey values of a slice without loss: several times the bytes of a JPEG."""
    return encode_png(grey_slice(task, z))


@kept()
def label_picture(task: Task, z: int) -> bytes:
    """Encode the labels of a segmented slice for the viewer; what was not seen has none."""
    return encode_palette_png(prediction_of(task, z).seen_labels, classes_of(task.model_name))


def slice_pictures(task: Task, z: int) -> SlicePictures:
    """Encode a segmented slice for the viewer."""
    return SlicePictures(grey_picture(task, z), label_picture(task, z))


@kept()
def confidence_picture(task: Task, z: int) -> bytes:
    """Encode how unsure the model is of each pixel: the less sure, the less the grey shows."""
    found = prediction_of(task, z)
    with hold(task.source, DRAWING):
        doubt = to_display(1 - found.confidence, 0, 1 - LOW_CONFIDENCE)
        marks = np.full((*doubt.shape, 4), DOUBT, np.uint8)
        marks[..., 3] = doubt
        return encode_png(marks)


@kept()
def confidence_percent(task: Task, z: int) -> bytes:
    """Encode how sure the model is of each pixel, in whole percent rounded down, as a grey PNG."""
    return encode_png((100 * prediction_of(task, z).confidence).astype(np.uint8))


@kept()
def slice_phases(task: Task, z: int) -> Composition:
    """Measure a segmented slice."""
    found = prediction_of(task, z)
    with hold(task.source, MEASURING):
        return composition_of(found.seen_labels, classes_of(task.model_name), found.sample)


def true_seen(task: Task, z: int, truth: str) -> np.ndarray:
    """Return the true labels that scores of a slice are counted over: in the sample, and seen."""
    return _where_seen(task, z, true_sample(truth, z, classes_of(task.model_name)))


def _where_seen(task: Task, z: int, true: np.ndarray) -> np.ndarray:
    unseen = prediction_of(task, z).unseen
    return true if unseen is None else np.where(unseen, np.uint8(IGNORED), true)


def true_in_picture(task: Task, z: int, truth: str) -> np.ndarray:
    """Return the true labels that errors are shown against: of all that was seen."""
    return _where_seen(task, z, true_slice(truth, z))


@kept(key=lambda task, z, truth: (task.model_sha256, z, truth))
def true_picture(task: Task, z: int, truth: str) -> bytes:
    """Encode the true labels of a slice, in the colors of the model's classes."""
    return encode_palette_png(true_slice(truth, z), classes_of(task.model_name))


@kept()
def error_picture(task: Task, z: int, truth: str, class_value: int | None = None) -> bytes:
    """Encode marks for the wrong pixels of a slice: those of a class, or all."""
    true, found = true_in_picture(task, z, truth), prediction_of(task, z)
    with hold(task.source, DRAWING):
        return encode_png(error_marks(true, found.labels, class_value))
