"""Raw voxels as stacks: a file, or a folder of files with a slice each."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sandseg.errors import FILE, StackError, named
from sandseg.scan.damage import reading
from sandseg.scan.limits import StackLimits, check_memory, check_size
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.several.numbering import clause_of, doubt_of_names
from sandseg.scan.several.slice_files import natural_key
from sandseg.scan.source import Source, open_source
from sandseg.scan.stack import Stack


def open_raw(path: Path, layout: RawFormat, limits: StackLimits) -> Stack:
    """Open raw voxels: a file, or a folder of files with a slice each.

    Raises:
        StackError: There is no such file, or its size is not what the format says.
    """
    with named(path.name):
        if not path.is_dir():
            return replace(_open_raw_file(path, layout, limits), name=path.name)
        files = [(file.name, file) for file in path.iterdir()]
        files = [file for file in files if file[1].is_file() and file[0][0] != "."]
        if not files or len(layout.shape) != 2:
            raise StackError(
                f'"{FILE}" is a folder {"of raw slices" if files else "without files"}.',
                hint="Give the shape of one slice, height and width: 512x512,uint16.",
            )
        return replace(_join(files, layout, limits), name=path.name)


def open_raw_files(
    files: Mapping[str, Path], name: str, layout: RawFormat, limits: StackLimits
) -> Stack:
    """Open raw voxels by the names of their files: one, or several with a slice (Y, X) each.

    Raises:
        StackError: A file has another size than the format says.
    """
    with named(name):
        if len(files) > 1:
            return replace(_join(list(files.items()), layout, limits), name=name)
        [path] = files.values()
        return replace(_open_raw_file(path, layout, limits), name=name)


def _open_raw_file(path: Path, layout: RawFormat, limits: StackLimits) -> Stack:
    handle, close = open_source(path)
    size = handle.seek(0, io.SEEK_END)
    close()
    needed = layout.n_file_bytes
    if size != needed:
        more = f"{size - needed:,} more" if size > needed else f"{needed - size:,} fewer"
        raise StackError(
            f'"{FILE}" has {size:,} bytes, {more} than {needed:,} as described.',
            hint="Check shape and type; bytes before the voxels are given as a third number.",
        )
    stack = open_voxels(path, layout, limits)
    note = f"Raw voxels read as {'×'.join(map(str, layout.shape))} {layout.dtype}."
    return replace(stack, notes=(note,))


def _join(files: Sequence[tuple[str, Path]], layout: RawFormat, limits: StackLimits) -> Stack:
    """Make a stack of files with a slice each, in the order of the numbers in their names."""
    files = sorted(files, key=lambda file: natural_key(file[0]))
    slices = []
    for name, path in files:
        with named(name):
            slices.append(replace(_open_raw_file(path, layout, limits), name=name))
    shape = (len(slices), *layout.shape[-2:])
    check_size(shape, layout.dtype.itemsize, limits)
    note = f"{len(files)} files, from {files[0][0]} to {files[-1][0]}."
    doubt = doubt_of_names([name for name, _ in files])
    return Stack(
        FILE,
        shape,
        slices[0].dtype,
        lambda z: slices[z].read_slice(0),
        notes=(note,),
        warnings=(doubt,) if doubt else (),
        apart=clause_of(doubt),
        files=tuple(name for name, _ in files),
    )


def open_voxels(
    source: Source, layout: RawFormat, limits: StackLimits, is_fortran: bool = False
) -> Stack:
    """Open voxels whose place in a file is known and was checked.

    Args:
        source: A file is read slice by slice; what is in memory, or begins with another axis, is
            read as a whole.
        layout: How they lie.
        limits: The largest stack to accept.
        is_fortran: Whether the first axis is the fastest.

    Raises:
        StackError: They are too large.
    """
    if isinstance(source, str | Path) and not is_fortran:
        return _stack_in_file(Path(source), layout, limits)
    check_size(layout.stack_shape, layout.dtype.itemsize, limits)
    check_memory(layout.n_bytes, "open")
    handle, close = open_source(source)
    try:
        handle.seek(layout.n_header_bytes)
        data = np.frombuffer(handle.read(layout.n_bytes), np.uint8)
    finally:
        close()
    return stack_in_memory(data, layout, is_fortran)


def stack_in_memory(data: np.ndarray, layout: RawFormat, is_fortran: bool = False) -> Stack:
    """Take the bytes of voxels (N,) uint8 for the slices that they are."""
    array = data.view(layout.dtype).reshape(layout.shape, order="F" if is_fortran else "C")
    slices = array.reshape(layout.stack_shape)
    grey = _grey_type(layout.dtype)
    return Stack(FILE, slices.shape, grey, lambda z: np.ascontiguousarray(slices[z], grey))


def _stack_in_file(path: Path, layout: RawFormat, limits: StackLimits) -> Stack:
    """Read slices from where they lie.

    Not through a memory map: if the file shrank meanwhile, that would end the process.
    """
    shape, dtype = layout.stack_shape, layout.dtype
    check_size(shape, dtype.itemsize, limits)
    n_pixels = shape[1] * shape[2]
    check_memory(2 * n_pixels * dtype.itemsize)
    grey = _grey_type(dtype)

    def read(z: int) -> np.ndarray:
        start = layout.n_header_bytes + z * n_pixels * dtype.itemsize
        with reading():
            values = np.fromfile(path, dtype, n_pixels, offset=start)
            return values.reshape(shape[1:]).astype(grey, copy=False)

    return Stack(FILE, shape, grey, read)


def _grey_type(dtype: np.dtype) -> np.dtype:
    """Return the type of the slices: truth values become 0 and 1, the rest as here is usual."""
    return np.dtype(np.uint8) if dtype.kind == "b" else dtype.newbyteorder("=")
