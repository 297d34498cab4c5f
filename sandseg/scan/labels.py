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
from sandseg.scan.label_colors import (
    MOST_FAR,
    Colors,
    ColorTally,
    decode_colors,
    lossy_doubt,
    unlabelled,
)
from sandseg.scan.label_slices import (
    SAY_SLICES,
    place_labels,
    placed_note,
    positions_by_name,
)
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings
from sandseg.scan.pictures.signature import is_picture
from sandseg.scan.several.joining import join_slices
from sandseg.scan.several.slice_files import Slices
from sandseg.scan.source import Source, first_bytes, source_name
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.values import open_tiff_values

_MOST_VALUES = 1000  # different ones; beyond, it is no label file


@dataclass(frozen=True)
class Meanings:
    """What somebody says the values or the colors of a label file mean; empty: to be found out.

    More than the share `most_far` of a slice in other colors is refused.
    """

    values: Mapping[float, int] = field(default_factory=dict)
    colors: Colors = field(default_factory=dict)
    most_far: float = MOST_FAR

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
    if slices or (found.names and len(labels) not in (stack.n_slices, n_slices)):
        slices = slices or positions_by_name(found.names, n_slices)
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
        coding = coding_of(_values_in(values.labels), n_classes)
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
        stack = np.stack([found.read_slice(z) for z in range(found.n_slices)])
    is_decoded = values.is_decoded and _is_in_range(stack, n_classes)
    return LabelValues(stack, is_decoded, values.note, values.names)


def _is_in_range(labels: np.ndarray, n_classes: int) -> bool:
    return bool(((labels < n_classes) | (labels == IGNORED)).all())


@dataclass(frozen=True, eq=False)
class OpenLabels:
    """A label file as a stack of its values; `is_decoded`: they are labels already.

    `tally` counts, as slices are read, how well colors fit; `names` are those of the files of its
    slices where it is several.
    """

    stack: Stack
    is_decoded: bool
    tally: ColorTally = field(default_factory=ColorTally)
    names: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What is doubtful of the slices read so far, "" where nothing is."""
        return " ".join(self.stack.warnings) or self.tally.note


def open_label_values(
    source: Source | Mapping[str, Path],
    name: str = "",
    n_classes: int = 4,
    limits: StackLimits | None = None,
    meanings: Meanings = AS_FOUND,
) -> OpenLabels:
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
            return OpenLabels(open_stack(source, name, limits), False)
        tally = ColorTally(meanings.most_far)
        how = {"n_classes": n_classes, "limits": limits, "meanings": meanings, "tally": tally}
        open_one = partial(_file_values, **how)
        values, is_decoded = _joined(slices, limits, open_one) if slices else open_one(files[0][1])
    names = tuple(file.name for file in slices.files) if slices and len(slices.files) > 1 else ()
    return OpenLabels(replace(values, name=name), is_decoded, tally, names)


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
    if stack.n_slices > 1:  # their numbers say which slices they are of, not what is missing
        doubts = (lossy_doubt(is_decoded, shares[1:]),) if shares else ()  # the first came twice
        stack = replace(stack, warnings=doubts)
    return stack, is_decoded


def _file_values(
    source: Source, n_classes: int, limits: StackLimits, meanings: Meanings, tally: ColorTally
) -> tuple[Stack, bool]:
    start = first_bytes(source)
    if is_picture(start):
        from sandseg.scan.pictures.values import open_picture_values  # loads Pillow

        return open_picture_values(source, n_classes, limits, meanings.colors, tally)
    refuse_foreign(source_name(source), start)
    return open_tiff_values(source, n_classes, limits, meanings.colors, tally)


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
        is_part = stack.shape[1:] == labels.shape[1:] and len(labels) < stack.n_slices
        raise LabelError(
            f'"{stack.name}" is {_shape_text(stack.shape)}, '
            f"but the labels are {_shape_text(labels.shape)}.",
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
