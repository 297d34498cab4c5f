"""Label files as labels; in which coding their values stand is decided here (`decode_labels`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sandseg.classes import IGNORED, OWN_LABELS, SegmentationClass
from sandseg.errors import FILE, LabelError, named
from sandseg.scan.choices import Selection
from sandseg.scan.damage import reading
from sandseg.scan.formats import is_tiff, open_stack
from sandseg.scan.label_coding import coding_of, parse_label_colors, parse_label_values
from sandseg.scan.label_colors import (
    Colors,
    ColorTally,
    decode_colors,
    decode_one_hot,
    is_one_hot,
)
from sandseg.scan.label_slices import SAY_SLICES
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings
from sandseg.scan.source import Source, source_name
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.file import OpenTiff
from sandseg.scan.tiff.grey import is_grey

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
    values = read_label_values(source, name, n_classes, meanings)
    with named(name or source_name(source)):
        if values.is_decoded:
            return values.labels, values.note
        if meanings.values:
            return map_labels(values.labels, {IGNORED: IGNORED} | dict(meanings.values)), ""
        coding = coding_of(_values_in(values.labels), n_classes)
        return map_labels(values.labels, coding.labels), coding.note


@dataclass(frozen=True, eq=False)
class LabelValues:
    """(Z, Y, X) values of a label file, whether they are labels already, and what was guessed."""

    labels: np.ndarray
    is_decoded: bool
    note: str = ""


def read_label_values(
    source: Source, name: str = "", n_classes: int = 4, meanings: Meanings = AS_FOUND
) -> LabelValues:
    """Read the values of a label file.

    Raises:
        StackError: The file is missing, damaged or too large.
        LabelError: It is colored, and the colors are not known.
    """
    values, is_decoded = open_label_values(source, name, n_classes, meanings=meanings)
    with values:
        stack = np.stack([values.read_slice(z) for z in range(values.n_slices)])
        note = color_note(values)
    return LabelValues(stack, is_decoded and _is_in_range(stack, n_classes), note)


def _is_in_range(labels: np.ndarray, n_classes: int) -> bool:
    return bool(((labels < n_classes) | (labels == IGNORED)).all())


def open_label_values(
    source: Source,
    name: str = "",
    n_classes: int = 4,
    limits: StackLimits | None = None,
    meanings: Meanings = AS_FOUND,
) -> tuple[Stack, bool]:
    """Open a label file as a stack of the values that stand in it, and tell if they are labels.

    Values are taken as stored, whatever colors a color table gives them. Those of colored files,
    of one-hot masks and of files this program wrote are labels already. Arrays,
    folders and ZIPs of slices are read as `open_stack` reads them.

    Raises:
        StackError: The file is missing, damaged or too large.
    """
    if not is_tiff(source):
        return open_stack(source, name, limits), False
    name = name or source_name(source)
    with named(name):
        limits = limits or from_settings(WEB_LIMITS)
        values, is_decoded = _tiff_values(source, n_classes, limits, meanings)
    return replace(values, name=name), is_decoded


def _tiff_values(
    source: Source, n_classes: int, limits: StackLimits, meanings: Meanings
) -> tuple[Stack, bool]:
    tiff = OpenTiff(source, limits)
    try:
        channels = tiff.layout.choices.channel.names
        if len(channels) > 1 and _read_raw(tiff, 0).ndim == 2:
            tiff.close()
            return _one_hot_stack(source, len(channels), n_classes, limits), True
        is_colored = any(not is_grey(_read_raw(tiff, z)) for z in range(tiff.shape[0]))
        info = (tiff.tif.imagej_metadata or {}).get("Info", "") if tiff.tif.is_imagej else ""
        is_own = str(info).startswith(OWN_LABELS)
        first = tiff.layout.first
        dtype = np.dtype(np.uint8) if is_colored or first.dtype.kind == "b" else first.dtype
    except BaseException:
        tiff.close()
        raise

    tally = ColorTally()

    def read(z: int) -> np.ndarray:
        raw = _read_raw(tiff, z)
        if is_colored:
            if raw.shape[-1] > 3 and is_one_hot(raw):
                return decode_one_hot(raw, n_classes)
            return decode_colors(raw[..., :3], n_classes, meanings.colors, tally)
        return (raw if raw.ndim == 2 else raw[..., 0]).astype(dtype, copy=False)

    dtype = dtype.newbyteorder("=")
    stack = ColoredStack(FILE, tiff.shape, dtype, read, on_close=tiff.close, tally=tally)
    return stack, is_colored or is_own


@dataclass(frozen=True, eq=False)
class ColoredStack(Stack):
    """Labels told by their colors; `tally` counts, as slices are read, how well these fit."""

    tally: ColorTally = field(default_factory=ColorTally)


def color_note(labels: Stack) -> str:
    """Say how far the colors of the slices read so far were from those of the classes."""
    return labels.tally.note if isinstance(labels, ColoredStack) else ""


def _one_hot_stack(source: Source, n_channels: int, n_classes: int, limits: StackLimits) -> Stack:
    """Open the channels of a TIFF as one-hot masks.

    Raises:
        LabelError: They are none, or not of so many classes.
    """
    channels = [OpenTiff(source, limits, Selection(channel=i)) for i in range(n_channels)]

    def close() -> None:
        for channel in channels:
            channel.close()

    def read(z: int) -> np.ndarray:
        masks = np.stack([_read_raw(channel, z) for channel in channels], axis=-1)
        if not is_one_hot(masks):
            raise LabelError(
                f'"{FILE}" holds {n_channels} channels, and they are no one-hot masks: in '
                "each pixel one of them should be set.",
                hint="Export the labels as whole numbers in one channel.",
            )
        return decode_one_hot(masks, n_classes)

    return Stack(FILE, channels[0].shape, np.dtype(np.uint8), read, on_close=close)


def _read_raw(tiff: OpenTiff, z: int) -> np.ndarray:
    with reading():
        raw = tiff.read(z)
    return raw.astype(np.int16) if raw.dtype == np.int8 else raw  # colors reach to 255


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
