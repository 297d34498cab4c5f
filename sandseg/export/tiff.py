"""Label, grey and confidence TIFFs, written slice by slice: whole at the end or not there."""

import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from tifffile import TiffFile, TiffWriter
from tifffile.tifffile import imagej_metadata_tag

from sandseg.atomic import whole_file
from sandseg.classes import (
    OWN_LABELS,
    OWN_STROKES,
    SANDSTONE,
    UNPAINTED,
    SegmentationClass,
    palette,
)
from sandseg.errors import LabelError
from sandseg.scan.tiff.voxels import Spacing

CLASSIC_LIMIT = 2**32 - 2**26  # bytes; beyond, offsets of 32 bits run out and it is a BigTIFF
_COUNT_WIDTH = 10  # room for the number of slices, which is only known at the end


@contextmanager
def label_writer(
    path: Path | str,
    classes: Sequence[SegmentationClass] = SANDSTONE,
    spacing_um: Spacing | float | None = None,
) -> Iterator["Pages"]:
    """Write labels as a TIFF with a color table: `with label_writer(path) as out: out.write(…)`.

    Args:
        path: Where to; an existing file is only replaced once the new one is whole.
        classes: What the labels mean; they give the colors.
        spacing_um: How far voxels lie apart along z, y, x in µm, or the edge of a cube, if known.

    Raises:
        SandsegError: The file cannot be written.
        LabelError: There are no slices, or they differ in size.
    """
    with whole_file(Path(path)) as handle:
        pages = _label_pages(handle, classes, spacing_um)
        yield pages
        pages.finish()


@contextmanager
def image_writer(
    path: Path | str, spacing_um: Spacing | float | None = None, info: str = ""
) -> Iterator["Pages"]:
    """Write grey values or confidence, of any real type, as `label_writer` writes labels.

    `info` says what they are, as ImageJ's "Show Info" lists it.
    """
    with whole_file(Path(path)) as handle:
        pages = Pages(handle, {"photometric": "minisblack", "info": info}, spacing_um)
        yield pages
        pages.finish()


def write_labels(
    path: Path | str,
    labels: Iterable[np.ndarray],
    classes: Sequence[SegmentationClass] = SANDSTONE,
    spacing_um: Spacing | float | None = None,
) -> None:
    """Write labels that are at hand, (Z, Y, X) uint8 or any (Y, X) slices; see `label_writer`."""
    with label_writer(path, classes, spacing_um) as out:
        out.write_all(labels)


def write_image(
    path: Path | str, slices: Iterable[np.ndarray], spacing_um: Spacing | float | None = None
) -> None:
    """Write grey values that are at hand, (Y, X) of any real type a slice; see `image_writer`."""
    with image_writer(path, spacing_um) as out:
        out.write_all(slices)


def room_to_write(n_bytes: int) -> int:
    """Return how many bytes must be free to write slices of so many, if nothing can be packed.

    A file that outgrows classic offsets is written anew while what there was lies aside.
    """
    return n_bytes + (CLASSIC_LIMIT if n_bytes > CLASSIC_LIMIT else 0)


def labels_tiff_bytes(
    labels: Iterable[np.ndarray],
    classes: Sequence[SegmentationClass] = SANDSTONE,
    spacing_um: Spacing | float | None = None,
    facts: str = "",
) -> bytes:
    """Return the very bytes that `write_labels` would write, and facts about them, if any.

    Raises:
        LabelError: There are no slices, or they differ in size.
    """
    handle = io.BytesIO()
    return _finished(_label_pages(handle, classes, spacing_um), labels, facts, handle)


def image_tiff_bytes(
    slices: Iterable[np.ndarray],
    spacing_um: Spacing | float | None = None,
    info: str = "",
    facts: str = "",
) -> bytes:
    """Return the bytes that `image_writer` would write; raises as `labels_tiff_bytes` does."""
    handle = io.BytesIO()
    pages = Pages(handle, {"photometric": "minisblack", "info": info}, spacing_um)
    return _finished(pages, slices, facts, handle)


def _finished(
    pages: "Pages", slices: Iterable[np.ndarray], facts: str, handle: io.BytesIO
) -> bytes:
    pages.write_all(slices)
    pages.describe(facts)
    pages.finish()
    return handle.getvalue()


