"""What a user takes home: label and confidence TIFFs, pictures, tables."""

import csv
import io
import re
import secrets
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from tifffile import TiffFile, TiffWriter

from sandseg.classes import SANDSTONE, SegmentationClass, palette
from sandseg.errors import LabelError, SandsegError

CLASSIC_LIMIT = 2**32 - 2**26  # bytes; beyond, offsets of 32 bits run out and it is a BigTIFF
_COUNT_WIDTH = 10  # room for the number of slices, which is only known at the end
_LONGEST_STEM = 80
_DEVICE_NAMES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # on Windows


def write_labels(
    path: Path | str,
    labels: Iterable[np.ndarray],
    classes: Sequence[SegmentationClass] = SANDSTONE,
    voxel_size_um: float | None = None,
) -> None:
    """Write labels as a TIFF with a color table, one page a slice.

    Args:
        path: Where to; an existing file is only replaced once the new one is whole.
        labels: (Z, Y, X) uint8, or any iterable of (Y, X) slices, so that a volume larger than
            memory can pass through.
        classes: What the labels mean; they give the colors.
        voxel_size_um: Edge of a voxel in µm, if known.

    Raises:
        SandsegError: The file cannot be written.
        LabelError: There are no slices, or they differ in size.
    """
    with _whole_file(Path(path)) as handle:
        _write_label_pages(handle, labels, classes, voxel_size_um)


def labels_tiff_bytes(
    labels: Iterable[np.ndarray],
    classes: Sequence[SegmentationClass] = SANDSTONE,
    voxel_size_um: float | None = None,
) -> bytes:
    """Return the very bytes that `write_labels` would write.

    Raises:
        LabelError: There are no slices, or they differ in size.
    """
    handle = io.BytesIO()
    _write_label_pages(handle, labels, classes, voxel_size_um)
    return handle.getvalue()


def write_image(
    path: Path | str, slices: Iterable[np.ndarray], voxel_size_um: float | None = None
) -> None:
    """Write grey values, (Y, X) of any real type a slice, as `write_labels` writes labels.

    Raises:
        SandsegError: The file cannot be written.
        LabelError: There are no slices, or they differ in size.
    """
    images = (np.asarray(image) for image in slices)
    with _whole_file(Path(path)) as handle:
        _write_pages(handle, images, {"photometric": "minisblack"}, voxel_size_um)


def write_confidence(
    path: Path | str, slices: Iterable[np.ndarray], voxel_size_um: float | None = None
) -> None:
    """Write confidence, (Y, X) float32 in [0, 1] a slice, as `write_labels` writes labels.

    Raises:
        SandsegError: The file cannot be written.
        LabelError: There are no slices, or they differ in size.
    """
    write_image(path, (np.asarray(image, np.float32) for image in slices), voxel_size_um)


def write_text(path: Path | str, text: str) -> None:
    """Write a text file (UTF-8) that is whole or not there at all.

    Raises:
        SandsegError: The file cannot be written.
    """
    with _whole_file(Path(path)) as handle:
        handle.write(text.encode())


def fractions_csv(
    fractions: Iterable[Sequence[float]],
    classes: Sequence[SegmentationClass] = SANDSTONE,
    first_slice: int = 0,
) -> str:
    """Return a CSV table of the phase fractions of each slice.

    Args:
        fractions: (Z, C) in [0, 1], a row for each slice; NaN becomes an empty cell.
        classes: The C classes in the order of the columns.
        first_slice: z of the first row.

    Returns:
        Columns "slice" (counted from 1, as on screen), one for each class, and "porosity", the
        sum over pore classes.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["slice", *(material.name for material in classes), "porosity"])
    for number, row in enumerate(fractions, start=first_slice + 1):
        porosity = sum(
            value for value, material in zip(row, classes, strict=True) if material.is_pore
        )
        writer.writerow([number, *(_cell(value) for value in (*row, porosity))])
    return table.getvalue()


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{float(value):.6f}"


def encode_png(rgb: np.ndarray) -> bytes:
    """Return (Y, X, 3) uint8 colors, or (Y, X) uint8 greys, as the bytes of a PNG."""
    return _encode(Image.fromarray(rgb), format="PNG", compress_level=3)


def encode_palette_png(
    labels: np.ndarray, classes: Sequence[SegmentationClass] = SANDSTONE
) -> bytes:
    """Return (Y, X) uint8 labels as a PNG in the classes' colors; its pixels are the labels."""
    image = Image.fromarray(labels)
    image.putpalette(palette(classes).tobytes())
    return _encode(image, format="PNG", compress_level=6)


def encode_jpeg(grey: np.ndarray, quality: int = 90) -> bytes:
    """Return (Y, X) uint8 grey values as the bytes of a JPEG; quality from 1 to 95."""
    return _encode(Image.fromarray(grey), format="JPEG", quality=quality)


def _encode(image: Image.Image, **options: Any) -> bytes:
    handle = io.BytesIO()
    image.save(handle, **options)
    return handle.getvalue()


