"""Slices and stacks through grey mapping, tiling and network, to labels and confidence."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sandseg.config import TilingConfig
from sandseg.errors import ConfigError, StackError
from sandseg.grey.appearance import slices_to_look_at
from sandseg.grey.drift import find_light, mean_light
from sandseg.grey.mapping import GreyMapping, fit_mapping, manual_mapping, sample_values, type_range
from sandseg.grey.rescale import nearest_pixels, rescaled
from sandseg.measure.sample import sample_mask
from sandseg.model.engine import PredictBatch
from sandseg.model.store import StoredModel
from sandseg.model.usual import usual_for
from sandseg.predict.tiling import predict_tiled
from sandseg.scan.stack import Stack, check_numbers

EVENING_ROUNDS = 2  # the labels that tell the material apart get better with the light


@dataclass(frozen=True)
class SlicePrediction:
    """Labels (Y, X) uint8 and the probability of each pixel's label, (Y, X) float32 in [0, 1]."""

    labels: np.ndarray
    confidence: np.ndarray


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


def choose_mapping(stack: Stack, model: StoredModel, grey: str = "auto") -> GreyMapping:
    """Decide how the grey values of a stack reach the model's scale.

    Args:
        stack: The whole stack; a sample of it is read.
        model: Knows the grey values it was trained on.
        grey: "auto", "identity" (the type's full range) or "LOW,HIGH" in grey values; a low value
            above the high one inverts.

    Raises:
        StackError: All pixels have one value.
        ConfigError: `grey` is none of the three.
    """
    values = sample_values(stack)
    if grey == "auto":
        return fit_mapping(values, model.histogram)
    line = type_range(values) if grey == "identity" else _parse_line(grey)
    return manual_mapping(*line, values, model.histogram)


def even_out(
    stack: Stack,
    model: StoredModel,
    mapping: GreyMapping,
    predict: Callable[[int, GreyMapping], SlicePrediction],
    zoom: float = 1.0,
) -> GreyMapping:
    """Return the mapping that also evens out the brightness across the slices of a stack.

    The light is that on the commonest solid, as the model labels it on some slices; what is left is
    the bowl that the model is used to.

    Args:
        stack: The whole stack.
        model: Segments it.
        mapping: Of its grey values.
        predict: Segments the slice of this position by this mapping.
        zoom: By how much the model sees slices enlarged.

    Raises:
        StackError: There is too little of any solid to tell, or a slice cannot be segmented.
    """
    even = mapping
    for _ in range(EVENING_ROUNDS):
        lights = []
        for z in slices_to_look_at(stack.n_slices):
            labels = predict(z, even).labels
            rock = sample_mask(labels, model.classes)
            grey = mapping.apply(stack.read_slice(z))
            lights.append(find_light(grey, labels, model.classes, rock))
        lights = [light for light in lights if light]
        if not lights:
            raise StackError(
                f'"{stack.name}" shows too little of any solid to tell how its brightness drifts.',
                hint="Leave its brightness as it is.",
            )
        bowl_left = usual_for(model).bowl * zoom**2
        even = replace(mapping, light=mean_light(lights), bowl_left=bowl_left)
    return even


def _parse_line(grey: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in grey.split(","))
    except ValueError as error:
        raise ConfigError(
            f'"{grey}" is no grey mapping.',
            hint="Write auto, identity, or two grey values: the black one, a comma, the white one. "
            "A larger black one inverts.",
        ) from error
    return low, high


def predict_slice(
    image: np.ndarray,
    predict_batch: PredictBatch,
    mapping: GreyMapping,
    stride: int,
    tiling: TilingConfig | None = None,
    zoom: float = 1.0,
) -> SlicePrediction:
    """Segment one slice.

    Args:
        image: (Y, X) grey values as they stand in the file; one value throughout, as at the ends
            of a scan, is fine.
        predict_batch: The network.
        mapping: From grey values to the network's scale.
        stride: What height and width of a tile must be multiples of.
        tiling: How to cut; the default suits the shipped models.
        zoom: By how much the network sees the slice enlarged; labels and confidence come back on
            the slice's own pixels, each from the nearest one the network saw.

    Raises:
        StackError: Some pixels are no numbers.
    """
    check_numbers(image)
    grey = mapping.apply(image)
    if zoom == 1:
        return _likeliest(predict_tiled(grey, predict_batch, tiling, stride))
    found = _likeliest(predict_tiled(rescaled(grey, zoom), predict_batch, tiling, stride))
    return SlicePrediction(
        nearest_pixels(found.labels, grey.shape), nearest_pixels(found.confidence, grey.shape)
    )


def _likeliest(probabilities: np.ndarray) -> SlicePrediction:
    """Take the likeliest class of each pixel; four times as fast as argmax and max one by one."""
    confidence = probabilities[..., 0].copy()
    labels = np.zeros(confidence.shape, np.uint8)
    for value in range(1, probabilities.shape[-1]):
        candidate = probabilities[..., value]
        labels[candidate > confidence] = value
        np.maximum(confidence, candidate, out=confidence)
    return SlicePrediction(labels, confidence)


def predict_stack(
    stack: Stack,
    predict_batch: PredictBatch,
    mapping: GreyMapping,
    stride: int,
    on_progress: Callable[[Progress], None] = lambda _: None,
    zoom: float = 1.0,
) -> Iterator[SlicePrediction]:
    """Segment a stack slice by slice; one slice is in memory at a time; see `predict_slice`.

    Raises:
        StackError: Some pixels of a slice are damaged or no numbers.
    """
    start = time.perf_counter()
    for z in range(stack.n_slices):
        image = stack.read_slice(z)
        try:
            yield predict_slice(image, predict_batch, mapping, stride, zoom=zoom)
        except StackError as error:
            raise StackError(f"Slice {z + 1}: {error.message}", error.hint) from error
        on_progress(Progress(z + 1, stack.n_slices, time.perf_counter() - start))
