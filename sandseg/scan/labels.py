"""Label files as labels; in which coding their values stand is decided here (`decode_labels`)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from sandseg.classes import IGNORED, SANDSTONE
from sandseg.errors import FILE, LabelError, named
from sandseg.scan.damage import reading
from sandseg.scan.formats import is_tiff, open_stack
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings
from sandseg.scan.source import Source, source_name
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.file import OpenTiff
from sandseg.scan.tiff.grey import is_grey

# The coding of the public sandstone masks: blue air, green clay, red quartz, yellow pyrite.
SANDSTONE_RGB = {(0, 0, 255): 0, (0, 255, 0): 1, (255, 0, 0): 2, (255, 255, 0): 3}


def read_labels(source: Source, name: str = "", n_classes: int = 4) -> np.ndarray:
    """Read a label file: (Z, Y, X) uint8 labels, `IGNORED` where nobody labelled.

    Raises:
        StackError: The file is missing, damaged or too large.
        LabelError: Its values belong to none of the known codings.
    """
    values, is_colored = open_label_values(source, name, n_classes)
    with values:
        slices = (values.read_slice(z) for z in range(values.n_slices))
        return (
            np.stack([*slices]) if is_colored else _decode_values(slices, values.shape, n_classes)
        )


def open_label_values(
    source: Source, name: str = "", n_classes: int = 4, limits: StackLimits | None = None
) -> tuple[Stack, bool]:
    """Open a label file as a stack of the values that stand in it, and tell if it is colored.

    Values are taken as stored, whatever colors a color table gives them; a colored file's are the
    labels its colors mean. Arrays, folders and ZIPs of slices are read as `open_stack` reads them.

    Raises:
        StackError: The file is missing, damaged or too large.
    """
    if not is_tiff(source):
        return open_stack(source, name, limits), False
    name = name or source_name(source)
    with named(name):
        values, is_colored = _tiff_values(source, n_classes, limits or from_settings(WEB_LIMITS))
    return replace(values, name=name), is_colored


def _tiff_values(source: Source, n_classes: int, limits: StackLimits) -> tuple[Stack, bool]:
    tiff = OpenTiff(source, limits)
    try:
        is_colored = any(not is_grey(_read_raw(tiff, z)) for z in range(tiff.shape[0]))
        first = tiff.layout.first
        dtype = np.dtype(np.uint8) if is_colored or first.dtype.kind == "b" else first.dtype
    except BaseException:
        tiff.close()
        raise

    def read(z: int) -> np.ndarray:
        raw = _read_raw(tiff, z)
        if is_colored:
            return decode_labels(raw[..., :3], n_classes)
        return (raw if raw.ndim == 2 else raw[..., 0]).astype(dtype, copy=False)

    dtype = dtype.newbyteorder("=")
    return Stack(FILE, tiff.shape, dtype, read, on_close=tiff.close), is_colored


def _read_raw(tiff: OpenTiff, z: int) -> np.ndarray:
    with reading():
        raw = tiff.read(z)
    return raw.astype(np.int16) if raw.dtype == np.int8 else raw  # colors reach to 255


def _decode_values(
    raw_slices: Iterable[np.ndarray], shape: tuple[int, int, int], n_classes: int
) -> np.ndarray:
    """Decode by the values of the whole stack: one slice may lack the class that tells."""
    labels = np.empty(shape, np.uint8)
    is_found = np.zeros(256, bool)
    for image, raw in zip(labels, raw_slices, strict=True):
        is_in_range = raw.min() >= 0 and raw.max() <= IGNORED
        image[:] = raw if is_in_range else 0
        if not (is_in_range and np.array_equal(image, raw)):
            decode_labels(raw, n_classes)  # says what is wrong: fractions, other values
        is_found |= np.bincount(image.ravel(), minlength=256) > 0
    found = np.flatnonzero(is_found)
    table = np.zeros(256, np.uint8)
    table[found] = decode_labels(found[None], n_classes)
    for image in labels:
        image[:] = table[image]
    return labels


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
        return _decode_rgb(raw, n_classes)
    if raw.dtype.kind == "f" and not np.array_equal(raw, np.rint(raw)):
        raise LabelError(
            "The label file holds fractions, but a label is a whole number.",
            hint="Export the labels as 8-bit integers, one value for each class.",
        )
    values = np.unique(raw)
    known = values[values != IGNORED]
    if not known.size or (known.min() >= 0 and known.max() < n_classes):
        return raw.astype(np.uint8)
    if known.min() >= 0 and known.max() == n_classes:
        shifted = raw.astype(np.int16) - 1
        shifted[(raw == 0) | (raw == IGNORED)] = IGNORED
        return shifted.astype(np.uint8)
    shown = ", ".join(str(value) for value in values[:8]) + (" …" if values.size > 8 else "")
    raise LabelError(
        f"The label file holds the values {shown}; expected are 0 to {n_classes - 1}, "
        f"or 1 to {n_classes} with 0 for pixels nobody labelled.",
        hint="Check that this is the label file and not the image, or number the classes from 0.",
    )


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
    unknown = [value for value in values.tolist() if value not in mapping]
    if unknown:
        shown = ", ".join(f"{value:g}" for value in unknown[:8]) + (" …" if unknown[8:] else "")
        raise LabelError(
            f"The label file holds values nobody gave a meaning: {shown}.",
            hint='Choose a class for each value, or "not labelled".',
        )
    table = np.array([mapping[value] for value in values.tolist()], np.uint8)
    return table[places].reshape(raw.shape)


def _decode_rgb(raw: np.ndarray, n_classes: int) -> np.ndarray:
    labels = np.full(raw.shape[:-1], IGNORED, np.uint8)
    for color, value in SANDSTONE_RGB.items():
        labels[(raw == np.array(color, raw.dtype)).all(axis=-1)] = value
    share_unknown = float((labels == IGNORED).mean())
    if share_unknown > 0.01:
        raise LabelError(
            f"{share_unknown:.0%} of the colored label file has colors other than pure blue (air), "
            "green (clay), red (quartz) and yellow (pyrite).",
            hint="Export the labels without anti-aliasing, or as whole numbers 0 to 3.",
        )
    highest = labels[labels != IGNORED].max(initial=0)
    if highest >= n_classes:
        raise LabelError(
            f"The colored label file shows {SANDSTONE[highest].name}, which is class {highest}, "
            f"but there are only {n_classes} classes.",
            hint=f"Choose {len(SANDSTONE_RGB)} classes, or export the labels as whole numbers.",
        )
    return labels
