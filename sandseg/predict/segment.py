"""A file of slices to label file, confidence file and report: what command line and jobs run."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sandseg.atomic import write_text
from sandseg.classes import IGNORED, SegmentationClass
from sandseg.config import Treatment
from sandseg.errors import SandsegError
from sandseg.export.provenance import CONFIDENCE_INFO, as_lines, provenance
from sandseg.export.report import (
    segmentation_report,
    speed_facts,
    stack_facts,
    to_json,
    treatment_facts,
    trust_facts,
    unseen_facts,
)
from sandseg.export.tiff import Pages, image_writer, label_writer
from sandseg.grey.appearance import Look, slices_with_sample
from sandseg.grey.rescale import zoom_for
from sandseg.grey.verdict import judge
from sandseg.measure.composition import Composition, composition_of, joined
from sandseg.measure.connectivity import Connectivity, PoreNetwork
from sandseg.measure.sample import labels_inside
from sandseg.measure.sampling import SamplingTiles
from sandseg.model.request import Origin, SegmentRequest
from sandseg.model.store import AUTO, StoredModel, load_model
from sandseg.model.usual import usual_for
from sandseg.predict.even_light import ready_predictor
from sandseg.predict.right_model import Choice, right_model
from sandseg.predict.slices import (
    AS_USUAL,
    Predictor,
    Progress,
    SlicePrediction,
    check_slice_memory,
    predict_stack,
)
from sandseg.scan.labels.files import Meanings
from sandseg.scan.labels.read import read_labels_for
from sandseg.scan.labels.slices import parse_label_slices
from sandseg.scan.read_options import open_with_options
from sandseg.scan.stack import Stack
from sandseg.score.metrics import few_classes
from sandseg.score.regions import RegionScores
from sandseg.teach.taught_model import load_network


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


def segment_file(
    request: SegmentRequest,
    on_progress: Callable[[Progress], None] = lambda _: None,
    taught: StoredModel | None = None,
    command: str = "",
) -> dict:
    """Segment a stack of any length; one slice is in memory at a time.

    Args:
        request: Input, model and outputs; the outputs appear complete or not at all.
        on_progress: Told after each slice.
        taught: Takes the place of the model that the request names.
        command: What makes the same again, where it is not the request's.

    Returns:
        The report, as written.

    Raises:
        SandsegError: The file cannot be read, the model is missing, or the labels do not fit.
    """
    outputs = request.labels, request.confidence, request.report
    check_outputs(outputs, (request.source, request.truth))
    if request.model != AUTO and not taught:
        load_model(request.model)  # what is missing is said before a file is opened
    with open_with_options(request.source, request.read_options) as opened:
        stack = _as_known(opened, request.origin)
        chosen = (
            Choice(taught) if taught else right_model(stack.whole, request.model, request.treatment)
        )
        model, request = chosen.model, replace(request, model=chosen.model.name)
        _check_memory(request, stack, model)
        truth, note = _read_truth(request, stack, model.classes)
        predictor = ready_predictor(
            stack.whole, model, request.treatment, load_network(model, request.engine)
        )
        watch = _Watch(stack, predictor, truth)
        start = time.perf_counter()
        with _outputs(request, stack, model) as (labels, confidence):
            for z, found in enumerate(predict_stack(stack, predictor, on_progress)):
                watch.see(z, found)
                labels.write(found.labels)
                if confidence:
                    confidence.write(found.confidence)
            seconds = time.perf_counter() - start - watch.seconds
            report = watch.report(model, seconds) | {"command": command or request.command}
            report |= treatment_facts(request.treatment)
            for pages in filter(None, (labels, confidence)):
                pages.describe(as_lines(provenance(report)))
    report["warnings"] += filter(None, [note])
    report["model_note"] = chosen.sentence or None
    if request.report:
        write_text(request.report, to_json(report))
    return report


def _as_known(stack: Stack, origin: Origin | None) -> Stack:
    """Call a copy and its slices what their owner calls them."""
    if origin is None:
        return stack
    numbers, apart = origin.numbers, origin.apart or stack.apart
    return replace(stack, name=origin.title, numbers=numbers, apart=apart)


def check_outputs(outputs: Sequence[Path | None], read: Sequence[Path | None]) -> None:
    """Refuse now what would fail, or destroy what is read, after all the work is done.

    Raises:
        SandsegError: An output cannot be written, or has the name of another file.
    """
    taken = {path.resolve() for path in read if path}
    taken |= {one.resolve() for path in read if path and path.is_dir() for one in path.iterdir()}
    for path in filter(None, outputs):
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
    check_slice_memory(stack, zoom)


def _read_truth(
    request: SegmentRequest, stack: Stack, classes: Sequence[SegmentationClass]
) -> tuple[np.ndarray | None, str]:
    """Read the labels to compare with: of the slices that are segmented, or of the whole scan."""
    path = request.truth
    if path is None:
        return None, ""
    meanings = Meanings.parse(request.label_values, request.label_colors, classes)
    slices = parse_label_slices(request.label_slices)
    return read_labels_for(stack, path, len(classes), meanings, slices)


@contextmanager
def _outputs(
    request: SegmentRequest, stack: Stack, model: StoredModel
) -> Iterator[tuple[Pages, Pages | None]]:
    """Give what labels and confidence are pushed to; both files are whole before one appears."""
    with ExitStack() as files:
        writer = label_writer(request.labels, model.classes, stack.spacing_um)
        labels, confidence = files.enter_context(writer), None
        if request.confidence:
            writer = image_writer(request.confidence, stack.spacing_um, CONFIDENCE_INFO)
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
        self._parts: list[Composition] = []
        self._tiles = SamplingTiles(self.predictor.classes)
        self._pores = PoreNetwork(self.predictor.classes)
        self._apart = "there is one slice only" if self.stack.n_slices == 1 else self.stack.apart
        self._scores = RegionScores([material.name for material in self.predictor.classes])
        self._chosen = slices_with_sample(self.stack)
        self._looks: list[Look] = []
        self._n_unseen = 0

    def see(self, z: int, found: SlicePrediction) -> None:
        """Note what was found in slice z."""
        start = time.perf_counter()
        classes, labels = self.predictor.classes, found.seen_labels
        sample = found.sample
        self._parts.append(composition_of(labels, classes, sample))
        self._tiles.add(labels, sample & (labels != IGNORED))
        if not self._apart:
            self._pores.add(labels, sample)
        self._n_unseen += int(np.count_nonzero(labels == IGNORED))
        if self.truth is not None:
            self._compare(z, found)
        if z in self._chosen:
            self._looks.append(self.predictor.look_at(self.stack.read_slice(z), found))
        self.seconds += time.perf_counter() - start

    def _compare(self, z: int, found: SlicePrediction) -> None:
        true = self.truth[z]
        inside = labels_inside(true, self.predictor.classes)
        if found.unseen is not None:
            inside, true = (np.where(found.unseen, np.uint8(IGNORED), t) for t in (inside, true))
        self._scores.add(z, inside, true, found.labels)

    def report(self, model: StoredModel, seconds: float) -> dict:
        """Say what was found, how the slices were treated, and whether it can be trusted."""
        mapping, zoom = self.predictor.mapping, self.predictor.zoom
        found = joined(self._parts)
        pores = Connectivity(reason=self._apart) if self._apart else self._pores.result()
        report = segmentation_report(self.stack, model, mapping, found, zoom)
        report |= speed_facts(self.stack, seconds) | stack_facts(self._tiles.interval(), pores)
        verdict = judge(mapping, self._looks, usual_for(model), self.stack.voxel_size_um, zoom)
        unseen = unseen_facts(self._n_unseen, int(np.prod(self.stack.shape)))
        trust = trust_facts(verdict, found, unseen)
        report |= trust | {"warnings": [*self.stack.warnings, *trust["warnings"]]}
        if self.truth is not None:
            names = [material.name for material in model.classes]
            report |= self._scores.facts()
            report["warnings"] += filter(None, [few_classes(report, names)])
        return report
