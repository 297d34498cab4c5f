"""Slices and stacks through grey mapping, tiling and network, to labels and confidence."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sandseg.classes import IGNORED, SegmentationClass
from sandseg.config import TilingConfig, Treatment
from sandseg.errors import StackError, named
from sandseg.grey.appearance import Look, look_at
from sandseg.grey.finder import SampleFinder, finder_for
from sandseg.grey.mapping import GreyMapping, choose_mapping
from sandseg.grey.rescale import nearest_pixels, rescaled, zoom_for
from sandseg.measure.outside import outside_mask
from sandseg.model.engine import PredictBatch
from sandseg.model.store import StoredModel
from sandseg.predict.tiling import predict_bands
from sandseg.scan.limits import check_memory
from sandseg.scan.stack import Stack
from sandseg.teach.taught_model import load_network

AS_USUAL = Treatment()
_BYTES_PER_PIXEL = 50  # while a slice is segmented: greys, what is outside, probabilities


@dataclass(frozen=True, eq=False)
class SlicePrediction:
    """Labels of a slice, (Y, X) uint8, and how sure they are.

    `confidence` is the probability of each pixel's label, (Y, X) float32 in [0, 1]; None where a
    method has no probabilities. `unseen`, (Y, X) bool, are pixels painted over or missing, whose
    labels mean nothing; None where there are none. `sample`, (Y, X) bool, is where the sample
    lies; None where nobody looked for it.
    """

    labels: np.ndarray
    confidence: np.ndarray | None
    unseen: np.ndarray | None = None
    sample: np.ndarray | None = None

    @property
    def seen_labels(self) -> np.ndarray:
        """The labels that mean something; `IGNORED` where nothing was seen."""
        if self.unseen is None:
            return self.labels
        return np.where(self.unseen, np.uint8(IGNORED), self.labels)


@dataclass(frozen=True, eq=False)
class SeenSlice:
    """A slice as a network sees it: `grey` (Y, X) float32 in [0, 1], before it is rescaled.

    `unseen` and `sample` are as in `SlicePrediction`, but always there.
    """

    grey: np.ndarray
    unseen: np.ndarray
    sample: np.ndarray


@dataclass(frozen=True)
class Progress:
    """How far a stack is."""

    n_done: int
    n_slices: int
    seconds: float

    @property
    def seconds_left(self) -> float:
        """Time the remaining slices will take at the speed so far."""
        return self.seconds / max(self.n_done, 1) * (self.n_slices - self.n_done)


@dataclass(frozen=True, eq=False)
class Predictor:
    """A network, and how the slices of one stack are brought to it and its answers back.

    `network` sees tiles that are multiples of `stride` pixels; `mapping` leads from the stack's
    grey values to the network's scale; `zoom` is by how much it sees slices enlarged; `finder`
    knows where the sample lies.
    """

    network: PredictBatch
    stride: int
    classes: tuple[SegmentationClass, ...]
    mapping: GreyMapping
    zoom: float = 1.0
    tiling: TilingConfig = TilingConfig()
    finder: SampleFinder = SampleFinder()

    def predict(self, image: np.ndarray) -> SlicePrediction:
        """Segment one slice.

        Args:
            image: (Y, X) grey values as they stand in the file; one value throughout, as at the
                ends of a scan, is fine.

        Returns:
            Labels and confidence on the slice's own pixels, each from the nearest one the network
            saw. What is painted over or missing is pore, where the model knows pores, with a
            confidence of 0.
        """
        return self.answer(self.see(image))

    def see(self, image: np.ndarray) -> SeenSlice:
        """Bring (Y, X) grey values as they stand in the file to the network's scale."""
        outside = outside_mask(image)
        grey, unseen = self.mapping.bring(image, outside)
        return SeenSlice(grey, unseen, self.finder.find(image, outside))

    def answer(self, seen: SeenSlice) -> SlicePrediction:
        """Segment a slice that was brought to the network's scale, as `predict` does."""
        grey, unseen = seen.grey, seen.unseen
        if self.zoom == 1:
            found = self._predict_grey(grey)
        else:
            found = self._predict_grey(rescaled(grey, self.zoom))
            found = SlicePrediction(
                nearest_pixels(found.labels, grey.shape),
                nearest_pixels(found.confidence, grey.shape),
            )
        if unseen.any():
            pores = [material.value for material in self.classes if material.is_pore]
            if pores:
                found.labels[unseen] = pores[0]
            found.confidence[unseen] = 0.0
            found = replace(found, unseen=unseen)
        return replace(found, sample=seen.sample)

    def predict_slice(self, stack: Stack, z: int) -> SlicePrediction:
        """Segment slice z of a stack, counted from 0; errors name the slice, counted from 1.

        Raises:
            StackError: The slice is damaged.
        """
        image = stack.read_slice(z)
        try:
            return self.predict(image)
        except StackError as error:
            raise StackError(f"Slice {z + 1}: {error.message}", error.hint) from error

    def look_at(self, image: np.ndarray, found: SlicePrediction) -> Look:
        """Measure what a (Y, X) slice of the stack looks like to the network, inside its rock."""
        grey = self.mapping.apply(image)
        how = self.classes, self.zoom, found.sample
        return look_at(grey, found.labels, found.confidence, *how)

    def _predict_grey(self, grey: np.ndarray) -> SlicePrediction:
        labels, confidence = np.empty(grey.shape, np.uint8), np.empty(grey.shape, np.float32)
        top = 0
        for band in predict_bands(grey, self.network, self.tiling, self.stride):
            found, rows = most_probable(band), np.s_[top : top + len(band)]
            labels[rows], confidence[rows] = found.labels, found.confidence
            top += len(band)
        return SlicePrediction(labels, confidence)


