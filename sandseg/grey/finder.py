"""The sample in each slice of a stack, found by its grey values or where somebody says it lies."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sandseg.grey.landmarks import Landmarks, find_landmarks
from sandseg.measure.find_sample import find_sample, reduced
from sandseg.measure.outside import outside_mask
from sandseg.measure.sample_shape import AUTO, SampleShape
from sandseg.scan.stack import Stack

N_SLICES = 5  # of a stack are looked at
SMOOTHINGS = (0.5, 1.0)  # of the reduced slices, in pixels
FEWEST_AIR = 400  # pixels of air around the sample, away from it, that its grey is told from
WINDOW = 512  # pixels, edge of what landmarks are taken from
BRIGHT = 0.15  # of the way from pores to solid: pores that much brighter than air are none
AWAY = 0.01  # of the longer edge: how far from the sample that air lies


@dataclass(frozen=True)
class SampleFinder:
    """Finds the sample of a stack.

    `level` is the grey value between air and solid, None where all is one grey; `air` is the grey
    value of the air around the sample, None where none is seen.
    """

    shape: SampleShape = SampleShape()
    level: float | None = None
    air: float | None = None

    def find(self, image: np.ndarray, outside: np.ndarray | None = None) -> np.ndarray:
        """Mark the sample in a slice.

        Args:
            image: (Y, X) grey values as they stand in the file.
            outside: As `outside_mask` finds it, where that is known.

        Returns:
            (Y, X) bool; nothing that is painted over or missing.
        """
        outside = outside_mask(image) if outside is None else outside
        if self.shape.kind != AUTO or self.level is None:
            return self.shape.mask(image.shape) & ~outside
        return find_sample(image, outside, self.level)


def finder_for(stack: Stack, sample: str = AUTO) -> SampleFinder:
    """Look at some slices of a stack to learn how to find the sample in each.

    Args:
        stack: The whole stack.
        sample: "auto", "all", "circle:X,Y,RADIUS" or "box:LEFT,TOP,RIGHT,BOTTOM", in pixels.

    Raises:
        ConfigError: `sample` is none of these, or lies outside of a slice.
        StackError: A slice is damaged.
    """
    shape = SampleShape.parse(sample)
    shape.mask(stack.shape[1:])
    small = [reduced(image, ~outside) for image, outside in shown_slices(stack)]
    if not small:
        return SampleFinder(shape)
    # A holder's wall may be commoner than the rock, but it is darker.
    landmarks = find_landmarks(*zip(*small, strict=True), smoothings=SMOOTHINGS, contrast=1.0)
    if landmarks is None:
        return SampleFinder(shape)
    air = _air_around(small, landmarks.level) if shape.kind == AUTO else None
    return SampleFinder(shape, landmarks.level, air)


def shown_slices(stack: Stack, n: int = N_SLICES) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give up to n evenly spread slices that show something, each with what is outside."""
    spread = np.unique(np.linspace(0, stack.n_slices - 1, n).round().astype(int))
    for z in spread.tolist():
        image = stack.read_slice(z)
        outside = outside_mask(image)
        if not outside.all():
            yield image, outside


def landmarks_of(stack: Stack, finder: SampleFinder) -> Landmarks | None:
    """Find the grey values of air and of the commonest solid within the sample of a stack.

    Args:
        stack: The whole stack.
        finder: Of its sample.

    Returns:
        The landmarks; None where the sample is of one grey value.

    Raises:
        StackError: A slice is damaged.
    """
    pairs = (_middle(image, finder.find(image, outside)) for image, outside in shown_slices(stack))
    pairs = [pair for pair in pairs if pair[1].any()]
    found = find_landmarks(*zip(*pairs, strict=True)) if pairs else None
    if found is None or finder.air is None:
        return found
    is_darker = found.pore - finder.air > BRIGHT * (found.grain - found.pore)
    if found.is_certain and not is_darker:
        return found
    return find_landmarks(*zip(*pairs, strict=True), air=finder.air)


def _middle(image: np.ndarray, sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Copy the middle of the sample: enough for a histogram."""
    if not sample.any():
        return image, sample
    rows, columns = (np.flatnonzero(sample.any(axis=axis)) for axis in (1, 0))
    window = tuple(
        slice(max(0, middle - WINDOW // 2), middle + WINDOW // 2)
        for middle in ((rows[0] + rows[-1]) // 2, (columns[0] + columns[-1]) // 2)
    )
    return image[window].copy(), sample[window].copy()


def _air_around(small: list[tuple[np.ndarray, np.ndarray]], level: float) -> float | None:
    """Return the grey of what lies around the sample in reduced slices, some way off."""
    found = [np.array([], np.float32)]
    for grey, seen in small:
        air = seen & ~find_sample(grey, ~seen, level)
        if np.count_nonzero(air) > FEWEST_AIR:
            away = max(2, int(AWAY * max(grey.shape)))
            found.append(grey[ndimage.binary_erosion(air, iterations=away)])
    values = np.concatenate(found)
    return float(np.median(values)) if values.size >= FEWEST_AIR else None
