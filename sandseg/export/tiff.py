"""What a user takes home: label and confidence TIFFs, pictures, tables."""

import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from tifffile import TiffFile, TiffWriter

from sandseg.atomic import whole_file
from sandseg.classes import SANDSTONE, SegmentationClass, palette
from sandseg.errors import LabelError

CLASSIC_LIMIT = 2**32 - 2**26  # bytes; beyond, offsets of 32 bits run out and it is a BigTIFF
_COUNT_WIDTH = 10  # room for the number of slices, which is only known at the end


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
    with whole_file(Path(path)) as handle:
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
    with whole_file(Path(path)) as handle:
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