def check_slice_memory(stack: Stack, zoom: float) -> None:
    """Check that memory is free to segment a slice of a stack, enlarged or not.

    Raises:
        StackError: Less is free.
    """
    with named(stack.name):
        check_memory(int(slice_bytes(zoom) * stack.shape[1] * stack.shape[2]), "segment")


def slice_bytes(zoom: float = 1.0) -> float:
    """Return the memory that segmenting takes at its peak, in bytes for each pixel of a slice."""
    return _BYTES_PER_PIXEL * max(zoom, 1) ** 2


def make_predictor(
    stack: Stack,
    model: StoredModel,
    treatment: Treatment = AS_USUAL,
    network: PredictBatch | None = None,
) -> Predictor:
    """Make a model ready for a stack, but for evening out, which `even_light.even_out` adds.

    Args:
        stack: The whole stack; a sample of its grey values is read.
        model: Knows the grey values and the voxel size it was trained on.
        treatment: How the slices are brought to the model.
        network: The model's, if it is loaded already.

    Raises:
        StackError: All pixels have one value.
        ConfigError: The grey mapping means nothing, or a voxel size that is needed is not known.
        ModelError: The model's files cannot be loaded.
    """
    finder = finder_for(stack, treatment.sample)
    network = network or load_network(model)
    return Predictor(
        averaged(network) if treatment.is_averaged else network,
        model.unet.stride,
        model.classes,
        choose_mapping(stack, model.histogram, treatment.grey, model.landmarks, finder),
        zoom_for(stack, model) if treatment.is_rescaled else 1.0,
        model.unet.tiling,
        finder,
    )


def predict_stack(
    stack: Stack,
    predictor: Predictor,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Iterator[SlicePrediction]:
    """Segment a stack slice by slice; one slice is in memory at a time.

    Raises:
        StackError: A slice is damaged.
    """
    start = time.perf_counter()
    for z in range(stack.n_slices):
        yield predictor.predict_slice(stack, z)
        on_progress(Progress(z + 1, stack.n_slices, time.perf_counter() - start))


def averaged(network: PredictBatch) -> PredictBatch:
    """Return what averages a network's answers to the eight ways to lay a tile down.

    A network that is sure of what it sees says the same of all; where it guesses, the mean is less
    sure and oftener right (test-time augmentation: Simonyan & Zisserman 2015, arXiv:1409.1556).
    """

    def predict(tiles: np.ndarray) -> np.ndarray:
        total = 0.0
        for turns in range(4):
            for flip in (1, -1):
                seen = np.rot90(tiles[:, ::flip], turns, axes=(1, 2))
                found = network(np.ascontiguousarray(seen))
                total = total + np.rot90(found, -turns, axes=(1, 2))[:, ::flip]
        return np.asarray(total / 8, np.float32)

    return predict


def most_probable(probabilities: np.ndarray) -> SlicePrediction:
    """Take the most probable class of each pixel of (Y, X, C) float32 probabilities.

    Four times as fast as argmax and max one by one.
    """
    confidence = probabilities[..., 0].copy()
    labels = np.zeros(confidence.shape, np.uint8)
    for value in range(1, probabilities.shape[-1]):
        candidate = probabilities[..., value]
        labels[candidate > confidence] = value
        np.maximum(confidence, candidate, out=confidence)
    return SlicePrediction(labels, confidence)
