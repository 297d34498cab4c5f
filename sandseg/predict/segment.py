"""A TIFF to label file, confidence file and report: what the command line and the app both run."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sandseg.atomic import write_text
from sandseg.errors import SandsegError, named
from sandseg.export.report import segmentation_report, to_json
from sandseg.export.tiff import write_confidence, write_labels
from sandseg.grey.appearance import Look, look_at, slices_to_look_at
from sandseg.grey.mapping import GreyMapping
from sandseg.grey.verdict import judge, verdict_facts, zoom_for
from sandseg.model.engine import PredictBatch, load_engine
from sandseg.model.store import DEFAULT_MODEL, StoredModel, load_model
from sandseg.model.usual import usual_for
from sandseg.predict.slices import (
    Progress,
    SlicePrediction,
    choose_mapping,
    even_out,
    predict_slice,
    predict_stack,
)
from sandseg.scan.labels import check_same_shape, read_labels
from sandseg.scan.limits import check_memory
from sandseg.scan.read_options import ReadOptions, open_with_options
from sandseg.scan.stack import Stack
from sandseg.score.metrics import confusion_matrix, scores

_BYTES_PER_PIXEL = 40  # while a slice is segmented: grey values, probabilities and their sums


@dataclass(frozen=True)
class SegmentRequest:
    """Which file and how to read it, which model, and which files to write."""

    source: Path
    labels: Path
    confidence: Path | None = None
    report: Path | None = None
    truth: Path | None = None  # labels to compare with
    model: str = DEFAULT_MODEL
    engine: str = "openvino"
    grey: str = "auto"
    read_options: ReadOptions = ReadOptions()
    is_rescaled: bool = False  # so that voxels are as large as those the model learned from
    is_evened: bool = False  # so that brightness drifts no more than the model is used to


def segment_file(
    request: SegmentRequest, on_progress: Callable[[Progress], None] = lambda _: None
) -> dict:
    """Segment a TIFF of any length; one slice is in memory at a time.

    Args:
        request: Input, model and outputs; the outputs appear complete or not at all.
        on_progress: Told after each slice.

    Returns:
        The report, as written.

    Raises:
        SandsegError: The file cannot be read, the model is missing, or the labels do not fit.
    """
    _check_outputs(request)
    model = load_model(request.model)
    with open_with_options(request.source, request.read_options) as stack:
        zoom = zoom_for(stack, model) if request.is_rescaled else 1.0
        n_pixels = max(zoom, 1) ** 2 * stack.shape[1] * stack.shape[2]
        with named(stack.name):
            check_memory(int(_BYTES_PER_PIXEL * n_pixels), "segment")
        truth = _read_truth(request, stack, len(model.classes))
        mapping = choose_mapping(stack.whole, model, request.grey)
        predict_batch = load_engine(model, request.engine)
        start = time.perf_counter()
        if request.is_evened:
            mapping = _even_out(stack.whole, model, mapping, predict_batch, zoom)
        stride, watch = model.unet.stride, _Watch(stack, model, mapping, zoom)
        predictions = predict_stack(stack, predict_batch, mapping, stride, on_progress, zoom)
        tally = _Tally(stack.shape, len(model.classes), truth)
        labels = _labels(watch.passing(predictions), tally, request, stack)
        write_labels(request.labels, labels, model.classes, stack.voxel_size_um)
        seconds = time.perf_counter() - start - watch.seconds
        report = segmentation_report(stack, model, mapping, tally.counts, seconds) | watch.facts()
    if truth is not None:
        report |= scores(tally.matrix).to_dict([material.name for material in model.classes])
    if request.report:
        write_text(request.report, to_json(report))
    return report


def _even_out(
    stack: Stack, model: StoredModel, mapping: GreyMapping, network: PredictBatch, zoom: float
) -> GreyMapping:
    def predict(z: int, mapping: GreyMapping) -> SlicePrediction:
        image = stack.read_slice(z)
        return predict_slice(image, network, mapping, model.unet.stride, zoom=zoom)

    return even_out(stack, model, mapping, predict, zoom)


def _check_outputs(request: SegmentRequest) -> None:
    """Refuse now what would fail, or destroy what is read, after all the work is done."""
    outputs = [path for path in (request.labels, request.confidence, request.report) if path]
    taken = {path.resolve() for path in (request.source, request.truth) if path}
    if request.source.is_dir():
        taken |= {path.resolve() for path in request.source.iterdir()}
    for path in outputs:
        if path.is_dir() or not path.parent.is_dir():
            reason = "it is a folder" if path.is_dir() else "there is no such folder"
            raise SandsegError(
                f'"{path}" cannot be written: {reason}.',
                hint="Name a file in a folder that exists and may be written to.",
            )
        if path.resolve() in taken:
            raise SandsegError(
                f'"{path}" would be overwritten: it is read, or already named as another output.',
                hint="Give each output a name of its own.",
            )
        taken.add(path.resolve())


class _Watch:
    """Notes what some of the slices look like while predictions pass by."""

    def __init__(self, stack: Stack, model: StoredModel, mapping: GreyMapping, zoom: float):
        self._stack, self._model, self._mapping, self._zoom = stack, model, mapping, zoom
        self._looks: list[Look] = []
        self.seconds = 0.0  # taken by this, not by segmenting

    def passing(self, predictions: Iterable[SlicePrediction]) -> Iterator[SlicePrediction]:
        chosen = slices_to_look_at(self._stack.n_slices)
        for z, prediction in enumerate(predictions):
            start = time.perf_counter()
            if z in chosen:
                self._looks.append(self._look_at(z, prediction))
            self.seconds += time.perf_counter() - start
            yield prediction

    def _look_at(self, z: int, prediction: SlicePrediction) -> Look:
        grey = self._mapping.apply(self._stack.read_slice(z))
        labels, confidence = prediction.labels, prediction.confidence
        return look_at(grey, labels, confidence, self._model.classes, self._zoom)

    def facts(self) -> dict:
        usual, voxel_size_um = usual_for(self._model), self._stack.voxel_size_um
        verdict = judge(self._mapping, self._looks, usual, voxel_size_um, self._zoom)
        light = self._mapping.light
        treated = {
            "rescaled_by": round(self._zoom, 6),
            "drift_evened_out": round(light.drift, 4) if light else 0,
        }
        return treated | verdict_facts(verdict)


class _Tally:
    """Counts what passes by while labels are on their way to the file."""

    def __init__(self, shape: tuple[int, int, int], n_classes: int, truth: np.ndarray | None):
        self.counts = np.zeros((shape[0], n_classes), np.int64)
        self.matrix = np.zeros((n_classes, n_classes), np.int64)
        self._truth = truth

    def add(self, z: int, labels: np.ndarray) -> None:
        n_classes = len(self.matrix)
        self.counts[z] = np.bincount(labels.ravel(), minlength=n_classes)
        if self._truth is not None:
            self.matrix += confusion_matrix(self._truth[z], labels, n_classes)


def _labels(
    predictions: Iterable[SlicePrediction], tally: _Tally, request: SegmentRequest, stack: Stack
) -> Iterator[np.ndarray]:
    """Pass the labels on; the confidence waits in a scratch file and is written at the end.

    The label file is finished only after this: either both files appear, or none.
    """
    with tempfile.TemporaryFile() as scratch:
        for z, prediction in enumerate(predictions):
            tally.add(z, prediction.labels)
            if request.confidence:
                prediction.confidence.tofile(scratch)
            yield prediction.labels
        if request.confidence:
            scratch.seek(0)
            n_pixels = stack.shape[1] * stack.shape[2]
            slices = (
                np.fromfile(scratch, np.float32, n_pixels).reshape(stack.shape[1:])
                for _ in range(stack.n_slices)
            )
            write_confidence(request.confidence, slices, stack.voxel_size_um)


def _read_truth(request: SegmentRequest, stack: Stack, n_classes: int) -> np.ndarray | None:
    """Read the labels to compare with: of the slices that are segmented, or of the whole scan."""
    path = request.truth
    if path is None:
        return None
    truth = read_labels(path, path.name, n_classes)
    if len(truth) > stack.n_slices and request.read_options.slices:
        truth = truth[request.read_options.part_of(len(truth))]
    check_same_shape(stack, truth)
    return truth
