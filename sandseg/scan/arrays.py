"""NumPy arrays as stacks."""

import io
from math import prod
from tokenize import TokenError
from typing import BinaryIO

import numpy as np

from sandseg.errors import FILE, StackError
from sandseg.scan.choices import ANY, Selection, pick
from sandseg.scan.damage import reading
from sandseg.scan.limits import StackLimits
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.raw.voxels import open_voxels
from sandseg.scan.source import Source, open_source
from sandseg.scan.stack import Stack

_N_COLORS = (3, 4)


def open_npy(source: Source, limits: StackLimits, selection: Selection = ANY) -> Stack:
    """Open a NumPy array (.npy) of the axes (Z, Y, X) or (Y, X); nothing in it is executed.

    Further axes of length 1, as for one channel and one time point, are left away.

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
    return open_voxels(source, layout, limits, is_fortran)


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
    while len(shape) > 3 and 1 in shape:
        at = len(shape) - 1 - shape[::-1].index(1)  # the last: channels more often than time
        shape = shape[:at] + shape[at + 1 :]
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
