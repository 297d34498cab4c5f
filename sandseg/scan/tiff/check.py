"""Is a TIFF whole and of sane size? Looked at before a single pixel is decoded."""

import logging
import struct
from math import ceil
from typing import BinaryIO

import numpy as np
from tifffile import COMPRESSION, SAMPLEFORMAT, TiffPage
from tifffile.tifffile import jpeg_shape

from sandseg.errors import FILE, StackError
from sandseg.scan.damage import EXPORT_AGAIN
from sandseg.scan.limits import StackLimits, check_size, check_total, raise_hint, size_text

# tifffile reports what it stumbles over as log lines too; without this they reach stderr.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_DAMAGED = "so it is damaged or malicious."
_RATIO_FLOOR = 256 * 2**20  # bytes; a smaller stack is harmless however well it compresses
_HARMLESS_PIXELS = 2**14  # small pieces may be larger than their page
_JPEG = {7, 33007, 34892}
_JPEG2000, _PNG, _WEBP = {33003, 33004, 33005, 34712}, {34933}, {34927, 50001}
_SELF_SIZED = _JPEG | _JPEG2000 | _PNG | _WEBP
# Codecs whose output cannot outgrow what the page declares, and those that say in their header how
# large it will be.
_CODECS = {1, 2, 3, 4, 5, 8, 32773, 32946, 34925, 34926, 50000} | _SELF_SIZED
# These decide themselves how much memory they fill: JPEG XR, JPEG XL, LERC, PixTIFF.
_FREE_CODECS = {22610, 34934, 50002, 52546, 34887, 50013}

_OTHER_FILES = (
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\xd0\xcf\x11\xe0", "a Zeiss TXM/TXRM or old Office file"),
)


def page_offsets(handle: BinaryIO, file_size: int, limits: StackLimits) -> list[int]:
    """Follow the chain of pages (IFDs) from the header to its end.

    tifffile drops what lies beyond a break in the chain and may run round a circle without end,
    so the chain is walked here first.

    Raises:
        StackError: The file is no TIFF, empty, cut off, circular, or has too many pages.
    """
    handle.seek(0)
    header = handle.read(16)
    order, is_big = _check_magic(header)
    n_entries, offset_format = (order + "Q", order + "Q") if is_big else (order + "H", order + "I")
    entry_size = 20 if is_big else 12
    offset = _unpack(offset_format, header[8:] if is_big else header[4:])
    offsets: dict[int, None] = {}
    while offset:
        if offset in offsets:
            raise StackError(
                f'The pages of "{FILE}" form a circle (page {len(offsets)} leads back to page '
                f"{list(offsets).index(offset) + 1}), {_DAMAGED}",
                hint=EXPORT_AGAIN,
            )
        if offset >= file_size:
            missing = f"page {len(offsets) + 1} should begin at byte {offset:,}"
            raise _cut_off(missing, file_size)
        offsets[offset] = None
        if len(offsets) > limits.max_slices:
            raise StackError(
                f'"{FILE}" has more than {limits.max_slices:,} pages.',
                hint=raise_hint("Split the stack into files of fewer slices.", "max_slices"),
            )
        handle.seek(offset)
        count = _unpack(n_entries, handle.read(struct.calcsize(n_entries)))
        handle.seek(offset + struct.calcsize(n_entries) + count * entry_size)
        offset = _unpack(offset_format, handle.read(struct.calcsize(offset_format)))
    if not offsets:
        raise StackError(f'"{FILE}" is a TIFF without any image.', hint=EXPORT_AGAIN)
    return list(offsets)


def _check_magic(header: bytes) -> tuple[str, bool]:
    """Return the byte order and whether it is a BigTIFF."""
    if not header:
        raise StackError(
            f'"{FILE}" is empty (0 bytes).', hint="Copy or export the file again, then choose it."
        )
    order = {b"II": "<", b"MM": ">"}.get(header[:2])
    version = struct.unpack(order + "H", header[2:4])[0] if order and len(header) >= 4 else 0
    if version in (42, 43):
        return order, version == 43
    kind = next((kind for magic, kind in _OTHER_FILES if header.startswith(magic)), "another file")
    raise StackError(
        f'"{FILE}" is {kind}, not a TIFF.',
        hint="Export the slices as grey TIFF (.tif) from the scanner's software or ImageJ.",
    )


def _unpack(number_format: str, data: bytes) -> int:
    n_bytes = struct.calcsize(number_format)
    if len(data) < n_bytes:
        raise StackError(
            f'"{FILE}" is cut off: it ends in the middle of its list of pages.',
            hint="Copy or export the file again; the end is missing.",
        )
    return struct.unpack(number_format, data[:n_bytes])[0]


def _cut_off(what: str, file_size: int) -> StackError:
    return StackError(
        f'"{FILE}" is cut off: {what}, but the file ends after {file_size:,} bytes.',
        hint="Copy or export the file again; the end is missing.",
    )


def check_page(page: TiffPage, index: int, limits: StackLimits) -> None:
    """Check what one page declares against what can be, and against the file.

    Raises:
        StackError: No pixels, too many, of a kind that cannot be read, or lying outside the file.
    """
    lengths = (page.imagedepth, page.imagelength, page.imagewidth, page.samplesperpixel)
    if not all(isinstance(length, int) and length > 0 for length in lengths):
        raise StackError(
            f'Page {index + 1} of "{FILE}" has no pixels ({page.imagelength} × {page.imagewidth}).',
            hint=EXPORT_AGAIN,
        )
    _check_kind(page, index, limits)
    check_declared(page_bytes(page), page.parent.filehandle.size, limits)
    # A compressed page is decoded as a whole, however many slices deep it is.
    depth = 1 if page.is_final else page.imagedepth
    check_size((1, depth * page.imagelength, page.imagewidth), 1, limits)
    _check_segments(page, index)


