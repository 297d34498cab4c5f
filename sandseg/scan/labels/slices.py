"""Which slices of a stack labels belong to where there are labels for some of them alone."""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from sandseg.classes import IGNORED
from sandseg.errors import LabelError

SAY_SLICES = "Say which slices they are, counted from 1: --label-slices 3,7,12, or on the page."
_N_SHOWN = 12  # numbers in a message


def numbers_in(names: Sequence[str]) -> list[int]:
    """Return the last number in each name; nothing where a name has none, or two have the same."""
    found = [re.findall(r"\d+", name.rpartition(".")[0] or name) for name in names]
    numbers = [int(parts[-1]) for parts in found if parts]
    return numbers if len({*numbers}) == len(names) else []


def positions_by_name(
    names: Sequence[str], n_slices: int, slice_files: Sequence[str] = ()
) -> tuple[int, ...]:
    """Tell by the numbers in their names which slices label files belong to.

    Where slices have files of their own, a label has the number of its slice. Else as many files as
    slices are all of them, in the order of the names; of fewer, the numbers count from 0 where one
    is 0, from 1 where one is that of the last slice.

    Args:
        names: Of the label files, in their order.
        n_slices: Of the stack.
        slice_files: Names of the files of its slices, where it is several.

    Returns:
        For each file its slice, counted from 0.

    Raises:
        LabelError: The names do not say it, or leave room for doubt.
    """
    if places := _places(slice_files):
        return _by_file(names, places)
    if len(names) == n_slices:
        return tuple(range(n_slices))
    if len(names) > n_slices:
        raise LabelError(
            f"There are {len(names)} label files for {n_slices} slice{'s' * (n_slices > 1)}.",
            hint="Choose the labels of these slices alone.",
        )
    numbers = numbers_in(names)
    if not numbers:
        raise LabelError(
            f"There are labels for {len(names)} of {n_slices} slices, and the names of their files "
            "do not say for which.",
            hint=SAY_SLICES,
        )
    if max(numbers) > n_slices or (0 in numbers and max(numbers) == n_slices):
        raise LabelError(
            f"The label files have the numbers {shown(numbers)}, but the stack has the slices 1 to "
            f"{n_slices}.",
            hint=SAY_SLICES,
        )
    if 0 not in numbers and max(numbers) < n_slices:
        raise LabelError(
            f"The label files have the numbers {shown(numbers)}: are slices counted from 0 or "
            "from 1?",
            hint=SAY_SLICES,
        )
    first = 0 if 0 in numbers else 1
    return tuple(number - first for number in numbers)


def _places(slice_files: Sequence[str]) -> dict[int, int]:
    """Return the position of each slice by the number in the name of its file."""
    return {number: z for z, number in enumerate(numbers_in(slice_files))}


def _by_file(names: Sequence[str], places: dict[int, int]) -> tuple[int, ...]:
    numbers = numbers_in(names)
    lonely = [number for number in numbers if number not in places]
    if not numbers or lonely:
        which = f"with the numbers {shown(lonely)}" if lonely else "with these names"
        raise LabelError(
            f"No slices have files {which}, as label files have them.",
            hint=f"Give each label file the number of its slice. {SAY_SLICES}",
        )
    return tuple(places[number] for number in numbers)


def parse_label_slices(text: str) -> tuple[int, ...]:
    """Read "3,7,12" or "3-6,12", slices counted from 1; return them counted from 0.

    Raises:
        LabelError: It is written otherwise, or names a slice twice.
    """
    found = []
    for part in filter(None, re.split(r"[,;\s]+", text.strip())):
        match = re.fullmatch(r"(\d+)(?:[-:–](\d+))?", part)
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else 0
        if not 1 <= first <= last:
            raise LabelError(
                f'"{part}" names no slice.', hint="Count slices from 1, as in 3,7,12 or 3-6."
            )
        found += range(first - 1, last)
    if len({*found}) < len(found):
        raise LabelError("A slice is named twice.", hint="Name each labelled slice once.")
    return tuple(found)


def place_labels(labels: np.ndarray, positions: Sequence[int], n_slices: int) -> np.ndarray:
    """Put labels of some slices, (K, Y, X) uint8, where they belong: (Z, Y, X).

    Arguments and errors are those of `place_slices`.
    """
    return np.stack([*place_slices(labels, labels.shape, positions, n_slices)])


def place_slices(
    labels: Iterable[np.ndarray],
    shape: tuple[int, int, int],
    positions: Sequence[int],
    n_slices: int,
) -> Iterator[np.ndarray]:
    """Put labels of some slices where they belong; all others are not labelled.

    Args:
        labels: K times (Y, X) uint8; one at a time is in memory where the positions rise.
        shape: Theirs, (K, Y, X).
        positions: For each of the K its slice in the stack, counted from 0.
        n_slices: Of the stack, Z.

    Returns:
        Z times (Y, X) uint8.

    Raises:
        LabelError: There are more or fewer labels than positions, or the stack lacks one.
    """
    if not positions:
        raise LabelError(
            f"There are labels of {shape[0]} of {n_slices} slices, but it is not said of which.",
            hint=SAY_SLICES,
        )
    if len(positions) != shape[0]:
        raise LabelError(
            f"{len(positions)} slices are named, but there are labels of {shape[0]}.",
            hint="Name the slice of each label picture, in their order.",
        )
    if max(positions) >= n_slices:
        raise LabelError(
            f"There is no slice {max(positions) + 1}; the slices are 1 to {n_slices}.",
            hint=SAY_SLICES,
        )
    return _placed(iter(labels), shape[1:], positions, n_slices)


def _placed(
    labels: Iterator[np.ndarray], shape: tuple[int, int], positions: Sequence[int], n_slices: int
) -> Iterator[np.ndarray]:
    """Yield a slice after the other; labels that come before their turn wait."""
    coming, waiting = iter(positions), {}
    wanted = {*positions}
    for z in range(n_slices):
        while z in wanted and z not in waiting:
            waiting[next(coming)] = next(labels)
        yield waiting.pop(z) if z in wanted else np.full(shape, IGNORED, np.uint8)


def placed_note(positions: Sequence[int], n_slices: int) -> str:
    """Say which slices have labels; "" where all have."""
    if len(positions) == n_slices:
        return ""
    numbers = shown([position + 1 for position in sorted(positions)])
    return f"Labels are those of slice{'s' * (len(positions) > 1)} {numbers} of {n_slices}."


def shown(numbers: Sequence[int]) -> str:
    """Return numbers as a list, the first of many."""
    more = f" … {numbers[-1]}" if len(numbers) > _N_SHOWN else ""
    return ", ".join(map(str, numbers[:_N_SHOWN])) + more
