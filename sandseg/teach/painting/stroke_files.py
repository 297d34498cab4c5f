"""Strokes in files: a label TIFF in which 0 is not painted, from people and to people."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from sandseg.atomic import replacing
from sandseg.classes import UNPAINTED, SegmentationClass, numbered_classes
from sandseg.errors import TeachError, named
from sandseg.export.tiff import labels_tiff_bytes
from sandseg.scan.colors import is_grey
from sandseg.scan.damage import reading
from sandseg.scan.foreign import is_tiff
from sandseg.scan.labels.colors import UnknownColorsError
from sandseg.scan.labels.files import open_label_values
from sandseg.scan.labels.legend import LABELS, Legend, legend_of
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings
from sandseg.scan.source import first_bytes
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.file import OpenTiff
from sandseg.scan.tiff.voxels import Spacing
from sandseg.teach.painting.events import MAX_CLASSES, MIN_CLASSES
from sandseg.teach.painting.strokes import Painting

_SAVE = "Save them as a TIFF of whole numbers: 0 where nothing is painted, 1, 2 … for the classes."


def strokes_tiff(painting: Painting, spacing_um: Spacing | float | None = None) -> bytes:
    """Return what is painted as the bytes of a label TIFF with colors and names."""
    slices = (painting.slice_values(z) for z in range(painting.shape[0]))
    return labels_tiff_bytes(slices, file_classes(painting.classes), spacing_um)


def accepted_tiff(painting: Painting, spacing_um: Spacing | float | None = None) -> bytes:
    """Return the slices that were accepted as right as a label TIFF, 0 on all others."""
    accepted, nothing = painting.accepted_slices, np.zeros(painting.shape[1:], np.uint8)
    slices = (
        painting.accepted_values(z) if z in accepted else nothing for z in range(painting.shape[0])
    )
    return labels_tiff_bytes(slices, file_classes(painting.classes), spacing_um)


def file_classes(classes: Sequence[SegmentationClass]) -> tuple[SegmentationClass, ...]:
    """Return what the values of a stroke file mean: 0 not painted, then the classes from 1."""
    given = classes or numbered_from_1(MAX_CLASSES)
    return UNPAINTED, *(replace(c, value=value) for value, c in enumerate(given, 1))


def numbered_from_1(n_classes: int) -> tuple[SegmentationClass, ...]:
    """Return classes without a meaning, "class 1" and so on."""
    found = enumerate(numbered_classes(n_classes), 1)
    return tuple(replace(c, value=value, name=f"class {value}") for value, c in found)


def read_strokes(
    path: Path,
    shape: tuple[int, int, int],
    classes: Sequence[SegmentationClass] = (),
    limits: StackLimits | None = None,
) -> dict[int, np.ndarray]:
    """Read a stroke file of a stack.

    Args:
        path: Values in any label file, 0 not painted; a TIFF also in the colors of the classes, on
            black.
        shape: (Z, Y, X) of the stack, compared before a pixel is decoded.
        classes: How many values there may be, and their colors; any up to 8 where none are given.
        limits: Of the file; those for what visitors bring, if none.

    Returns:
        (Y, X) uint8 for each slice that something is painted on, by its index.

    Raises:
        SandsegError: The file is missing or damaged, of another size, or holds other values.
    """
    limits = limits or from_settings(WEB_LIMITS)
    if not path.exists():
        raise TeachError(
            f'There are no strokes "{path.name}".', hint="Check the name and the folder."
        )
    is_one_tiff = path.is_file() and is_tiff(first_bytes(path))
    opened = _open_tiff if is_one_tiff else _open_other
    with opened(path, classes, limits) as values:
        return strokes_of(values, shape, len(classes))


def _open_tiff(path: Path, classes: Sequence[SegmentationClass], limits: StackLimits) -> Stack:
    """Open a TIFF as values; colors are those of the classes."""
    with named(path.name):
        tiff = OpenTiff(path, limits)

    def read(z: int) -> np.ndarray:
        with named(path.name), reading():
            raw = tiff.read(z)
        return _of_colors(raw, classes, path.name) if raw.ndim == 3 else raw

    return Stack(path.name, tiff.shape, np.uint8, read, on_close=tiff.close)


def _open_other(path: Path, _: Sequence[SegmentationClass], limits: StackLimits) -> Stack:
    """Open a picture, an array, or slices in a folder or a ZIP as values."""
    try:
        opened = open_label_values(path, path.name, MAX_CLASSES, limits)
    except UnknownColorsError as error:
        raise no_colors(path.name) from error
    if opened.is_decoded:
        opened.stack.close()
        raise no_colors(path.name)
    return opened.stack


def no_colors(name: str) -> TeachError:
    """Return the refusal of strokes in colors that do not say which classes they are."""
    return TeachError(f'The strokes in "{name}" are colors, and a class is a number.', hint=_SAVE)


def strokes_of(
    values: Stack, shape: tuple[int, int, int], n_classes: int = 0
) -> dict[int, np.ndarray]:
    """Return the strokes that a stack of values holds: see `read_strokes`.

    Raises:
        TeachError: It is of another size, or holds other values.
    """
    if tuple(values.shape) != tuple(shape):
        raise TeachError(
            f'The strokes in "{values.name}" are {_size_text(values.shape)}, '
            f"but the image is {_size_text(shape)}.",
            hint="Choose the strokes that were painted on this image, neither cropped nor resized.",
        )
    found = {}
    for z in range(values.n_slices):
        painted = _checked(values.read_slice(z), values.name, n_classes)
        if painted.any():
            found[z] = painted
    return found


def classes_in(path: Path, limits: StackLimits | None = None) -> tuple[SegmentationClass, ...]:
    """Return the classes that a stroke file of this program names, numbered from 1; else none.

    Raises:
        TeachError: It is a label file of this program, in which 0 is a class.
        StackError: It is damaged.
    """
    if not path.exists():
        return ()  # who reads it says so
    return checked_classes(path.name, legend_of(path, limits or from_settings(WEB_LIMITS)))


def checked_classes(name: str, legend: Legend) -> tuple[SegmentationClass, ...]:
    """Return the classes of a file's legend where strokes can have them; refuse one of labels.

    Raises:
        TeachError: It is of a label file of this program, in which 0 is a class.
    """
    if legend.kind == LABELS:
        raise TeachError(
            f'"{name}" holds labels, in which 0 is a class; in strokes, 0 is not painted.',
            hint="Choose a file of strokes, or add 1 to all values and save it anew.",
        )
    return legend.classes if MIN_CLASSES <= len(legend.classes) <= MAX_CLASSES else ()


def write_kept(path: Path, slices: Mapping[int, np.ndarray]) -> None:
    """Keep painted slices, (Y, X) uint8 by index, in a .npz file of plain numbers."""
    with replacing(path) as file:
        indices = np.array(sorted(slices), np.int64)
        values = np.stack([slices[z] for z in sorted(slices)]) if slices else np.zeros((0, 1, 1))
        np.savez_compressed(file, indices=indices, values=values.astype(np.uint8))


def read_kept(path: Path, shape: tuple[int, int, int]) -> dict[int, np.ndarray]:
    """Read what `write_kept` kept for a stack of (Z, Y, X) pixels.

    Raises:
        TeachError: It is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            indices, values = file["indices"].tolist(), file["values"]
        is_sound = values.dtype == np.uint8 and len(indices) == len(values)
        is_sound &= not indices or values.shape[1:] == tuple(shape[1:])
        if not is_sound or not all(0 <= z < shape[0] for z in indices):
            raise ValueError("it is of another stack")
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise TeachError(
            "The strokes that were imported are missing or damaged.",
            hint="Import their file again.",
        ) from error
    return dict(zip(indices, values, strict=True))