def page_bytes(page: TiffPage) -> int:
    """Return the size of a page after decoding."""
    lengths = (page.imagedepth, page.imagelength, page.imagewidth, page.samplesperpixel)
    return int(np.prod([int(n) for n in lengths], dtype=object)) * page.dtype.itemsize


def check_declared(declared: int, file_size: int, limits: StackLimits) -> None:
    """Check the decoded size of a stack against the limits.

    Raises:
        StackError: More than the file could hold by any honest compression, or than allowed.
    """
    if declared > max(_RATIO_FLOOR, limits.max_ratio * file_size):
        raise StackError(
            f'"{FILE}" declares {size_text(declared)} in a file of {size_text(file_size)}, '
            f"{_DAMAGED}",
            hint=EXPORT_AGAIN,
        )
    check_total(declared, limits)


def _check_kind(page: TiffPage, index: int, limits: StackLimits) -> None:
    if page.dtype is None:
        raise StackError(
            f'Page {index + 1} of "{FILE}" stores pixels in an unknown form '
            f"({page.bitspersample} bits, sample format {page.sampleformat}).",
            hint="Save it as 8- or 16-bit grey TIFF.",
        )
    is_complex = page.sampleformat in (SAMPLEFORMAT.COMPLEXINT, SAMPLEFORMAT.COMPLEXIEEEFP)
    if is_complex or page.dtype.kind == "c":
        raise StackError(
            f'"{FILE}" holds complex numbers, not grey values.',
            hint="Save the magnitude as 16-bit or 32-bit grey TIFF.",
        )
    trusted = _CODECS | (_FREE_CODECS if limits.trusts_codecs else set())
    if page.compression not in trusted:
        known = {int(c): c.name for c in COMPRESSION}
        raise StackError(
            f'"{FILE}" is compressed with {known.get(page.compression, page.compression)}, '
            "which is not supported.",
            hint="Save it uncompressed, or with LZW or Deflate compression.",
        )


def _check_segments(page: TiffPage, index: int) -> None:
    """Every strip or tile is there and lies inside the file."""
    file_size = page.parent.filehandle.size
    offsets, counts = page.dataoffsets, page.databytecounts
    if page.is_contiguous:  # read in one go from the first offset, whatever the counts say
        counts = (page_bytes(page),)
        offsets = offsets[:1]
    n_expected = 1 if page.is_contiguous else _n_segments(page)
    offsets, counts = offsets[:n_expected], counts[:n_expected]
    if min(len(offsets), len(counts)) < n_expected or 0 in offsets or 0 in counts:
        raise StackError(
            f'Page {index + 1} of "{FILE}" lacks some of its {n_expected} pieces, {_DAMAGED}',
            hint=EXPORT_AGAIN,
        )
    end = max(offset + count for offset, count in zip(offsets, counts, strict=False))
    if end > file_size:
        raise _cut_off(f"page {index + 1} reaches to byte {end:,}", file_size)
    if page.compression in _SELF_SIZED:
        _check_pieces(page)


def _n_segments(page: TiffPage) -> int:
    # Of planes that are no colors only those asked for are read, and others may be left out.
    n_planes = page.samplesperpixel if page.planarconfig == 2 and page.photometric == 2 else 1
    if page.is_tiled:
        down = ceil(page.imagelength / page.tilelength) * ceil(page.imagedepth / page.tiledepth)
        return n_planes * down * ceil(page.imagewidth / page.tilewidth)
    return n_planes * page.imagedepth * ceil(page.imagelength / page.rowsperstrip)


def _check_pieces(page: TiffPage) -> None:
    """A JPEG and its like say their own size, and the decoder believes it rather than the page."""
    allowed = max(page.imagelength, page.tilelength) * max(page.imagewidth, page.tilewidth)
    handle = page.parent.filehandle
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        handle.seek(offset)
        height, width = _piece_shape(handle.read(count), page.compression)
        if height * width > 4 * max(allowed, _HARMLESS_PIXELS):
            kind = COMPRESSION(page.compression).name.removeprefix("ALT_").replace("_", " ")
            raise StackError(
                f'A {kind} piece of "{FILE}" has {height:,} × {width:,} pixels, far more than '
                f"its page, {_DAMAGED}",
                hint=EXPORT_AGAIN,
            )


def _piece_shape(data: bytes, compression: int) -> tuple[int, int]:
    """Return the height and width that a piece says it has."""
    if compression in _PNG:
        width, height = struct.unpack(">II", data[16:24])
    elif compression in _JPEG2000:
        start = data.index(b"\xff\x4f\xff\x51") + 8  # the codestream's SIZ marker
        width, height = struct.unpack(">II", data[start : start + 8])
        (n_channels,) = struct.unpack(">H", data[start + 32 : start + 34])
        width *= max(1, n_channels // 4)  # up to 16,384 channels, each as large as the picture
    elif compression in _WEBP:
        height, width = _webp_shape(data)
    else:
        _, height, width, _ = jpeg_shape(data)
    return height, width


def _webp_shape(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return height & 0x3FFF, width & 0x3FFF
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    width, height = data[24:27], data[27:30]  # VP8X
    return int.from_bytes(height, "little") + 1, int.from_bytes(width, "little") + 1
