"""A TIFF, opened and checked: its slices as they are stored, and as a stack of grey values."""

import io
import threading

import numpy as np
from tifffile import COMPRESSION, TiffFile, TiffPage

from sandseg.errors import FILE
from sandseg.scan.choices import ANY, Selection
from sandseg.scan.damage import reading
from sandseg.scan.limits import StackLimits, check_memory
from sandseg.scan.source import Source, open_source
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.calibration import calibrated
from sandseg.scan.tiff.check import page_bytes, page_offsets
from sandseg.scan.tiff.grey import choose_grey
from sandseg.scan.tiff.layout import find_layout
from sandseg.scan.tiff.voxels import find_voxel_size

_PEAK = 3  # a page in its codec's hands, decoded, and as grey values


class OpenTiff:
    """A TIFF whose pages were checked but not decoded.

    Raises `StackError` when it is missing, damaged, too large, or of a kind that cannot be read.
    """

    def __init__(self, source: Source, limits: StackLimits, selection: Selection = ANY):
        handle, self.close = open_source(source)
        self._lock = threading.Lock()  # tifffile is not thread-safe, nor is a file's position
        try:
            with reading():
                size = handle.seek(0, io.SEEK_END)
                n_pages = len(page_offsets(handle, size, limits))
                handle.seek(0)
                # The flags keep tifffile from opening other files that this one names.
                self.tif = TiffFile(
                    handle,
                    name=FILE,
                    _multifile=False,
                    is_ndtiff=False,
                    is_mmstack=False,
                    is_ndpi=False,
                )
                self.layout = find_layout(self.tif, n_pages, limits, selection)
            check_memory(_PEAK * self._decoded_bytes)
        except BaseException:
            self.close()
            raise

    @property
    def _decoded_bytes(self) -> int:
        """What is decoded to read a slice: one plane, or the whole page where it is compressed."""
        first = self.layout.first
        n_planes = int(np.prod(first.shaped[:2])) if first.is_final else 1
        return page_bytes(first) // n_planes

    @property
    def shape(self) -> tuple[int, int, int]:
        first = self.layout.first
        return len(self.layout.planes), first.imagelength, first.imagewidth

    def read(self, z: int) -> np.ndarray:
        """Return slice z as it is stored: (Y, X), or (Y, X, C) with several channels."""
        layout = self.layout
        page_position, plane = divmod(int(layout.planes[z]), layout.planes_per_page)
        with self._lock:
            if layout.pages is None:
                page = layout.first
                start = page_position * page_bytes(page)
            else:
                page, start = self.tif.pages.get(layout.pages[page_position]), 0
            n_colors, depth = page.shaped[:2]
            planes = range(plane, n_colors * depth, depth) if layout.is_planar else [plane]
            if page.is_final:
                colors = [self._read_plane(page, start, position) for position in planes]
            else:
                block = page.asarray(squeeze=False)  # (S, D, Y, X, C)
                colors = block.reshape(-1, *block.shape[2:])[planes]
        pixels = np.concatenate(colors, axis=-1) if len(colors) > 1 else colors[0]
        return pixels[..., 0] if pixels.shape[-1] == 1 else pixels

    def _read_plane(self, page: TiffPage, start: int, position: int) -> np.ndarray:
        """Return plane (Y, X, C) of an uncompressed page that lies `start` bytes behind its place.

        Not through a memory map: if the file shrank meanwhile, that would end the process.
        """
        shape = page.shaped[2:]
        count = int(np.prod(shape))
        stored = page.dtype.newbyteorder(self.tif.byteorder)
        offset = page.dataoffsets[0] + start + position * count * stored.itemsize
        return self.tif.filehandle.read_array(stored, count, offset).reshape(shape)


def open_tiff(source: Source, limits: StackLimits, selection: Selection = ANY) -> Stack:
    """Open a TIFF without reading its pixels.

    Raises:
        StackError: The file is missing, damaged, too large, in color, of a rare kind, or lacks
            what was selected.
    """
    tiff = OpenTiff(source, limits, selection)
    try:
        return _grey_stack(tiff)
    except BaseException:
        tiff.close()
        raise


def _grey_stack(tiff: OpenTiff) -> Stack:
    layout = tiff.layout
    with reading():
        grey = calibrated(choose_grey(layout, lambda: tiff.read(0)), tiff.tif)
        voxel_size_um, aspect, voxel_notes = find_voxel_size(tiff.tif, layout)

    def read(z: int) -> np.ndarray:
        with reading():
            return grey.to_grey(tiff.read(z))

    return Stack(
        FILE,
        tiff.shape,
        grey.dtype,
        read,
        voxel_size_um,
        axes=layout.axes,
        compression=COMPRESSION(layout.first.compression).name.lower().replace("adobe_", ""),
        notes=(*layout.notes, *grey.notes, *voxel_notes),
        choices=layout.choices,
        aspect=aspect,
        apart=layout.choices.apart,
        on_close=tiff.close,
    )