def _checked(raw: np.ndarray, name: str, n_classes: int) -> np.ndarray:
    """Return the values of a slice as uint8, once they are known to be strokes."""
    values = np.unique(raw)
    most = n_classes or MAX_CLASSES
    if raw.ndim != 2 or not np.isin(values, np.arange(most + 1)).all():
        wrong = values[~np.isin(values, np.arange(most + 1))]
        shown = ", ".join(f"{value:g}" for value in wrong[:5].tolist())
        raise TeachError(
            f'The strokes in "{name}" hold values that are no class: {shown}'
            f"{' …' if wrong.size > 5 else ''}; classes are 1 to {most}, and 0 is not painted.",
            hint=_SAVE,
        )
    return raw.astype(np.uint8)


def _of_colors(raw: np.ndarray, classes: Sequence[SegmentationClass], name: str) -> np.ndarray:
    """Turn (Y, X, C) pixels in the colors of the classes, on black, into values."""
    if raw.shape[-1] < 3 or is_grey(raw):
        return raw[..., 0]
    pixels = raw[..., :3].astype(np.int64) @ (1 << np.array([16, 8, 0]))
    values = np.full(pixels.shape, 255, np.uint8)
    values[pixels == 0] = 0
    for value, material in enumerate(classes, 1):
        values[pixels == int(material.color[1:], 16)] = value
    if (values == 255).any():
        color = int(pixels[values == 255][0])
        raise TeachError(
            f'The strokes in "{name}" are colored, and #{color:06x} is no color of a class.',
            hint=f"{_SAVE} Colors are read where they are exactly those of the classes, on black.",
        )
    return values


def _size_text(shape: Sequence[int]) -> str:
    n_slices, height, width = shape
    return f"{n_slices} slice{'s' * (n_slices != 1)} of {height} × {width} pixels"
