"""A TIFF to label file, confidence file and report: what the command line and the app both run."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sandseg.engine import load_engine
from sandseg.errors import SandsegError
from sandseg.export import write_confidence, write_labels, write_text
from sandseg.metrics import confusion_matrix, scores
from sandseg.model_store import DEFAULT_MODEL, load_model
from sandseg.predict import Progress, SlicePrediction, choose_mapping, predict_stack
from sandseg.report import segmentation_report, to_json
from sandseg.stack import LOCAL_LIMITS, Stack, check_same_shape, open_stack, read_labels


@dataclass(frozen=True)
class SegmentRequest:
    """Which file, which model, and which files to write."""

    source: Path
    labels: Path
    confidence: Path | None = None
    report: Path | None = None
    truth: Path | None = None  # labels to compare with
    model: str = DEFAULT_MODEL
    engine: str = "openvino"
    grey: str = "auto"


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
    with open_stack(request.source, request.source.name, LOCAL_LIMITS) as stack:
        truth = _read_truth(request.truth, stack, len(model.classes))
        mapping = choose_mapping(stack, model, request.grey)
        predict_batch = load_engine(model, request.engine)
        start = time.perf_counter()
        predictions = predict_stack(stack, predict_batch, mapping, model.unet.stride, on_progress)
        tally = _Tally(stack.shape, len(model.classes), truth)
        labels = _labels(predictions, tally, request, stack)
        write_labels(request.labels, labels, model.classes, stack.voxel_size_um)
        seconds = time.perf_counter() - start
        report = segmentation_report(stack, model, mapping, tally.counts, seconds)
    if truth is not None:
        report |= scores(tally.matrix).to_dict([material.name for material in model.classes])
    if request.report:
        write_text(request.report, to_json(report))
    return report


def _check_outputs(request: SegmentRequest) -> None:
    """Refuse now what would fail, or destroy what is read, after all the work is done."""
    outputs = [path for path in (request.labels, request.confidence, request.report) if path]
    taken = {path.resolve() for path in (request.source, request.truth) if path}
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


def _read_truth(path: Path | None, stack: Stack, n_classes: int) -> np.ndarray | None:
    if path is None:
        return None
    truth = read_labels(path, path.name, n_classes)
    check_same_shape(stack, truth)
    return truth