class Pages:
    """The pages of a TIFF that one pushes slices to, one page a slice.

    A BigTIFF only if it must be, as ImageJ alone reads none. Without dates or versions, but for
    what `describe` is told: the same slices give the same bytes.
    """

    def __init__(
        self,
        handle: BinaryIO,
        options: dict[str, Any],
        spacing_um: Spacing | float | None,
        dtype: type | None = None,
    ):
        self._handle, self._dtype = handle, dtype
        self._info, self._facts = options.pop("info", ""), ""
        self._first = {"extratags": _info_tags(self._info)} if self._info else {}
        self._options = {**options, **_page_options(spacing_um)}
        self._writer = TiffWriter(handle, bigtiff=False, byteorder="<")
        self._is_big = self._is_finished = False
        self._shape: tuple[int, ...] | None = None
        self._n_slices = 0

    def write(self, image: np.ndarray) -> None:
        """Add a (Y, X) slice.

        Raises:
            LabelError: It differs in size from the first one.
        """
        image = np.asarray(image, self._dtype)
        self._shape = self._shape or image.shape
        if image.shape != self._shape or image.ndim != 2:
            raise LabelError(
                f"Slice {self._n_slices + 1} to write has the shape {image.shape}, slice 1 has "
                f"{self._shape}; needed are (Y, X) slices of one size.",
                hint="Save stacks of different size to files of their own.",
            )
        is_full = self._writer.filehandle.tell() + image.nbytes > CLASSIC_LIMIT
        if is_full and not self._is_big:
            self._become_big()
        self._put(image)

    def write_all(self, slices: Iterable[np.ndarray]) -> None:
        """Add (Y, X) slices one after the other."""
        for image in slices:
            self.write(image)

    def describe(self, facts: str) -> None:
        """Add to the info of the file what is only known once all slices are written."""
        self._facts = facts

    def finish(self) -> None:
        """Complete the file; all that may still fail fails here, before it gets its name.

        Raises:
            LabelError: There are no slices.
        """
        if self._is_finished:
            return
        if self._n_slices == 0:
            raise LabelError(
                "There are no slices to write.",
                hint="Segment at least one slice, then save again.",
            )
        self._writer.close()
        _fill_in_count(self._handle, self._n_slices)
        if self._info and self._facts:
            _replace_info(self._handle, f"{self._info}\n{self._facts}")
        self._handle.flush()
        self._is_finished = True

    def _put(self, image: np.ndarray) -> None:
        options = {**self._options, **self._first}
        if self._n_slices:
            options = {**self._options, "description": None}
        self._writer.write(image, metadata=None, **options)
        self._n_slices += 1

    def _become_big(self) -> None:
        """Write anew, with offsets of 64 bits, what was written so far."""
        self._writer.close()
        with _moved_aside(self._handle) as classic, TiffFile(classic, name="aside") as tif:
            self._writer, self._is_big = TiffWriter(self._handle, bigtiff=True, byteorder="<"), True
            n_written, self._n_slices = self._n_slices, 0
            for index in range(n_written):
                self._put(tif.pages.get(index).asarray())


def _label_pages(
    handle: BinaryIO, classes: Sequence[SegmentationClass], spacing_um: Spacing | float | None
) -> Pages:
    # Color tables have 16 bits a channel: 255 becomes 65535.
    colormap = palette(classes).T.astype(np.uint16) * 257
    options = {"photometric": "palette", "colormap": colormap, "info": class_names(classes)}
    return Pages(handle, options, spacing_um, np.uint8)


def class_names(classes: Sequence[SegmentationClass]) -> str:
    """Return what each label means, a line each, as ImageJ's "Show Info" lists it."""
    lines = [
        f"label {material.value} = {material.name}{' (pores)' if material.is_pore else ''}"
        for material in classes
    ]
    kind = OWN_STROKES if classes[0] == UNPAINTED else OWN_LABELS
    return "\n".join([kind, *lines, ""])


def _page_options(spacing_um: Spacing | float | None) -> dict[str, Any]:
    """Return options of the TIFF writer.

    ImageJ takes "cm" in the resolution together with "um" in the description for µm.
    """
    lines = ["ImageJ=1.54f", f"images={0:<{_COUNT_WIDTH}}", f"slices={0:<{_COUNT_WIDTH}}"]
    resolution = {}
    if spacing_um:
        z, y, x = np.broadcast_to(spacing_um, 3).tolist()
        lines += ["unit=um", f"spacing={z:.9g}"]
        resolution = {"resolution": (1e4 / x, 1e4 / y), "resolutionunit": "CENTIMETER"}
    description = "\n".join([*lines, "loop=false", ""])
    return {"compression": "zlib", "software": False, "description": description, **resolution}


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


def _info_tags(info: str) -> list[tuple]:
    return imagej_metadata_tag({"Info": info}, "<")


def _replace_info(handle: BinaryIO, info: str) -> None:
    """Write another info where the file has one, at its end where it is longer."""
    handle.seek(0)
    with TiffFile(handle) as tif:
        for code, dtype, _, value, _ in _info_tags(info):
            tif.pages.first.tags[code].overwrite(value, dtype=dtype)


def _fill_in_count(handle: BinaryIO, n_slices: int) -> None:
    """Write the number of slices into the description, now that it is known."""
    handle.seek(0)
    with TiffFile(handle) as tif:
        tag = tif.pages.first.tags["ImageDescription"]
    start, text = tag.valueoffset, tag.value
    for key in ("images=", "slices="):
        handle.seek(start + text.index(key) + len(key))
        handle.write(f"{n_slices:<{_COUNT_WIDTH}}".encode())
