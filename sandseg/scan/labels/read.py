"""Label files as labels: values or colors, all slices of a stack or some, read and checked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sandseg.classes import IGNORED
from sandseg.errors import FILE, LabelError, named
from sandseg.scan.labels.coding import coding_of
from sandseg.scan.labels.colors import (
    decode_colors,
)
from sandseg.scan.labels.files import AS_FOUND, Meanings, open_label_values
from sandseg.scan.labels.slices import (
    SAY_SLICES,
    place_labels,
    placed_note,
    positions_by_name,
)
from sandseg.scan.source import Source, source_name
from sandseg.scan.stack import Stack

_MOST_VALUES = 1000  # different ones; beyond, it is no label file


def read_labels(
    source: Source, name: str = "", n_classes: int = 4, meanings: Meanings = AS_FOUND
) -> np.ndarray:
    """Read a label file: (Z, Y, X) uint8 labels, `IGNORED` where nobody labelled.

    Raises:
        StackError: The file is missing, damaged or too large.
        LabelError: Its values belong to none of the known codings, or to more than one.
    """
    return read_labels_and_note(source, name, n_classes, meanings)[0]


def read_labels_and_note(
    source: Source, name: str = "", n_classes: int = 4, meanings: Meanings = AS_FOUND
) -> tuple[np.ndarray, str]:
    """Read a label file as `read_labels` does; also say how, "" where nothing was guessed."""
    found = _decoded(source, name, n_classes, meanings)
    return found.labels, found.note


def read_labels_for(
    stack: Stack,
    source: Source,
    n_classes: int = 4,
    meanings: Meanings = AS_FOUND,
    slices: Sequence[int] = (),
) -> tuple[np.ndarray, str]:
    """Read the labels of a stack, or of some of its slices; say how they were read.

    Args:
        stack: What they belong to; of a part, labels may also be those of the whole.
        source: A file, a folder or a ZIP.
        n_classes: Number of classes C.
        meanings: What somebody says values and colors mean.
        slices: Of which slices of the whole the labels are, counted from 0; else the names of files
            say it.

    Returns:
        (Z, Y, X) uint8, `IGNORED` where nobody labelled, and a note, "" where nothing was guessed.

    Raises:
        LabelError: Labels do not fit the stack, or it is not clear which slices they belong to.
    """
    found, n_slices = (
        _decoded(source, source_name(source), n_classes, meanings),
        stack.whole.n_slices,
    )
    labels, notes = found.labels, [found.note]
    is_whole = len(labels) in (stack.n_slices, n_slices)
    if slices or (found.names and (not is_whole or stack.whole.files)):
        slices = slices or positions_by_name(found.names, n_slices, stack.whole.files)
        notes.append(placed_note(slices, n_slices))
        labels = place_labels(labels, slices, n_slices)
    if len(labels) == n_slices:
        labels = labels[stack.first_slice : stack.first_slice + stack.n_slices]
    check_same_shape(stack, labels)
    return labels, " ".join(filter(None, notes))


def _decoded(source: Source, name: str, n_classes: int, meanings: Meanings) -> "LabelValues":
    """Read the labels of a file, whatever the coding."""
    values = read_label_values(source, name, n_classes, meanings)
    if values.is_decoded:
        return values
    with named(name or source_name(source)):
        if meanings.values:
            table = {IGNORED: IGNORED} | dict(meanings.values)
            return replace(values, labels=map_labels(values.labels, table))
        coding = coding_of(values_in(values.labels), n_classes)
        note = " ".join(filter(None, [coding.note, values.note]))
        return replace(values, labels=map_labels(values.labels, coding.labels), note=note)


@dataclass(frozen=True, eq=False)
class LabelValues:
    """(Z, Y, X) values of a label file, whether they are labels already, and what is doubtful.

    `names` are those of the files of its slices where it is several.
    """

    labels: np.ndarray
    is_decoded: bool
    note: str = ""
    names: tuple[str, ...] = ()


def read_label_values(
    source: Source, name: str = "", n_classes: int = 4, meanings: Meanings = AS_FOUND
) -> LabelValues:
    """Read the values of a label file.

    Raises:
        StackError: The file is missing, damaged or too large.
        LabelError: It is colored, and the colors are not known.
    """
    values = open_label_values(source, name, n_classes, meanings=meanings)
    with values.stack as found:
        stack = np.stack([*found.slices()])
    is_decoded = values.is_decoded and _is_in_range(stack, n_classes)
    return LabelValues(stack, is_decoded, values.note, values.names)


def _is_in_range(labels: np.ndarray, n_classes: int) -> bool:
    return bool(((labels < n_classes) | (labels == IGNORED)).all())


def values_in(slices: Iterable[np.ndarray]) -> np.ndarray:
    """Return all values of a stack: one slice may lack the class that tells the coding.

    Args:
        slices: (Y, X) each, looked at one by one.

    Returns:
        (V,) in rising order; not all of them where there are more than a label file has.
    """
    found = np.empty(0)
    for image in slices:
        values = np.unique(image)
        found = np.union1d(found, values[:_MOST_VALUES]) if found.size else values
        if found.size > _MOST_VALUES:
            break
    return found


def check_same_shape(stack: Stack, labels: np.ndarray) -> None:
    """Check that labels belong to a stack.

    Raises:
        LabelError: They differ in the number of slices or in size.
    """
    check_shape(stack.name, stack.shape, labels.shape)


def check_shape(
    name: str, shape: tuple[int, ...], labels_shape: tuple[int, ...], can_be_some: bool = False
) -> None:
    """Check that labels of a shape belong to a stack, whose own is (Z, Y, X).

    Args:
        name: Of the stack.
        shape: Of the stack.
        labels_shape: Of the labels.
        can_be_some: Whether there may be labels for some slices alone.

    Raises:
        LabelError: They differ in the number of slices or in size.
    """
    is_part = shape[1:] == labels_shape[1:] and labels_shape[0] < shape[0]
    if tuple(shape) != tuple(labels_shape) and not (is_part and can_be_some):
        raise LabelError(
            f'"{name}" is {_shape_text(shape)}, but the labels are {_shape_text(labels_shape)}.',
            hint=SAY_SLICES
            if is_part
            else "Choose the labels made for this image, neither cropped nor resized.",
        )


def _shape_text(shape: tuple[int, ...]) -> str:
    *depth, height, width = shape
    n_slices = depth[0] if depth else 1
    return f"{n_slices} slice{'s' * (n_slices != 1)} of {height} × {width} pixels"


def decode_labels(raw: np.ndarray, n_classes: int = 4) -> np.ndarray:
    """Turn label values as they stand in a file into labels.

    Args:
        raw: (..., Y, X) integers coded 0 to C-1, or 1 to C with 0 for "not labelled"; or
            (..., Y, X, 3) uint8 in the sandstone's RGB coding.
        n_classes: Number of classes C.

    Returns:
        (..., Y, X) uint8 labels in [0, C), `IGNORED` where nobody labelled.

    Raises:
        LabelError: The values belong to none of the known codings.
    """
    with named("the array"):
        if raw.ndim >= 3 and raw.shape[-1] == 3:
            return decode_colors(raw, n_classes)
        return map_labels(raw, coding_of(np.unique(raw), n_classes).labels)


def map_labels(raw: np.ndarray, mapping: Mapping[int, int]) -> np.ndarray:
    """Turn label values into labels by a table of one's own.

    Args:
        raw: Whole numbers of any type and shape.
        mapping: For each value the label it means, `IGNORED` for "not labelled".

    Returns:
        uint8 labels of the same shape.

    Raises:
        LabelError: Some values of the file are not in the table.
    """
    values, places = np.unique(raw, return_inverse=True)
    numbers = [IGNORED if np.isnan(value) else value for value in values.tolist()]
    unknown = [value for value in numbers if value not in mapping]
    if unknown:
        shown = ", ".join(f"{value:g}" for value in unknown[:8]) + (" …" if unknown[8:] else "")
        raise LabelError(
            f'"{FILE}" holds values nobody gave a meaning: {shown}.',
            hint='Choose a class for each value, or "not labelled".',
        )
    table = np.array([mapping[value] for value in numbers], np.uint8)
    return table[places].reshape(raw.shape)
