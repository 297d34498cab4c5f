"""A file and a file of strokes to labels, report and a taught model: what `teach` runs."""

import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sandseg.atomic import write_text
from sandseg.classes import SegmentationClass
from sandseg.config import Treatment
from sandseg.errors import TeachError
from sandseg.export.report import to_json
from sandseg.model.request import SegmentRequest
from sandseg.model.store import AUTO, StoredModel, add_model, check_new_name, load_model
from sandseg.predict.earlier import Earlier, earlier_of, examples_of, painted_before
from sandseg.predict.even_light import ready_predictor
from sandseg.predict.right_model import Choice, right_model
from sandseg.predict.segment import check_outputs, segment_file
from sandseg.predict.sight import Sight, look
from sandseg.predict.slices import Progress, check_slice_memory
from sandseg.predict.teaching import (
    Learned,
    Painted,
    gather,
    learn_from,
    score_of,
    slices_for_usual,
)
from sandseg.scan.limits import LOCAL_LIMITS, from_settings
from sandseg.scan.read_options import ReadOptions, open_with_options
from sandseg.scan.stack import Stack
from sandseg.teach.examples import Example, digest_of_slice
from sandseg.teach.learning.features import FeatureMaker
from sandseg.teach.painting.parting import check_painted
from sandseg.teach.painting.stroke_files import classes_in, numbered_from_1, read_strokes
from sandseg.teach.taught_model import network_of, network_sha256

UNKEPT = "taught"  # the name of a model that is not kept


@dataclass(frozen=True)
class TeachRequest:
    """A lesson as it is asked for.

    `on` is segmented, else the image itself. `classes` are what the strokes mean, from 0; where
    there are none, the stroke file says it, or the model whose features are taken.
    """

    image: Path
    strokes: Path
    labels: Path  # to write
    on: Path | None = None
    keep: str = ""  # name for the model
    confidence: Path | None = None  # to write
    report: Path | None = None  # to write
    classes: tuple[SegmentationClass, ...] = ()
    classes_text: str = ""  # as they were written on the command line
    model: str = AUTO
    is_correction: bool = False
    treatment: Treatment = Treatment()
    read_options: ReadOptions = ReadOptions()

    @property
    def command(self) -> str:
        """What makes the same labels again, to be pasted into a shell."""
        how, read = self.treatment, self.read_options
        options = {
            "--on": self.on,
            "--keep": self.keep,
            "--model": self.model,
            "--classes": self.classes_text,
            "--grey": how.grey,
            "--sample": "" if how.sample == "auto" else how.sample,
            "--confidence": self.confidence,
            "--report": self.report,
            "--series": read.series,
            "--channel": read.channel,
            "--time": read.time,
            "--voxel-size": read.voxel_size_um,
            "--raw": read.raw,
        }
        given = [f"{name}={value}" for name, value in options.items() if value]
        flags = {"--rescale": how.is_rescaled, "--even": how.is_evened}
        flags |= {"--average": how.is_averaged, "--correct": self.is_correction}
        given += [flag for flag, is_set in flags.items() if is_set]
        files = [f"./{name}" if name.startswith("-") else name for name in self._inputs]
        start = ["python", "-m", "sandseg", "teach", *files, "-o", str(self.labels)]
        return shlex.join([*start, *given])

    @property
    def _inputs(self) -> tuple[str, str]:
        return str(self.image), str(self.strokes)


@dataclass(frozen=True, eq=False)
class _Taught:
    """What a lesson made: the model, why its network, and what the report says of it."""

    model: StoredModel
    chosen: Choice
    facts: dict


def teach_file(
    request: TeachRequest, on_progress: Callable[[Progress], None] = lambda _: None
) -> dict:
    """Learn from the strokes on a file, and segment it or another one.

    Args:
        request: Inputs and outputs; the outputs appear complete or not at all.
        on_progress: Told after each slice that is segmented.

    Returns:
        The report, as written.

    Raises:
        SandsegError: A file cannot be read, or the strokes do not fit it or teach nothing.
    """
    outputs = request.labels, request.confidence, request.report
    check_outputs(outputs, (request.image, request.strokes, request.on))
    if request.keep:
        check_new_name(request.keep)
    with tempfile.TemporaryDirectory(prefix="sandseg-") as scratch:
        taught = _teach(request, Path(scratch) / (request.keep or UNKEPT))
        wanted = SegmentRequest(
            request.on or request.image,
            request.labels,
            request.confidence,
            treatment=request.treatment,
            read_options=request.read_options,
        )
        report = segment_file(wanted, on_progress, taught.model, request.command)
        if request.keep:
            add_model(taught.model.folder, request.keep)
    report |= {"teaching": taught.facts, "model_note": taught.chosen.sentence or None}
    if request.report:
        write_text(request.report, to_json(report))
    return report


