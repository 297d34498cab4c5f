"""Painted pixels as whole strokes: which hang together, and which are held back from learning."""

from collections.abc import Collection, Mapping

import numpy as np
from scipy import ndimage

from sandseg.errors import TeachError

LEARNED, VALIDATION, TEST = range(3)
TURNS = (LEARNED, VALIDATION, TEST, LEARNED, LEARNED)  # the strokes of a class, one after the other
LEAST_STROKES = 3  # of a class: one for each purpose
_EIGHT = np.ones((3, 3), bool)


def stroke_numbers(values: np.ndarray) -> np.ndarray:
    """Number what hangs together in one class, (Y, X) int32 from 1; 0 where nothing is painted."""
    numbers, n = np.zeros(values.shape, np.int32), 0
    for value in np.unique(values[values > 0]):
        found, n_found = ndimage.label(values == value, _EIGHT)
        numbers += np.where(found, found + n, 0).astype(np.int32)
        n += n_found
    return numbers


def dealt_out(
    slices: Mapping[int, np.ndarray], n_classes: int, accepted: Collection[int] = ()
) -> dict[int, np.ndarray]:
    """Deal whole strokes out by turns: to learn from, to validate with, to test with.

    Args:
        slices: (Y, X) uint8 by index, 0 unpainted, classes from 1.
        n_classes: Number of classes C.
        accepted: Slices that are learned from as a whole, so that no stroke there is held back.

    Returns:
        (3, Y, X) uint8 for each slice: what is painted for each purpose.

    Raises:
        TeachError: A class has fewer than three strokes that can be held back.
    """
    counts = np.zeros(n_classes + 1, int)
    found = {}
    for z in sorted(slices):
        values, numbers = slices[z], stroke_numbers(slices[z])
        found[z] = np.zeros((3, *values.shape), np.uint8)
        if z in accepted:
            found[z][LEARNED] = values
            continue
        for number in range(1, int(numbers.max(initial=0)) + 1):
            stroke = numbers == number
            value = int(values[stroke][0])
            found[z][TURNS[counts[value] % len(TURNS)]][stroke] = value
            counts[value] += 1
    for value in range(1, n_classes + 1):
        if counts[value] < LEAST_STROKES:
            raise TeachError(
                f"Class {value} has {counts[value]} strokes{' on other slices' * bool(accepted)}; "
                f"{LEAST_STROKES} are needed: some are held back to check what was learned from "
                "the others.",
                hint="Paint more strokes, apart from each other"
                f"{', on slices that are not accepted' * bool(accepted)}.",
            )
    return found
