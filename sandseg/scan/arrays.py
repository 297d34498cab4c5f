"""Arrays that are no pictures as stacks: NumPy files and raw voxels."""

import io
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from tokenize import TokenError

import numpy as np

from sandseg.errors import StackError
from sandseg.scan.archive import natural_key
from sandseg.scan.choices import ANY, Selection, pick
from sandseg.scan.limits import StackLimits, check_memory, check_size
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.check import reading
from sandseg.scan.tiff.file import Source, open_source

_RAW_HINT = "Write SHAPE,TYPE as in 512x512x512,uint16, and if there is a header its bytes: ,4096."
_N_COLORS = (3, 4)


@dataclass(frozen=True)
class RawFormat:
    """How voxels lie in a raw file: (Z, Y, X) or (Y, X), the slowest axis first, X side by side."""

    shape: tuple[int, ...]
    dtype: np.dtype
    n_header_bytes: int = 0

    @classmethod
    def parse(cls, text: str) -> "RawFormat":
        """Read "512x512x512,uint16" or, with a header, "512x512x512,uint16,4096".

        A type that starts with ">" is big-endian, as in ">u2".

        Raises:
            StackError: The text means no format.
        """
        match = re.fullmatch(r"(\d+(?:[x×]\d+){1,2}),([<>]?\w+)(?:,(\d+))?", text.replace(" ", ""))
        try:
            shape = tuple(int(length) for length in re.split("[x×]", match[1]))
            dtype = np.dtype(match[2])
        except (TypeError, ValueError) as error:
            raise StackError(f'"{text}" describes no raw file.', hint=_RAW_HINT) from error
        if dtype.kind not in "uif" or not all(shape):
            raise StackError(f'"{text}" describes no grey values.', hint=_RAW_HINT)
        return cls(shape, dtype, int(match[3] or 0))


def open_raw(path: Path, layout: RawFormat, name: str, limits: StackLimits) -> Stack:
    """Open raw voxels: a file, or a folder of files with a slice each.

    Raises:
        StackError: There is no such file, or its size is not what the format says.
    """
    if path.is_dir():
        return _open_raw_folder(path, layout, name, limits)
    stack = _open_raw_file(path, layout, name or path.name, limits)
    stack.notes = (f"Raw voxels read as {'×'.join(map(str, layout.shape))} {layout.dtype}.",)
    return stack


def _open_raw_file(path: Path, layout: RawFormat, name: str, limits: StackLimits) -> Stack:
    handle, _, _ = open_source(path)
    with handle:
        size = handle.seek(0, io.SEEK_END)
    needed = layout.n_header_bytes + prod(layout.shape) * layout.dtype.itemsize
    if size != needed:
        more = f"{size - needed:,} more" if size > needed else f"{needed - size:,} fewer"
        raise StackError(
            f'"{path.name}" has {size:,} bytes, {more} than {needed:,} as described.',
            hint="Check shape and type; bytes before the voxels are given as a third number.",
        )
    return _stack_in_file(path, layout.n_header_bytes, layout.shape, layout.dtype, name, limits)


def _open_raw_folder(folder: Path, layout: RawFormat, name: str, limits: StackLimits) -> Stack:
    paths = [path for path in folder.iterdir() if path.is_file() and path.name[0] != "."]
    paths.sort(key=lambda path: natural_key(path.name))
    if not paths or len(layout.shape) != 2:
        raise StackError(
            f'"{folder}" is a folder {"of raw slices" if paths else "without files"}.',
            hint="Give the shape of one slice, height and width: 512x512,uint16.",
        )
    slices = [_open_raw_file(path, layout, path.name, limits) for path in paths]
    name = name or folder.name
    shape = (len(slices), *layout.shape)
    check_size(shape, layout.dtype.itemsize, name, limits)
    stack = Stack(name, shape, slices[0].dtype, lambda z: slices[z].read_slice(0))
    stack.notes = (f"{len(paths)} files, from {paths[0].name} to {paths[-1].name}.",)
    return stack


