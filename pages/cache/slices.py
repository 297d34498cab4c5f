"""Everything that is computed once and kept: the only place that caches.

Results are kept under the names of what they were made from (path, slice, model), never under
arrays: Streamlit tells large arrays apart by a sample of their pixels only.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import tifffile

from pages.cache.line import SharedResults
from pages.cache.store import kept, size_of
from pages.cache.view import SlicePhases, SlicePictures, Task
from sandseg.atomic import read_json
from sandseg.data import samples
from sandseg.data.samples import Sample
from sandseg.data.sandstone_files import SPLIT
from sandseg.export import overlay
from sandseg.export.pictures import encode_jpeg, encode_palette_png, encode_png
from sandseg.grey.display import to_display
from sandseg.grey.mapping import GreyMapping
from sandseg.grey.verdict import zoom_for
from sandseg.measure.fractions import phase_fractions, porosity
from sandseg.measure.sample import sample_mask
from sandseg.model import store
from sandseg.model.engine import PredictBatch, load_engine
from sandseg.model.store import StoredModel
from sandseg.predict.slices import SlicePrediction, choose_mapping, even_out, predict_slice
from sandseg.runs.segmentation import CONFIDENCE, LABELS, REPORT
from sandseg.scan.formats import open_stack
from sandseg.scan.labels import read_labels
from sandseg.scan.stack import Stack
from sandseg.score.metrics import Scores, confusion_matrix, scores
from sandseg.uploads.kept import voxel_size_of

PREDICTION_BYTES = 200 * 2**20  # of all visitors together; a slice of a million pixels takes 5 MB
SAMPLES_KNOWN_S = 5.0  # looking for the files of all samples takes milliseconds
LOW_CONFIDENCE = 0.5  # covers the grey wholly; hardly any pixel is less sure
DOUBT = (254, 232, 56, 255)  # the bright end of cividis

_predictions: SharedResults[SlicePrediction] = SharedResults(PREDICTION_BYTES, size_of)


def first_slice() -> tuple[str, int]:
    """Return the sample and the slice a visitor sees first: real rock, where it is at hand."""
    found = samples.list_samples()
    for sample in found:
        for number in SPLIT["test"]:  # no shipped model ever saw it
            if number in sample.numbers:
                return sample.key, sample.numbers.index(number)
    return found[0].key, open_source(found[0].key).n_slices // 2


def list_models() -> list[StoredModel]:
    """Return the models at hand; they are read again when one is added, replaced or removed."""
    folder = store.models_folder()
    return _models(str(folder), folder.stat().st_mtime_ns if folder.is_dir() else 0)


@lru_cache(maxsize=4)  # Streamlit's own cache takes ten times as long to say what it knows
def _models(folder: str, changed_ns: int) -> list[StoredModel]:  # noqa: ARG001
    return store.list_models()


def list_samples() -> tuple[Sample, ...]:
    """Return the samples at hand; looked for again every few seconds."""
    return _samples(time.monotonic() // SAMPLES_KNOWN_S)


def has_sandstone() -> bool:
    """Whether all slices of the real sandstone are at hand; looked for every few seconds."""
    return _has_sandstone(time.monotonic() // SAMPLES_KNOWN_S)


@lru_cache(maxsize=1)
def _samples(_period: float) -> tuple[Sample, ...]:
    return samples.list_samples()


@lru_cache(maxsize=1)
def _has_sandstone(_period: float) -> bool:
    return samples.has_sandstone()


def forget_samples() -> None:
    """Look for samples again at once: some were downloaded."""
    _samples.cache_clear()
    _has_sandstone.cache_clear()


def model(name: str) -> StoredModel:
    """Return one of the models at hand.

    Raises:
        ModelError: There is none of this name, or it is damaged.
    """
    found = next((model for model in list_models() if model.name == name), None)
    return found or store.load_model(name)


@kept(max_entries=2)
def engine(model_name: str, model_sha256: str) -> PredictBatch:  # noqa: ARG001
    """Load a model for prediction; all visitors share it."""
    return load_engine(model(model_name))


def open_source(source: str, _name: str = "") -> Stack:
    """Open a sample by its key or a TIFF by its path.

    Raises:
        StackError: It cannot be read.
    """
    stack = _opened(source, _name)
    if not Path(source).is_absolute():
        return stack
    return stack.with_voxel_size(voxel_size_of(Path(source)))  # the visitor may change it


@kept(max_entries=32, key=lambda source, _name: source)
def _opened(source: str, name: str) -> Stack:
    if not Path(source).is_absolute():
        return samples.open_sample(source)
    return open_stack(Path(source), name)


@kept()
def grey_mapping(
    source: str,
    model_name: str,
    model_sha256: str,  # noqa: ARG001
    grey: str = "auto",
) -> GreyMapping:
    """Decide how the grey values of a stack reach the model's scale."""
    return choose_mapping(open_source(source), model(model_name), grey)


def mapping_of(task: Task) -> GreyMapping:
    """Return how the grey values of a task's stack reach its model's scale."""
    if task.is_evened:
        return _even_mapping(replace(task, job=""))
    return grey_mapping(task.source, task.model_name, task.model_sha256, task.grey)


@kept()
def _even_mapping(task: Task) -> GreyMapping:
    """Also even out the brightness, by some slices as the model labels them."""
    stack, asked = open_source(task.source), model(task.model_name)
    mapping = mapping_of(replace(task, is_evened=False))
    zoom = zoom_of(task)
    return even_out(stack, asked, mapping, lambda z, how: _segmented(task, z, how), zoom)


