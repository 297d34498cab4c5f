"""A file of slices to label file, confidence file and report: what command line and jobs run."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np

from sandseg.atomic import write_text
from sandseg.classes import IGNORED
from sandseg.config import Treatment
from sandseg.errors import SandsegError, named
from sandseg.export.report import segmentation_report, to_json
from sandseg.export.tiff import Pages, image_writer, label_writer
from sandseg.grey.appearance import Look, slices_with_sample
from sandseg.grey.verdict import judge, verdict_facts, zoom_for
from sandseg.model.engine import load_engine
from sandseg.model.request import SegmentRequest
from sandseg.model.store import StoredModel, load_model
from sandseg.model.usual import usual_for
from sandseg.predict.even_light import even_out
from sandseg.predict.slices import (
    AS_USUAL,
    Predictor,
    Progress,
    SlicePrediction,
    make_predictor,
    predict_stack,
)
from sandseg.scan.labels import check_same_shape, read_labels
from sandseg.scan.limits import check_memory
from sandseg.scan.read_options import open_with_options
from sandseg.scan.stack import Stack
from sandseg.score.metrics import confusion_matrix, scores

_BYTES_PER_PIXEL = 40  # while a slice is segmented: grey values, probabilities and their sums


def segment_stack(
    stack: Stack, model: StoredModel, treatment: Treatment = AS_USUAL
) -> Iterator[SlicePrediction]:
    """Segment an open stack slice by slice, as `segment_file` does.

    Args:
        stack: The stack, or a part of one; it stays open.
        model: As `load_model` returns it.
        treatment: How the slices are brought to the model.

    Raises:
        SandsegError: The stack cannot be mapped onto the model's scale, or a slice is damaged.
    """
    return predict_stack(stack, ready_predictor(stack.whole, model, treatment))


def ready_predictor(
    stack: Stack, model: StoredModel, treatment: Treatment, engine: str = "openvino"
) -> Predictor:
    """Load a model for a whole stack and see to all that a treatment asks for."""
    predictor = make_predictor(stack, model, treatment, load_engine(model, engine))
    if not treatment.is_evened:
        return predictor
    return even_out(stack, predictor, usual_for(model).bowl)


def segment_file(
    request: SegmentRequest, on_progress: Callable[[Progress], None] = lambda _: None
) -> dict:
    """Segment a stack of any length; one slice is in memory at a time.

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
        _check_memory(request, stack, model)
        truth = _read_truth(request, stack, len(model.classes))
        predictor = ready_predictor(stack.whole, model, request.treatment, request.engine)
        watch = _Watch(stack, predictor, truth)
        start = time.perf_counter()
        with _outputs(request, stack, model) as (labels, confidence):
            for z, found in enumerate(predict_stack(stack, predictor, on_progress)):
                watch.see(z, found)
                labels.write(found.labels)
                if confidence:
                    confidence.write(found.confidence)
        seconds = time.perf_counter() - start - watch.seconds
        report = segmentation_report(stack, model, predictor.mapping, watch.counts, seconds)
        report |= watch.facts(model)
    if truth is not None:
        report |= scores(watch.matrix).to_dict([material.name for material in model.classes])
    if request.report:
        write_text(request.report, to_json(report))
    return report


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


def _check_memory(request: SegmentRequest, stack: Stack, model: StoredModel) -> None:
    zoom = zoom_for(stack, model) if request.treatment.is_rescaled else 1.0
    n_pixels = max(zoom, 1) ** 2 * stack.shape[1] * stack.shape[2]
    with named(stack.name):
        check_memory(int(_BYTES_PER_PIXEL * n_pixels), "segment")


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


@contextmanager
def _outputs(
    request: SegmentRequest, stack: Stack, model: StoredModel
) -> Iterator[tuple[Pages, Pages | None]]:
    """Give what labels and confidence are pushed to; both files are whole before one appears."""
    with ExitStack() as files:
        writer = label_writer(request.labels, model.classes, stack.voxel_size_um)
        labels, confidence = files.enter_context(writer), None
        if request.confidence:
            writer = image_writer(request.confidence, stack.voxel_size_um)
            confidence = files.enter_context(writer)
        yield labels, confidence
        for pages in filter(None, (labels, confidence)):
            pages.finish()


@dataclass
class _Watch:
    """Counts what is found in each slice, and looks at some of them more closely."""

    stack: Stack
    predictor: Predictor
    truth: np.ndarray | None  # (Z, Y, X) uint8
    seconds: float = 0.0  # taken by looking, not by segmenting

    def __post_init__(self):
        n_slices, n_classes = self.stack.n_slices, len(self.predictor.classes)
        self.counts = np.zeros((n_slices, n_classes), np.int64)
        self.matrix = np.zeros((n_classes, n_classes), np.int64)
        self._chosen = slices_with_sample(self.stack)
        self._looks: list[Look] = []
        self._n_unseen = 0

    def see(self, z: int, found: SlicePrediction) -> None:
        """Note what was found in slice z."""
        n_classes = len(self.matrix)
        self.counts[z] = np.bincount(found.labels.ravel(), minlength=n_classes)
        if found.unseen is not None:
            self._n_unseen += int(np.count_nonzero(found.unseen))
        if self.truth is not None:
            seen = True if found.unseen is None else ~found.unseen
            truth = np.where(seen, self.truth[z], IGNORED)
            self.matrix += confusion_matrix(truth, found.labels, n_classes)
        if z in self._chosen:
            start = time.perf_counter()
            self._looks.append(self.predictor.look_at(self.stack.read_slice(z), found))
            self.seconds += time.perf_counter() - start

    def facts(self, model: StoredModel) -> dict:
        """Say how the slices were treated and whether the answer can be trusted."""
        mapping, zoom = self.predictor.mapping, self.predictor.zoom
        usual, voxel_size_um = usual_for(model), self.stack.voxel_size_um
        verdict = judge(mapping, self._looks, usual, voxel_size_um, zoom)
        treated = {
            "rescaled_by": round(zoom, 6),
            "drift_evened_out": round(mapping.light.drift, 4) if mapping.light else 0,
        }
        facts = treated | verdict_facts(verdict)
        facts["unseen_fraction"] = round(self._n_unseen / int(self.counts.sum()), 6)
        if self._n_unseen:
            facts["warnings"].append(
                f"{100 * facts['unseen_fraction']:.3g} % of the pixels are painted over or missing "
                "outside the field of view. Their labels mean nothing and have a confidence of 0; "
                "scores leave them out, shares of the whole picture do not."
            )
        return facts