def open_npy(source: Source, name: str, limits: StackLimits, selection: Selection = ANY) -> Stack:
    """Open a NumPy array (.npy) of the axes (Z, Y, X) or (Y, X); nothing in it is executed.

    Raises:
        StackError: It is damaged, cut off, too large, or no such array.
    """
    handle, is_own, found_name = open_source(source)
    name = name or found_name
    try:
        with reading(name):
            shape, is_fortran, dtype, start = _npy_header(handle)
            n_bytes = handle.seek(0, io.SEEK_END) - start
        check_array(shape, dtype, name)
        if n_bytes < prod(shape) * dtype.itemsize:
            raise StackError(
                f'"{name}" is cut off: {n_bytes:,} of {prod(shape) * dtype.itemsize:,} bytes.',
                hint="Copy or save the file again; the end is missing.",
            )
    finally:
        if is_own:
            handle.close()
    for kind in ("series", "channel", "time"):
        pick(kind, getattr(selection, kind), (), name)
    if isinstance(source, str | Path) and not is_fortran:
        return _stack_in_file(Path(source), start, shape, dtype, name, limits)
    return _small_array(source, (start, shape, is_fortran, dtype), name, limits)


def _npy_header(handle: io.BufferedIOBase) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    handle.seek(0)
    version = np.lib.format.read_magic(handle)
    is_first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if is_first else np.lib.format.read_array_header_2_0
    try:
        shape, is_fortran, dtype = read(handle)
    except (SyntaxError, TokenError) as error:  # the header is written like Python
        raise ValueError("its header makes no sense") from error
    return shape, is_fortran, dtype, handle.tell()


def check_array(shape: tuple[int, ...], dtype: np.dtype, name: str) -> None:
    """Check that an array holds slices of real numbers.

    Raises:
        StackError: It has other axes, no elements, or other numbers.
    """
    if len(shape) not in (2, 3) or not prod(shape) or min(shape) < 0 or dtype.kind not in "buif":
        raise StackError(
            f'"{name}" is an array of shape {shape} and type {dtype}; needed are real numbers '
            "with the axes (Z, Y, X) or (Y, X).",
            hint="Save one channel and one time point, as numbers.",
        )
    if len(shape) == 3 and shape[-1] in _N_COLORS and shape[0] > shape[-1]:
        raise StackError(
            f'"{name}" of shape {shape} looks like a color picture (Y, X, C), but a scan is grey.',
            hint="Save one channel alone: array[..., 0].",
        )


def _small_array(source: Source, header: tuple, name: str, limits: StackLimits) -> Stack:
    """Read an array as a whole: from an upload in memory, or where slices do not lie together."""
    start, shape, is_fortran, dtype = header
    check_size((1, *shape)[-3:], dtype.itemsize, name, limits)
    check_memory(prod(shape) * dtype.itemsize, name, "open")
    handle, is_own, _ = open_source(source)
    try:
        handle.seek(start)
        data = handle.read(prod(shape) * dtype.itemsize)
    finally:
        if is_own:
            handle.close()
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if is_fortran else "C")
    native = dtype.newbyteorder("=")
    slices = array[None] if array.ndim == 2 else array
    grey = np.dtype(np.uint8) if dtype.kind == "b" else native
    return Stack(name, slices.shape, grey, lambda z: np.ascontiguousarray(slices[z], grey))


def _stack_in_file(
    path: Path,
    start: int,
    shape: tuple[int, ...],
    dtype: np.dtype,
    name: str,
    limits: StackLimits,
) -> Stack:
    """Read slices from where they lie.

    Not through a memory map: if the file shrank meanwhile, that would end the process.
    """
    shape = (1, *shape)[-3:]
    check_size(shape, dtype.itemsize, name, limits)
    n_pixels = shape[1] * shape[2]
    check_memory(2 * n_pixels * dtype.itemsize, name)
    grey = np.dtype(np.uint8) if dtype.kind == "b" else dtype.newbyteorder("=")

    def read(z: int) -> np.ndarray:
        with reading(name):
            values = np.fromfile(
                path, dtype, n_pixels, offset=start + z * n_pixels * dtype.itemsize
            )
            return values.reshape(shape[1:]).astype(grey, copy=False)

    return Stack(name, shape, grey, read)
