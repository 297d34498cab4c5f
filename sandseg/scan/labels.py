"""Label files as labels; in which coding their values stand is decided here (`decode_labels`)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from sandseg.classes import IGNORED, SegmentationClass
from sandseg.errors import FILE, LabelError, named
from sandseg.scan.foreign import refuse_foreign
from sandseg.scan.formats import (
    find_header,
    find_slices,
    is_slice_file,
    name_of,
    open_stack,
    with_names,
)
from sandseg.scan.label_coding import coding_of, parse_label_colors, parse_label_values
from sandseg.scan.label_colors import Colors, decode_colors, lossy_doubt, unlabelled
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings
from sandseg.scan.pictures.signature import is_picture
from sandseg.scan.several.joining import join_slices
from sandseg.scan.several.numbering import doubt_of_names
from sandseg.scan.several.slice_files import Slices
from sandseg.scan.source import Source, first_bytes, source_name
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.values import open_tiff_values

_MOST_VALUES = 1000  # different ones; beyond, it is no label file


@dataclass(frozen=True)
class Meanings:
    """What somebody says the values or the colors of a label file mean; empty: to be found out."""

    values: Mapping[float, int] = field(default_factory=dict)
    colors: Colors = field(default_factory=dict)

    @classmethod
    def parse(cls, values: str, colors: str, classes: Sequence[SegmentationClass]) -> "Meanings":
        """Make meanings of what was written: "1=air,2=clay", "blue=air,#ff8000=clay".

        Raises:
            LabelError: It means nothing.
        """
        return cls(parse_label_values(values, classes), parse_label_colors(colors, classes))


AS_FOUND = Meanings()


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
    stack, is_decoded, words = read_label_values(source, name, n_classes, meanings)
    with named(name or source_name(source)):
        if is_decoded:
            return stack, words
        if meanings.values:
            return map_labels(stack, {IGNORED: IGNORED} | dict(meanings.values)), words
        coding = coding_of(_values_in(stack), n_classes)
        return map_labels(stack, coding.labels), " ".join(filter(None, [coding.note, words]))


def read_label_values(
    source: Source, name: str = "", n_classes: int = 4, meanings: Meanings = AS_FOUND
) -> tuple[np.ndarray, bool, str]:
    """Return (Z, Y, X) of the values of a label file, whether they are labels already, and doubts.

    The doubts are "" where the file keeps what was written into it.

    Raises:
        StackError: The file is missing, damaged or too large.
        LabelError: It is colored, and the colors are not known.
    """
    values, is_decoded = open_label_values(source, name, n_classes, meanings=meanings)
    with values:
        stack = np.stack([values.read_slice(z) for z in range(values.n_slices)])
    return stack, is_decoded and _is_in_range(stack, n_classes), " ".join(values.warnings)


def _is_in_range(labels: np.ndarray, n_classes: int) -> bool:
    return bool(((labels < n_classes) | (labels == IGNORED)).all())


def open_label_values(
    source: Source | Mapping[str, Path],
    name: str = "",
    n_classes: int = 4,
    limits: StackLimits | None = None,
    meanings: Meanings = AS_FOUND,
) -> tuple[Stack, bool]:
    """Open a label file as a stack of the values that stand in it, and tell if they are labels.

    Values are taken as stored, whatever colors a color table gives them. Those of colored files,
    of one-hot masks and of files this program wrote are labels already. So it is with the slices of
    a folder, a ZIP, or several files by their names; arrays are read as `open_stack` reads them.

    Raises:
        StackError: The file is missing, damaged or too large.
    """
    files, limits = with_names(source), limits or from_settings(WEB_LIMITS)
    name = name or name_of(files)
    with named(name):
        header = find_header([(name, files[0][1])] if len(files) == 1 else files)
        slices = None if header else find_slices(files, limits, name)
        if header or (not slices and not is_slice_file(files[0][1])):
            return open_stack(source, name, limits), False
        open_one = partial(_file_values, n_classes=n_classes, limits=limits, meanings=meanings)
        values, is_decoded = _joined(slices, limits, open_one) if slices else open_one(files[0][1])
    return replace(values, name=name), is_decoded


def _joined(
    slices: Slices, limits: StackLimits, open_one: Callable[[Source], tuple[Stack, bool]]
) -> tuple[Stack, bool]:
    """Open label slices as one stack; either all or none of them are labels already."""
    found, shares = set(), []

    def open_and_note(source: Source) -> Stack:
        values, is_decoded = open_one(source)
        found.add(is_decoded)
        if values.warnings:  # of each slice its own share is said there
            shares.append(unlabelled(values.read_slice(0)))
        return values

    stack = join_slices(slices, limits, open_and_note)
    if len(found) > 1:
        stack.close()
        raise LabelError(
            f'Of the label slices in "{FILE}" some are colored or say what their values mean, and '
            "others do not.",
            hint="Export all label slices in one way.",
        )
    is_decoded = found == {True}
    if shares and stack.n_slices > 1:  # the first slice was opened twice
        doubts = [doubt_of_names([file.name for file in slices.files])]
        doubts.append(lossy_doubt(is_decoded, shares[1:]))
        stack = replace(stack, warnings=tuple(filter(None, doubts)))
    return stack, is_decoded


def _file_values(
    source: Source, n_classes: int, limits: StackLimits, meanings: Meanings
) -> tuple[Stack, bool]:
    start = first_bytes(source)
    if is_picture(start):
        from sandseg.scan.pictures.values import open_picture_values  # loads Pillow

        return open_picture_values(source, n_classes, limits, meanings.colors)
    refuse_foreign(source_name(source), start)
    return open_tiff_values(source, n_classes, limits, meanings.colors)


def _values_in(slices: Iterable[np.ndarray]) -> np.ndarray:
    """Return all values of a stack: one slice may lack the class that tells the coding."""
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
    if tuple(stack.shape) != tuple(labels.shape):
        raise LabelError(
            f'"{stack.name}" is {_shape_text(stack.shape)}, '
            f"but the labels are {_shape_text(labels.shape)}.",
            hint="Choose the labels made for this image, neither cropped nor resized.",
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
            f"The label file holds values nobody gave a meaning: {shown}.",
            hint='Choose a class for each value, or "not labelled".',
        )
    table = np.array([mapping[value] for value in numbers], np.uint8)
    return table[places].reshape(raw.shape)
