"""Arrays that are no pictures as stacks: NumPy files and raw voxels."""

import io
import re
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO

import numpy as np

from sandseg.errors import FILE, StackError, named
from sandseg.scan.choices import ANY, Selection, pick
from sandseg.scan.damage import reading
from sandseg.scan.limits import StackLimits, check_memory, check_size
from sandseg.scan.slice_files import gap_between, natural_key
from sandseg.scan.source import Source, open_source
from sandseg.scan.stack import Stack

_RAW_HINT = "Write SHAPE,TYPE as in 512x512x512,uint16, and if there is a header its bytes: ,4096."
_N_COLORS = (3, 4)


@dataclass(frozen=True)
class RawFormat:
    """How voxels lie in a raw file: (Z, Y, X) or (Y, X), the slowest axis first, X side by side."""

    shape: tuple[int, ...]
    dtype: np.dtype
    n_header_bytes: int = 0

    @property
    def stack_shape(self) -> tuple[int, int, int]:
        """The shape with all three axes (Z, Y, X)."""
        return (1, *self.shape)[-3:]

    @property
    def n_bytes(self) -> int:
        """Size of the voxels, without the header."""
        return prod(self.shape) * self.dtype.itemsize

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


def open_raw(path: Path, layout: RawFormat, limits: StackLimits) -> Stack:
    """Open raw voxels: a file, or a folder of files with a slice each.

    Raises:
        StackError: There is no such file, or its size is not what the format says.
    """
    opener = _open_raw_folder if path.is_dir() else _open_raw_file
    with named(path.name):
        return replace(opener(path, layout, limits), name=path.name)


def _open_raw_file(path: Path, layout: RawFormat, limits: StackLimits) -> Stack:
    handle, close = open_source(path)
    size = handle.seek(0, io.SEEK_END)
    close()
    needed = layout.n_header_bytes + layout.n_bytes
    if size != needed:
        more = f"{size - needed:,} more" if size > needed else f"{needed - size:,} fewer"
        raise StackError(
            f'"{FILE}" has {size:,} bytes, {more} than {needed:,} as described.',
            hint="Check shape and type; bytes before the voxels are given as a third number.",
        )
    stack = _stack_in_file(path, layout, limits)
    note = f"Raw voxels read as {'×'.join(map(str, layout.shape))} {layout.dtype}."
    return replace(stack, notes=(note,))


def _open_raw_folder(folder: Path, layout: RawFormat, limits: StackLimits) -> Stack:
    paths = [path for path in folder.iterdir() if path.is_file() and path.name[0] != "."]
    paths.sort(key=lambda path: natural_key(path.name))
    if not paths or len(layout.shape) != 2:
        raise StackError(
            f'"{folder}" is a folder {"of raw slices" if paths else "without files"}.',
            hint="Give the shape of one slice, height and width: 512x512,uint16.",
        )
    slices = [open_raw(path, layout, limits) for path in paths]
    shape = (len(slices), *layout.shape)
    check_size(shape, layout.dtype.itemsize, limits)
    note = f"{len(paths)} files, from {paths[0].name} to {paths[-1].name}."
    apart = gap_between([path.name for path in paths])
    return Stack(
        FILE,
        shape,
        slices[0].dtype,
        lambda z: slices[z].read_slice(0),
        notes=(note,),
        apart=apart,
    )


def open_npy(source: Source, limits: StackLimits, selection: Selection = ANY) -> Stack:
    """Open a NumPy array (.npy) of the axes (Z, Y, X) or (Y, X); nothing in it is executed.

    Raises:
        StackError: It is damaged, cut off, too large, or no such array.
    """
    handle, close = open_source(source)
    try:
        with reading():
            layout, is_fortran = _npy_header(handle)
            n_bytes = handle.seek(0, io.SEEK_END) - layout.n_header_bytes
        check_array(layout.shape, layout.dtype)
        if n_bytes < layout.n_bytes:
            raise StackError(
                f'"{FILE}" is cut off: {n_bytes:,} of {layout.n_bytes:,} bytes.',
                hint="Copy or save the file again; the end is missing.",
            )
    finally:
        close()
    for kind in ("series", "channel", "time"):
        pick(kind, getattr(selection, kind), ())
    if isinstance(source, str | Path) and not is_fortran:
        return _stack_in_file(Path(source), layout, limits)
    return _small_array(source, layout, is_fortran, limits)


def _npy_header(handle: BinaryIO) -> tuple[RawFormat, bool]:
    """Return where the array lies in the file, and whether its first axis is the fastest."""
    handle.seek(0)
    version = np.lib.format.read_magic(handle)
    is_first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if is_first else np.lib.format.read_array_header_2_0
    try:
        shape, is_fortran, dtype = read(handle)
    except (SyntaxError, TokenError) as error:  # the header is written like Python
        raise ValueError("its header makes no sense") from error
    return RawFormat(shape, dtype, handle.tell()), is_fortran


def check_array(shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Check that an array holds slices of real numbers.

    Raises:
        StackError: It has other axes, no elements, or other numbers.
    """
    if len(shape) not in (2, 3) or not prod(shape) or min(shape) < 0 or dtype.kind not in "buif":
        raise StackError(
            f'"{FILE}" is an array of shape {shape} and type {dtype}; needed are real numbers '
            "with the axes (Z, Y, X) or (Y, X).",
            hint="Save one channel and one time point, as numbers.",
        )
    if len(shape) == 3 and shape[-1] in _N_COLORS and shape[0] > shape[-1]:
        raise StackError(
            f'"{FILE}" of shape {shape} looks like a color picture (Y, X, C), but a scan is grey.',
            hint="Save one channel alone: array[..., 0].",
        )


def _small_array(source: Source, layout: RawFormat, is_fortran: bool, limits: StackLimits) -> Stack:
    """Read an array as a whole: from an upload in memory, or where slices do not lie together."""
    check_size(layout.stack_shape, layout.dtype.itemsize, limits)
    check_memory(layout.n_bytes, "open")
    handle, close = open_source(source)
    try:
        handle.seek(layout.n_header_bytes)
        data = handle.read(layout.n_bytes)
    finally:
        close()
    array = np.frombuffer(data, layout.dtype)
    array = array.reshape(layout.shape, order="F" if is_fortran else "C")
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
