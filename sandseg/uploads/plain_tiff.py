"""Is a kept stack the very kind of file that the decoder writes? Told without decoding anything.

A decoder that a hostile file has taken over may write anything. What this process reads of it
afterwards are bare numbers at known places.
"""

import os
import re
import stat
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

_HEAD, _PAGE = 2**10, 2**10  # bytes of a file beside its pixels, and for each of its pages
_MOST_TAGS, _LONGEST_TEXT = 20, 256  # of a page; bytes
_FORMATS = {3: "H", 4: "I", 16: "Q"}  # of the types of numbers
_ASCII, _RATIONAL = 2, 5
_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSET, _SAMPLES, _ROWS, _N_BYTES, _UNIT, _SAMPLE_FORMAT = 273, 277, 278, 279, 296, 339
_SHAPE_OF_PIXELS = (282, 283)
_TEXTS = {  # what may be in an ImageDescription, and as Software
    270: re.compile(rb"ImageJ=[\w.]+\nunit=[\w ]+\nspacing=[\d.e+-]+\nloop=false\n?\0+"),
    305: re.compile(rb"tifffile\.py\0+"),
}
_MINISBLACK, _NO_UNIT = 1, 1
_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}
_FLAGS = os.O_RDONLY
for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # not each system has them all
    _FLAGS |= getattr(os, name, 0)


def check_plain(path: Path, shape: tuple[int, int, int], dtype: np.dtype) -> None:
    """Check a file against what the decoder says that it wrote.

    Args:
        path: The file. Links are not followed.
        shape: Of the stack, (Z, Y, X).
        dtype: Of its pixels.

    Raises:
        ValueError: It is no plain file of its own, or not of that form: pages of bare pixels.
        OSError: It cannot be read.
    """
    descriptor = os.open(path, _FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
        beside = facts.st_size - n_bytes
        if not stat.S_ISREG(facts.st_mode) or path.is_symlink() or facts.st_nlink > 1:
            raise ValueError("no file of its own")
        if not 0 < beside <= _HEAD + _PAGE * shape[0]:
            raise ValueError(f"{facts.st_size} bytes for {n_bytes} of pixels")
        _Pages(file, facts.st_size).check(shape, dtype)


class _Pages:
    """The chain of pages of a TIFF, classic or big."""

    def __init__(self, file: BinaryIO, size: int):
        self._file, self._size = file, size
        order, version = struct.unpack("<2sH", self._read(0, 4))
        if order not in (b"II", b"MM") or version not in (42, 43):
            raise ValueError("no TIFF")
        self._order, self._is_big = {b"II": "<", b"MM": ">"}[order], version == 43
        self._word = "Q" if self._is_big else "I"  # of an offset or a count

    def check(self, shape: tuple[int, int, int], dtype: np.dtype) -> None:
        """Check that there is a page for each slice, and its pixels behind those before."""
        n_slices, height, width = shape
        n_bytes = height * width * dtype.itemsize
        page, start = self._unpack(self._word, 8 if self._is_big else 4), 0
        for z in range(n_slices):
            found, page_after = self._entries(page)
            start = start or found.get(_OFFSET, 0)
            wanted = {
                _WIDTH: width,
                _LENGTH: height,
                _BITS: 8 * dtype.itemsize,
                _COMPRESSION: 1,
                _PHOTOMETRIC: _MINISBLACK,
                _OFFSET: start + z * n_bytes,
                _SAMPLES: 1,
                _ROWS: height,
                _N_BYTES: n_bytes,
                _UNIT: _NO_UNIT,
                _SAMPLE_FORMAT: _SAMPLE_FORMATS[dtype.kind],
            }
            if {_SAMPLE_FORMAT: 1} | found != wanted or not start:
                raise ValueError(f"page {z + 1} is {found}, not {wanted}")
            page = page_after
        if page or start + n_slices * n_bytes > self._size:
            raise ValueError("more pages than slices, or fewer pixels")

    def _entries(self, at: int) -> tuple[dict[int, int], int]:
        """Return the numbers of a page by their tags, and where the next page is."""
        count_format, entry = ("Q", "HHQ8s") if self._is_big else ("H", "HHI4s")
        n_entries = self._unpack(count_format, at)
        if n_entries > _MOST_TAGS:
            raise ValueError(f"{n_entries} tags")
        at += struct.calcsize(count_format)
        n_bytes = n_entries * struct.calcsize(self._order + entry)
        found = {}
        for tag, kind, count, value in struct.iter_unpack(
            self._order + entry, self._read(at, n_bytes)
        ):
            if tag in _TEXTS and kind == _ASCII:
                self._check_text(tag, count, value)
            elif tag in _SHAPE_OF_PIXELS and (kind, count) == (_RATIONAL, 1):
                if not self._is_big:  # else it stands in the entry itself
                    self._read(struct.unpack_from(self._order + "I", value)[0], 8)
            elif kind in _FORMATS and count == 1 and tag not in found:
                found[tag] = struct.unpack_from(self._order + _FORMATS[kind], value)[0]
            else:
                raise ValueError(f"tag {tag}")
        return found, self._unpack(self._word, at + n_bytes)

    def _check_text(self, tag: int, count: int, value: bytes) -> None:
        at = struct.unpack_from(self._order + self._word, value)[0]
        if count > _LONGEST_TEXT or not _TEXTS[tag].fullmatch(self._read(at, count)):
            raise ValueError(f"text of tag {tag}")

    def _unpack(self, number_format: str, at: int) -> int:
        n_bytes = struct.calcsize(number_format)
        return struct.unpack(self._order + number_format, self._read(at, n_bytes))[0]

    def _read(self, at: int, n_bytes: int) -> bytes:
        if at + n_bytes > self._size:
            raise ValueError("cut off")
        self._file.seek(at)
        return self._file.read(n_bytes)
