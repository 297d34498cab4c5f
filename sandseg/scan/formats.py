"""Open any file of grey slices safely and lazily as a stack; read label files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from sandseg.classes import IGNORED, decode_labels
from sandseg.errors import LabelError, StackError
from sandseg.scan.archive import open_files, open_folder, open_zip
from sandseg.scan.arrays import open_npy
from sandseg.scan.choices import AmbiguousStackError, Choice, Choices, Selection
from sandseg.scan.limits import LOCAL_LIMITS, WEB_LIMITS, StackLimits
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.check import reading
from sandseg.scan.tiff.file import OpenTiff, Source, open_source
from sandseg.scan.tiff.grey import is_grey
from sandseg.scan.tiff.stack import open_tiff
from sandseg.scan.zarr_folder import is_zarr, open_zarr

__all__ = [
    "LOCAL_LIMITS",
    "STACK_SUFFIXES",
    "WEB_LIMITS",
    "AmbiguousStackError",
    "Choice",
    "Choices",
    "Selection",
    "Stack",
    "StackLimits",
    "check_numbers",
    "check_same_shape",
    "check_values",
    "open_label_values",
    "open_stack",
    "read_labels",
]

STACK_SUFFIXES = ("tif", "tiff", "zip", "npy")
_ZIP, _NPY = b"PK", b"\x93NUMPY"


def open_stack(
    source: Source | Sequence[Path] | Mapping[str, Path],
    name: str = "",
    limits: StackLimits = WEB_LIMITS,
    *,
    series: int | None = None,
    channel: int | None = None,
    time: int | None = None,
) -> Stack:
    """Open a stack without reading its pixels.

    Args:
        source: A path, the bytes of a file, or a binary file that can seek (an upload): a TIFF, a
            ZIP of numbered TIFF slices, or a NumPy array (.npy). A path may also be a folder of
            slices or a Zarr folder. Several paths are one stack, a slice each, in the order of the
            numbers in their names; where they are kept under other names, of their keys.
        name: What to call it in messages; the file's own name by default.
        limits: The largest stack to accept.
        series: Which image of a file with several, counted from 0.
        channel: Which channel, counted from 0.
        time: Which time point, counted from 0.

    Raises:
        AmbiguousStackError: The file must be chosen from first; its `choices` say what there is.
        StackError: The file is missing, damaged, too large, in color, or of a rare kind.
    """
    selection = Selection(series, channel, time)
    if isinstance(source, list | tuple | Mapping):
        files = _named(source)
        if len(files) != 1:
            return open_files(files, name, limits, selection)
        [(called, source)] = files
        name = name or called
    if isinstance(source, str | Path) and Path(source).is_dir():
        opener = open_zarr if is_zarr(Path(source)) else open_folder
        return opener(Path(source), name, limits, selection)
    start = _first_bytes(source)
    if start.startswith(_ZIP):
        return open_zip(source, name, limits, selection)
    if start.startswith(_NPY):
        return open_npy(source, name, limits, selection)
    return open_tiff(source, name, limits, selection)


def _named(files: Sequence[Path] | Mapping[str, Path]) -> list[tuple[str, Path]]:
    if isinstance(files, Mapping):
        return [(name, Path(path)) for name, path in files.items()]
    return [(Path(path).name, Path(path)) for path in files]


def _first_bytes(source: Source) -> bytes:
    handle, is_own, _ = open_source(source)
    try:
        handle.seek(0)
        return handle.read(len(_NPY))
    finally:
        if is_own:
            handle.close()


def check_values(image: np.ndarray) -> None:
    """Check that a slice, when it is all there is, holds something to segment.

    Args:
        image: (Y, X) of any real type.

    Raises:
        StackError: All pixels have one value, or some are no finite numbers.
    """
    check_numbers(image)
    lowest = image.min()
    if lowest == image.max():
        raise StackError(
            f"Every pixel is {lowest:g}; nothing to segment.",
            hint="Choose another slice, or export the image again.",
        )


def check_numbers(image: np.ndarray) -> None:
    """Check that every pixel of a slice is a finite number; one value throughout is fine.

    Raises:
        StackError: Some pixels are NaN or infinite.
    """
    if image.dtype.kind == "f":
        n_bad = image.size - int(np.count_nonzero(np.isfinite(image)))
        if n_bad == image.size:
            raise StackError(
                "No pixel of the slice is a finite number; nothing to segment.",
                hint="Export the slice again, as 8- or 16-bit grey values.",
            )
        if n_bad:
            raise StackError(
                f"{n_bad:,} of {image.size:,} pixels are not numbers (NaN or infinite).",
                hint="Replace them first, for example in ImageJ with Process > Math > NaN "
                "Background, or export as 16-bit grey values.",
            )


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
    source: Source, name: str = "", n_classes: int = 4, limits: StackLimits = WEB_LIMITS
) -> tuple[Stack, bool]:
    """Open a label file as a stack of the values that stand in it, and tell if it is colored.

    Values are taken as stored, whatever colors a color table gives them; a colored file's are the
    labels its colors mean. Arrays, folders and ZIPs of slices are read as `open_stack` reads them.

    Raises:
        StackError: The file is missing, damaged or too large.
    """
    is_folder = isinstance(source, list | str | Path) and not _is_file(source)
    if is_folder or _first_bytes(source).startswith((_ZIP, _NPY)):
        return open_stack(source, name, limits), False
    tiff = OpenTiff(source, name, limits)
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

    values = Stack(tiff.name, tiff.shape, dtype.newbyteorder("="), read)
    values.on_close(tiff.close)
    return values, is_colored


def _is_file(source: list | str | Path) -> bool:
    return not isinstance(source, list) and not Path(source).is_dir()


def _read_raw(tiff: OpenTiff, z: int) -> np.ndarray:
    with reading(tiff.name):
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