def zoom_of(task: Task) -> float:
    """Return by how much a task's model sees the slices enlarged."""
    if not task.is_rescaled:
        return 1.0
    return zoom_for(open_source(task.source), model(task.model_name))


def prediction(
    task: Task, z: int, on_wait: Callable[[int, float], None] = lambda *_: None
) -> SlicePrediction:
    """Segment a slice, or read it where the whole stack was segmented.

    All visitors stand in one line; the same grey values cost one run, whoever brought them.

    Args:
        task: Stack and model.
        z: The slice.
        on_wait: Told how many slices are before this one, and about how many seconds that takes.

    Raises:
        StackError: The slice is damaged, empty, or holds pixels that are no numbers.
    """
    if task.job:
        return _stored_prediction(task.job, z)
    return _segmented(task, z, mapping_of(task), on_wait)


def _segmented(
    task: Task,
    z: int,
    mapping: GreyMapping,
    on_wait: Callable[[int, float], None] = lambda *_: None,
) -> SlicePrediction:
    zoom, line = zoom_of(task), (mapping.low, mapping.high, mapping.light)
    key = (_content(task.source, z), line, zoom, task.model_sha256)

    def segment() -> SlicePrediction:
        network = engine(task.model_name, task.model_sha256)
        image, stride = open_source(task.source).read_slice(z), model(task.model_name).unet.stride
        found = predict_slice(image, network, mapping, stride, zoom=zoom)
        for array in (found.labels, found.confidence):
            array.setflags(write=False)  # it is everybody's
        return found

    return _predictions.get(key, segment, on_wait)


@lru_cache(maxsize=8192)
def _content(source: str, z: int) -> bytes:
    """Tell slices apart by what is in them: thirty students upload one file thirty times."""
    image = open_source(source).read_slice(z)
    facts = f"{image.dtype.str} {image.shape}".encode()
    return blake2b(np.ascontiguousarray(image), key=facts, digest_size=16).digest()


def n_waiting() -> int:
    """Return how many visitors wait for a slice to be segmented."""
    return _predictions.n_waiting


@kept()
def _stored_prediction(job: str, z: int) -> SlicePrediction:
    return SlicePrediction(
        tifffile.imread(Path(job) / LABELS, key=z),
        tifffile.imread(Path(job) / CONFIDENCE, key=z),
    )


def grey_slice(source: str, z: int, mapping: GreyMapping) -> np.ndarray:
    """Return a slice as it is shown: (Y, X) uint8.

    Raises:
        StackError: The slice is damaged.
    """
    return to_display(open_source(source).read_slice(z), mapping.low, mapping.high)


@kept(key=lambda source, z, mapping: (source, z, mapping.low, mapping.high))
def grey_picture(source: str, z: int, mapping: GreyMapping) -> bytes:
    """Encode the grey values of a slice for the viewer; raises as `grey_slice` does."""
    return encode_jpeg(grey_slice(source, z, mapping))


@kept()
def label_picture(task: Task, z: int) -> bytes:
    """Encode the labels of a segmented slice for the viewer."""
    return encode_palette_png(prediction(task, z).labels, model(task.model_name).classes)


def slice_pictures(task: Task, z: int) -> SlicePictures:
    """Encode a segmented slice for the viewer."""
    return SlicePictures(grey_picture(task.source, z, mapping_of(task)), label_picture(task, z))


@kept()
def confidence_picture(task: Task, z: int) -> bytes:
    """Encode how unsure the model is of each pixel: the less sure, the less the grey shows."""
    doubt = to_display(1 - prediction(task, z).confidence, 0, 1 - LOW_CONFIDENCE)
    marks = np.full((*doubt.shape, 4), DOUBT, np.uint8)
    marks[..., 3] = doubt
    return encode_png(marks)


@kept()
def confidence_percent(task: Task, z: int) -> bytes:
    """Encode how sure the model is of each pixel, in whole percent rounded down, as a grey PNG."""
    return encode_png((100 * prediction(task, z).confidence).astype(np.uint8))


@kept()
def slice_phases(task: Task, z: int) -> SlicePhases:
    """Measure a segmented slice."""
    labels, classes = prediction(task, z).labels, model(task.model_name).classes
    rock = sample_mask(labels, classes)
    return SlicePhases(
        phase_fractions(labels, len(classes)),
        phase_fractions(labels, len(classes), rock),
        porosity(labels, classes, rock),
    )


@kept(max_entries=8, key=lambda source, _name="", n_classes=4: (source, n_classes))
def true_labels(source: str, _name: str = "", n_classes: int = 4) -> np.ndarray:
    """Read the labels of a sample or a label file: (Z, Y, X) uint8.

    Raises:
        SandsegError: It cannot be read or is no label file.
    """
    if Path(source).is_absolute():
        return read_labels(Path(source), _name, n_classes)
    return samples.sample_labels(source)


@kept()
def slice_scores(task: Task, z: int, truth: str) -> Scores:
    """Compare a segmented slice with its true labels."""
    n_classes = len(model(task.model_name).classes)
    true = true_labels(truth, n_classes=n_classes)[z]
    return scores(confusion_matrix(true, prediction(task, z).labels, n_classes))


@kept()
def truth_pictures(task: Task, z: int, truth: str) -> tuple[bytes, bytes]:
    """Encode the true labels of a slice, and the pixels where the prediction differs."""
    classes = model(task.model_name).classes
    true = true_labels(truth, n_classes=len(classes))[z]
    errors = overlay.error_marks(true, prediction(task, z).labels)
    return encode_palette_png(true, classes), encode_png(errors)


@kept()
def report(job: str) -> dict:
    """Read the report of a finished whole run."""
    return read_json(Path(job) / REPORT)