def safe_name(name: str) -> str:
    """Return a file name of letters, digits, ".", "_" and "-" alone, for a download.

    Folders and accents go, everything else becomes "_"; it is never empty nor hidden.
    """
    base = unicodedata.normalize("NFKD", re.split(r"[/\\]", name)[-1])
    plain = "".join(letter for letter in base if not unicodedata.combining(letter))
    stem, dot, suffix = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip(" ._-").rpartition(".")
    if not dot and plain.count(".") == 1 and plain.endswith(f".{suffix}"):
        stem, dot = "file", "."  # nothing was left before the suffix
    safe = f"{stem[:_LONGEST_STEM]}{dot}{suffix[:_LONGEST_STEM]}" or "file"
    return f"file_{safe}" if _DEVICE_NAMES.match(safe) else safe


def _write_label_pages(
    handle: BinaryIO,
    labels: Iterable[np.ndarray],
    classes: Sequence[SegmentationClass],
    voxel_size_um: float | None,
) -> None:
    # Color tables have 16 bits a channel: 255 becomes 65535.
    colormap = palette(classes).T.astype(np.uint16) * 257
    options = {"photometric": "palette", "colormap": colormap}
    _write_pages(handle, (np.asarray(image, np.uint8) for image in labels), options, voxel_size_um)


def _write_pages(
    handle: BinaryIO,
    images: Iterable[np.ndarray],
    options: dict[str, Any],
    voxel_size_um: float | None,
) -> None:
    """Write one page a slice; a BigTIFF only if it must be, as ImageJ alone reads none."""
    options = {**options, **_page_options(voxel_size_um)}
    images = _same_size(images)
    n_slices, rest = _write_run(handle, images, options, is_big=False)
    if rest is not None:
        with _moved_aside(handle) as classic, TiffFile(classic, name="aside") as tif:
            written = (tif.pages.get(index).asarray() for index in range(n_slices))
            n_slices, _ = _write_run(handle, chain(written, rest), options, is_big=True)
    if n_slices == 0:
        raise LabelError(
            "There are no slices to write.", hint="Segment at least one slice, then save again."
        )
    _fill_in_count(handle, n_slices)


def _page_options(voxel_size_um: float | None) -> dict[str, Any]:
    """Return options of the TIFF writer; without dates or versions: same labels, same bytes.

    ImageJ takes "cm" in the resolution together with "um" in the description for µm.
    """
    lines = ["ImageJ=1.54f", f"images={0:<{_COUNT_WIDTH}}", f"slices={0:<{_COUNT_WIDTH}}"]
    resolution = {}
    if voxel_size_um:
        lines += ["unit=um", f"spacing={voxel_size_um:.9g}"]
        per_cm = 1e4 / voxel_size_um
        resolution = {"resolution": (per_cm, per_cm), "resolutionunit": "CENTIMETER"}
    description = "\n".join([*lines, "loop=false", ""])
    return {"compression": "zlib", "software": False, "description": description, **resolution}


def _same_size(images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    shape = None
    for z, image in enumerate(images):
        shape = shape or image.shape
        if image.shape != shape or image.ndim != 2:
            raise LabelError(
                f"Slice {z + 1} to write has the shape {image.shape}, slice 1 has {shape}; needed "
                "are (Y, X) slices of one size.",
                hint="Save stacks of different size to files of their own.",
            )
        yield image


def _write_run(
    handle: BinaryIO, images: Iterator[np.ndarray], options: dict[str, Any], is_big: bool
) -> tuple[int, Iterator[np.ndarray] | None]:
    """Write pages; return their number and, when the file is full, the images left over."""
    n_slices = 0
    with TiffWriter(handle, bigtiff=is_big) as writer:
        for image in images:
            if not is_big and writer.filehandle.tell() + image.nbytes > CLASSIC_LIMIT:
                return n_slices, chain([image], images)
            description = options["description"] if n_slices == 0 else None
            writer.write(image, metadata=None, **{**options, "description": description})
            n_slices += 1
    return n_slices, None


@contextmanager
def _moved_aside(handle: BinaryIO) -> Iterator[BinaryIO]:
    """Give what was written so far as a file of its own and empty the handle."""
    folder = Path(handle.name).parent if hasattr(handle, "name") else None
    with tempfile.TemporaryFile(dir=folder) as aside:
        handle.seek(0)
        shutil.copyfileobj(handle, aside)
        aside.seek(0)
        handle.seek(0)
        handle.truncate()
        yield aside


def _fill_in_count(handle: BinaryIO, n_slices: int) -> None:
    """Write the number of slices into the description, now that it is known."""
    handle.seek(0)
    with TiffFile(handle) as tif:
        tag = tif.pages.first.tags["ImageDescription"]
    start, text = tag.valueoffset, tag.value
    for key in ("images=", "slices="):
        handle.seek(start + text.index(key) + len(key))
        handle.write(f"{n_slices:<{_COUNT_WIDTH}}".encode())


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write beside the path and rename at the end, so that no half-written file is ever seen."""
    part = path.with_name(f".{path.name[:80]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("w+b") as handle:
            yield handle
        part.replace(path)
    except OSError as error:
        raise SandsegError(
            f'"{path}" cannot be written: {error.strerror or error}.',
            hint="Choose a folder that exists, may be written to, and has space left.",
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
