"""One stack of files that hold a slice each."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sandseg.errors import FILE, named
from sandseg.scan.choices import ANY, Selection
from sandseg.scan.limits import StackLimits, check_count, check_memory, check_size
from sandseg.scan.pictures.signature import is_picture
from sandseg.scan.several.numbering import SeveralScansError, clause_of, doubt_of_names
from sandseg.scan.several.slice_files import SliceFile, Slices
from sandseg.scan.source import Source, first_bytes
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.file import open_tiff

OpenOne = Callable[[Source], Stack]
_MOST_WARNINGS = 3  # of different slices


def open_slice(source: Source, limits: StackLimits, selection: Selection = ANY) -> Stack:
    """Open a TIFF, PNG, BMP or JPEG, told apart by what is in it.

    Raises:
        StackError: It cannot be read, or is something else.
    """
    if not is_picture(first_bytes(source)):
        return open_tiff(source, limits, selection)
    from sandseg.scan.pictures.grey import open_picture  # loads Pillow

    return open_picture(source, limits, selection)


def join_slices(slices: Slices, limits: StackLimits, open_one: OpenOne) -> Stack:
    """Make one stack of files that each hold a slice; a single file may be a whole stack.

    Raises:
        SeveralScansError: One holds several slices, or differs from the others.
        StackError: One cannot be read.
    """
    try:
        stack = _joined(slices, limits, open_one)
    except BaseException:
        slices.close()
        raise
    return replace(stack, notes=(*stack.notes, *slices.notes), on_close=slices.close)


def _joined(slices: Slices, limits: StackLimits, open_one: OpenOne) -> Stack:
    files = slices.files
    check_count(len(files), limits)
    check_memory(3 * max(file.n_bytes for file in files))
    first = _open(files[0], open_one)
    if len(files) == 1:
        return replace(first, name=FILE, reader=first.read_slice)
    first.close()
    warnings = {}
    for number, file in enumerate(files, start=1):
        with _open(file, open_one) as stack:
            _check_slice(stack, first, number)
            warnings |= dict.fromkeys(stack.warnings)
    shape = (len(files), *first.shape[1:])
    check_size(shape, first.dtype.itemsize, limits)

    def read(z: int) -> np.ndarray:
        with _open(files[z], open_one) as stack:
            _check_slice(stack, first, z + 1)
            return stack.read_slice(0)

    doubt = doubt_of_names([file.name for file in files])
    note = f"{len(files)} files, from {files[0].name} to {files[-1].name}."
    return Stack(
        FILE,
        shape,
        first.dtype,
        read,
        first.voxel_size_um,
        compression=first.compression,
        notes=(note, *first.notes),
        choices=first.choices,
        aspect=first.aspect,
        warnings=(*filter(None, [doubt]), *tuple(warnings)[:_MOST_WARNINGS]),
        apart=clause_of(doubt),
        files=tuple(file.name for file in files),
    )


def _open(file: SliceFile, open_one: OpenOne) -> Stack:
    source = file.fetch()  # if this fails, it is not the slice that is damaged
    with named(file.name):
        return replace(open_one(source), name=file.name)


def _check_slice(stack: Stack, first: Stack, number: int) -> None:
    if stack.n_slices > 1:
        raise SeveralScansError(
            f'"{stack.name}" of "{FILE}" holds {stack.n_slices} slices, not one.',
            hint="Open a file of several slices by itself, or save each slice as a file.",
        )
    if stack.shape != first.shape or stack.dtype != first.dtype:
        facts = [f"{s.shape[1]} × {s.shape[2]} pixels of {s.dtype}" for s in (stack, first)]
        raise SeveralScansError(
            f'"{stack.name}", file {number} of "{FILE}", is {facts[0]}, '
            f'but "{first.name}" is {facts[1]}.',
            hint="Leave the odd file out, or give all slices one size and type.",
        )
