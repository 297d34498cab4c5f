"""Whether a PNG is whole, and what its pixels are, told from its chunks."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from sandseg.errors import FILE, StackError

START = b"\x89PNG\r\n\x1a\n"
_AROUND = 12  # bytes of a chunk's length, name and sum
_GREY_WITH_ALPHA = 4


def png_kind(handle: BinaryIO, size: int) -> tuple[int, bool] | None:
    """Return the bits of each number of a pixel and whether that is grey with alpha.

    Args:
        handle: At the start of a file; None is returned where that is no PNG.
        size: Of the file in bytes.

    Raises:
        StackError: It is cut off.
    """
    if handle.read(len(START)) != START:
        return None
    header = b""
    for name, start, length in _chunks(handle, size):
        if name == b"IHDR":
            handle.seek(start)
            header = handle.read(length)
    if len(header) < 13:
        raise ValueError("it has no header")
    return header[8], header[9] == _GREY_WITH_ALPHA


def _chunks(handle: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and length of what is in each chunk."""
    at = len(START)
    while at + _AROUND <= size:
        handle.seek(at)
        length, name = int.from_bytes(handle.read(4), "big"), handle.read(4)
        if at + _AROUND + length > size:
            break
        yield name, at + 8, length
        if name == b"IEND":
            return
        at += _AROUND + length
    raise StackError(
        f'"{FILE}" is cut off: the PNG has no end.',
        hint="Copy or export the file again; the end is missing.",
    )


def check_sums(data: bytes) -> None:
    """Check that the pixels of a PNG are those that were written: decoders forgive too much.

    Raises:
        StackError: They are not.
    """
    at, view = len(START), memoryview(data)
    while at + _AROUND <= len(data):
        length = int.from_bytes(view[at : at + 4], "big")
        end = at + 8 + length
        name = bytes(view[at + 4 : at + 8])
        is_needed = name[:1].isupper()
        if is_needed and zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4]):
            raise StackError(
                f'"{FILE}" is damaged: a part of the PNG is not what was written.',
                hint="Copy or export the file again.",
            )
        if name == b"IEND":
            return
        at = end + 4