def _teach(request: TeachRequest, folder: Path) -> _Taught:
    """Learn, and write the model folder."""
    with open_with_options(request.image, request.read_options) as stack:
        limits = from_settings(LOCAL_LIMITS)
        known = classes_in(request.strokes, limits)
        known = request.classes or known
        values = read_strokes(request.strokes, stack.shape, known, limits)
        chosen = right_model(stack.whole, request.model, request.treatment)
        earlier = earlier_of(chosen.model)
        classes = _labels(known or _usual_classes(values, request, chosen.model))
        earlier.check(classes)
        if request.is_correction:
            _check_correction(classes, earlier, chosen.model)
        is_correction = request.is_correction or earlier.is_correction
        check_painted(values, classes, is_correction, [one.values for one in earlier.examples])
        lesson = _gathered(stack, network_of(chosen.model), request.treatment, values, earlier)
        learned = _learn(lesson, classes, is_correction)
        learned.write(folder, lesson.sights)
        facts = {
            "image": stack.name,
            "slices": list(learned.slice_names),
            "network": learned.network.name,
            "network_sha256": network_sha256(learned.network),
            **learned.facts,
        }
        return _Taught(load_model(folder.name, folder.parent), chosen, facts)


@dataclass(frozen=True, eq=False)
class _Gathered:
    """What is painted on a stack, with what was painted before, and the sights of few slices."""

    stack: Stack
    network: StoredModel
    treatment: Treatment
    values: Mapping[int, np.ndarray]
    painted: Mapping[int, Painted]
    examples: tuple[Example, ...]
    sights: Mapping[int, Sight]


def _gathered(
    stack: Stack,
    network: StoredModel,
    treatment: Treatment,
    values: Mapping[int, np.ndarray],
    earlier: Earlier,
) -> _Gathered:
    """Take what is painted off each slice; keep the sights of few, as they are large."""
    predictor = ready_predictor(stack.whole, network, treatment)
    check_slice_memory(stack, predictor.zoom)
    maker, usual = FeatureMaker(network), slices_for_usual(list(values))
    merged, digests, painted, sights = {}, {}, {}, {}
    for z, now in values.items():
        image = stack.read_slice(z)
        sight = look(predictor, maker, image)
        digests[z] = digest_of_slice(image)
        merged[z] = earlier.under(digests[z], now)
        painted[z] = gather(sight, merged[z])
        if z in usual:
            sights[z] = sight
    before = earlier.placed(stack, values, lambda z: digest_of_slice(stack.read_slice(z)))
    examples = (*before.values(), *examples_of(stack, merged, painted, digests))
    painted |= painted_before(before)
    return _Gathered(stack, network, treatment, merged, painted, examples, sights)


def _learn(
    lesson: _Gathered, classes: tuple[SegmentationClass, ...], is_correction: bool
) -> Learned:
    """Learn from all strokes, also those of earlier lessons."""
    n_corrected = len(lesson.network.classes) if is_correction else 0
    classifier = learn_from(lesson.painted, len(classes), n_corrected)
    how = lesson.network, lesson.treatment, classes, lesson.values, lesson.painted, classifier
    score = score_of(lesson.painted, classifier)
    return Learned(lesson.stack, *how, is_correction, score, lesson.examples)


def _check_correction(
    classes: Sequence[SegmentationClass], earlier: Earlier, model: StoredModel
) -> None:
    """Check that classes begin with those of the model whose answer is corrected."""
    if model.is_taught and not earlier.is_correction:
        raise TeachError(
            f'"{model.name}" was taught by strokes, so there is no answer of a network to correct.',
            hint="Leave --correct away: strokes are added to those it was taught with.",
        )
    if len(classes) < len(model.classes):
        raise TeachError(
            f'"{model.title}" has {len(model.classes)} classes, but {len(classes)} are named.',
            hint="To correct a model, name its classes first, in order; others may follow.",
        )


def _usual_classes(
    values: Mapping[int, np.ndarray], request: TeachRequest, model: StoredModel
) -> Sequence[SegmentationClass]:
    """Return the model's classes where as many are painted, else classes without a meaning."""
    n_classes = max((int(one.max()) for one in values.values()), default=0)
    n_model_s = len(model.classes)
    may_lack_some = request.is_correction or model.is_taught
    if n_classes == n_model_s or (may_lack_some and n_classes < n_model_s):
        return model.classes
    return numbered_from_1(max(n_classes, 2))


def _labels(classes: Sequence[SegmentationClass]) -> tuple[SegmentationClass, ...]:
    """Return classes as labels count them, from 0."""
    return tuple(replace(material, value=value) for value, material in enumerate(classes))
