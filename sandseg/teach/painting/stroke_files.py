"""Strokes in files: a label TIFF in which 0 is not painted, from people and to people."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from sandseg.atomic import replacing
from sandseg.classes import OWN_STROKES, UNPAINTED, SegmentationClass, numbered_classes
from sandseg.errors import TeachError, named
from sandseg.export.tiff import labels_tiff_bytes
from sandseg.scan.colors import is_grey
from sandseg.scan.damage import reading
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.file import OpenTiff
from sandseg.scan.tiff.voxels import Spacing
from sandseg.teach.painting.events import MAX_CLASSES, MIN_CLASSES
from sandseg.teach.painting.strokes import Painting

_SAVE = "Save them as a TIFF of whole numbers: 0 where nothing is painted, 1, 2 … for the classes."
_LINE = re.compile(r"label (\d+) = (.+?)( \(pores\))?")


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
        path: A TIFF of values, 0 not painted; or in the colors of the classes, on black.
        shape: (Z, Y, X) of the stack, compared before a pixel is decoded.
        classes: How many values there may be, and their colors; any up to 8 where none are given.
        limits: Of the file; those for what visitors bring, if none.

    Returns:
        (Y, X) uint8 for each slice that something is painted on, by its index.

    Raises:
        SandsegError: The file is missing or damaged, of another size, or holds other values.
    """
    with named(path.name):
        tiff = OpenTiff(path, limits or from_settings(WEB_LIMITS))

        def read(z: int) -> np.ndarray:
            with named(path.name), reading():
                raw = tiff.read(z)
            return _of_colors(raw, classes, path.name) if raw.ndim == 3 else raw

        with Stack(path.name, tiff.shape, np.uint8, read, on_close=tiff.close) as values:
            return strokes_of(values, shape, len(classes))


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


def classes_in(path: Path) -> tuple[SegmentationClass, ...]:
    """Return the classes that a stroke file of this program names, numbered from 1; else none."""
    with named(path.name):
        tiff = OpenTiff(path, from_settings(WEB_LIMITS))
        try:
            info = (tiff.tif.imagej_metadata or {}).get("Info", "") if tiff.tif.is_imagej else ""
            colormap = tiff.tif.pages.first.colormap
        finally:
            tiff.close()
    if not str(info).startswith(OWN_STROKES) or colormap is None:
        return ()
    lines = [_LINE.fullmatch(line) for line in str(info).splitlines()]
    known = {int(line[1]): (line[2], bool(line[3])) for line in filter(None, lines)}
    values = range(1, len(known))
    if known.get(0, ("",))[0] != UNPAINTED.name or not set(values) <= set(known):
        return ()
    if not MIN_CLASSES <= len(values) <= MAX_CLASSES:
        return ()
    colors = {
        value: f"#{bytes((colormap[:, value] // 257).astype(np.uint8)).hex()}" for value in values
    }
    return tuple(SegmentationClass(v, known[v][0], colors[v], "", known[v][1]) for v in values)


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
