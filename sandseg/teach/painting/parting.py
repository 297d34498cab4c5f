"""Painted pixels as whole strokes: which hang together, and which are held back from learning."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import ndimage, sparse

from sandseg.classes import SegmentationClass
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


class Pixels(NamedTuple):
    """Painted pixels of a slice, each (P,): where, of which class, and of which stroke there."""

    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    strokes: np.ndarray


def painted_pixels(values: np.ndarray) -> Pixels:
    """Return what is painted on a slice, (Y, X) uint8, by row and column."""
    rows, columns = np.nonzero(values)
    return Pixels(rows, columns, values[rows, columns], stroke_numbers(values)[rows, columns])


def across_slices(slices: Mapping[int, Pixels]) -> dict[int, np.ndarray]:
    """Number strokes over slices, by index: (P,) from 1 for the pixels of each.

    What touches in one class on slices side by side is one stroke, as somebody paints across them:
    its parts know too much of each other for one to judge what was learned from the other.
    """
    lasts = np.cumsum([0, *(int(slices[z].strokes.max(initial=0)) for z in sorted(slices))])
    first = dict(zip(sorted(slices), lasts[:-1].tolist(), strict=True))
    pairs = [
        (first[z] + upper - 1, first[z + 1] + lower - 1)
        for z in first
        if z + 1 in first
        for upper, lower in _touching(slices[z], slices[z + 1])
    ]
    n = int(lasts[-1])
    above, below = np.array(pairs, int).reshape(-1, 2).T
    graph = sparse.coo_array((np.ones(len(pairs)), (above, below)), shape=(n, n))
    _, names = sparse.csgraph.connected_components(graph, directed=False)
    return {z: 1 + names[first[z] + slices[z].strokes - 1] for z in first}


def _touching(upper: Pixels, lower: Pixels) -> Iterator[tuple[int, int]]:
    """Find which strokes of two slices touch, diagonally, too: pairs of their numbers."""
    if not len(upper.rows):
        return
    top, left = int(upper.rows.min()), int(upper.columns.min())
    height, width = int(upper.rows.max()) - top + 1, int(upper.columns.max()) - left + 1
    above = np.zeros((2, height + 4, width + 4), np.int32)  # stroke and class, with a margin
    above[:, upper.rows - top + 2, upper.columns - left + 2] = upper.strokes, upper.values
    y, x = lower.rows - top, lower.columns - left
    is_near = (y >= -1) & (y <= height) & (x >= -1) & (x <= width)
    y, x, values, strokes = (one[is_near] for one in (y, x, lower.values, lower.strokes))
    for down, right in product((1, 2, 3), repeat=2):
        found, value = above[:, y + down, x + right]
        is_alike = (found > 0) & (value == values)
        yield from set(zip(found[is_alike].tolist(), strokes[is_alike].tolist(), strict=True))


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
    pixels = {z: painted_pixels(slices[z]) for z in sorted(slices)}
    all_numbers, found = across_slices(pixels), {}
    whole = [np.unique(numbers) for z, numbers in all_numbers.items() if z in accepted]
    turns = {number: LEARNED for one in whole for number in one}
    for z, numbers in all_numbers.items():
        found[z] = np.zeros((3, *slices[z].shape), np.uint8)
        rows, columns, values, _ = pixels[z]
        for number in np.unique(numbers):
            here = numbers == number
            value = int(values[here][0])
            if number not in turns:
                turns[number] = TURNS[counts[value] % len(TURNS)]
                counts[value] += 1
            found[z][turns[number]][rows[here], columns[here]] = value
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


def check_painted(
    values: Mapping[int, np.ndarray],
    classes: Sequence[SegmentationClass],
    is_correction: bool = False,
    before: Sequence[np.ndarray] = (),
) -> None:
    """Check that strokes, (Y, X) uint8 by slice, teach every class, or correct some.

    Args:
        values: What is painted.
        classes: Numbered from 0.
        is_correction: Whether a network's own answer is the start.
        before: What was painted in earlier lessons, likewise.

    Raises:
        TeachError: Nothing is painted, one class alone, or nothing in one of them.
    """
    found = {int(value) for one in values.values() for value in np.unique(one[one > 0])}
    if not found:
        raise TeachError(
            "Nothing is painted: all values are 0.",
            hint="Paint some strokes in each class: 1, 2 … for the classes in order.",
        )
    names = {material.value + 1: material.name for material in classes}
    if is_correction:
        return
    found |= {int(value) for one in before for value in np.unique(one[one > 0])}
    if len(found) == 1:
        raise TeachError(
            f'Only one class is painted, "{names[found.pop()]}": there is nothing to tell it from.',
            hint="Paint some strokes in another class, too.",
        )
    absent = [name for value, name in names.items() if value not in found]
    if absent:
        raise TeachError(
            f'Nothing is painted in "{absent[0]}", so it can never be found.',
            hint="Paint some strokes in it, or leave the class away.",
        )
