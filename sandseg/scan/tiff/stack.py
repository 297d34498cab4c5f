"""A TIFF as a stack of grey slices."""

import numpy as np
from tifffile import COMPRESSION

from sandseg.scan.choices import ANY, Selection
from sandseg.scan.limits import StackLimits
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.check import reading
from sandseg.scan.tiff.file import OpenTiff, Source
from sandseg.scan.tiff.grey import choose_grey
from sandseg.scan.tiff.voxels import find_voxel_size


def open_tiff(source: Source, name: str, limits: StackLimits, selection: Selection = ANY) -> Stack:
    """Open a TIFF without reading its pixels.

    Raises:
        StackError: The file is missing, damaged, too large, in color, of a rare kind, or lacks
            what was selected.
    """
    tiff = OpenTiff(source, name, limits, selection)
    try:
        return _grey_stack(tiff)
    except BaseException:
        tiff.close()
        raise


def _grey_stack(tiff: OpenTiff) -> Stack:
    layout = tiff.layout
    with reading(tiff.name):
        grey = choose_grey(layout, lambda: tiff.read(0), tiff.name)
        voxel_size_um, voxel_notes = find_voxel_size(tiff.tif, layout)

    def read(z: int) -> np.ndarray:
        with reading(tiff.name):
            return grey.to_grey(tiff.read(z))

    stack = Stack(tiff.name, tiff.shape, grey.dtype, read, voxel_size_um)
    stack.axes = layout.axes
    stack.compression = COMPRESSION(layout.first.compression).name.lower().replace("adobe_", "")
    stack.notes = (*layout.notes, *grey.notes, *voxel_notes)
    stack.choices = layout.choices
    stack.on_close(tiff.close)
    return stack
