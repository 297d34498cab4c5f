"""Voxels that a header describes, inside it or in a file beside it, as a stack."""

import bz2
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from sandseg.errors import FILE, StackError, named
from sandseg.scan.choices import Selection, pick
from sandseg.scan.damage import EXPORT_AGAIN, reading
from sandseg.scan.limits import StackLimits, check_memory, check_size
from sandseg.scan.raw.header import AT_END, LONGEST, Header
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.raw.meta_image import read_meta_image
from sandseg.scan.raw.nrrd import read_nrrd
from sandseg.scan.raw.vgi import read_vgi
from sandseg.scan.raw.voxels import open_voxels, stack_in_memory
from sandseg.scan.source import Source, first_bytes, open_source
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.check import check_declared
from sandseg.scan.tiff.voxels import if_plausible

_READERS = {
    ".mhd": read_meta_image,
    ".mha": read_meta_image,
    ".nhdr": read_nrrd,
    ".nrrd": read_nrrd,
    ".vgi": read_vgi,
}
HEADER_SUFFIXES = tuple(_READERS)
_BLOCK = 2**20  # bytes
_Reader = Callable[[bytes], Header]


def is_header(source: Source, name: str) -> bool:
    """Tell whether a file is a header, by its bytes or its name."""
    return _reader(first_bytes(source), name) is not None


def _reader(start: bytes, name: str) -> _Reader | None:
    if start.startswith(b"NRRD000"):
        return read_nrrd
    if start.startswith((b"ObjectType", b"NDims")):
        return read_meta_image
    if start.lstrip().startswith(b"{volume"):
        return read_vgi
    is_text = b"\0" not in start[:32] and not start.startswith((b"II*", b"MM\0*"))
    ending = re.search(r"\.\w+$", name.lower())
    return _READERS.get(ending[0]) if ending and is_text else None


def open_described(
    header: tuple[str, Source],
    beside: Sequence[tuple[str, Source]] | None,
    limits: StackLimits,
    selection: Selection,
) -> Stack:
    """Open the voxels that a header describes.

    Args:
        header: Its name and what it is read from.
        beside: Files that came with it, with their names; None for those in its folder.
        limits: The largest stack to accept.
        selection: What is wanted; such a file offers no choice.

    Raises:
        StackError: The voxels are not there, of another size than described, or of a rare kind.
    """
    name, source = header
    with named(name):
        for kind in ("series", "channel", "time"):
            pick(kind, getattr(selection, kind), ())
        found = _understood(source, name)
        check_size(found.shape, found.dtype.itemsize, limits)
        voxels = _find_voxels(found, source, beside) if found.file else source
        stack = _stack(found, voxels, limits)
    voxel_size_um, aspect, notes = if_plausible(*found.voxels)
    n_others = len(beside or ()) - 1 - bool(found.file)
    left_out = [f"{n_others} other file{'s' * (n_others > 1)} left out."] * (n_others > 0)
    return Stack(
        FILE,
        stack.shape,
        stack.dtype,
        stack.reader,
        voxel_size_um,
        compression=found.packing or "none",
        notes=(_what(found, name), *found.notes, *notes, *left_out),
        aspect=aspect,
    )


def _what(found: Header, name: str) -> str:
    where = f' in "{plain_name(found.file)}"' if found.file else ""
    shape = " × ".join(map(str, found.shape))
    return f"{found.kind}: {shape} voxels of {found.dtype.name}{where}, as {name} says."


def _understood(source: Source, name: str) -> Header:
    handle, close = open_source(source)
    try:
        handle.seek(0)
        start = handle.read(LONGEST)
    finally:
        close()
    with reading():
        return (_reader(start, name) or _READERS[Path(name).suffix.lower()])(start)


def plain_name(file: str) -> str:
    """Return the name of a file without the folders that a header may put before it."""
    return re.split(r"[/\\]", file.strip().strip('"'))[-1]


def _find_voxels(
    found: Header, source: Source, beside: Sequence[tuple[str, Source]] | None
) -> Source:
    """Return the file that a header names; it looks at nothing but its neighbours."""
    name = plain_name(found.file)
    if beside is None and isinstance(source, str | Path):
        folder = Path(source).absolute().parent
        beside = [(path.name, path) for path in folder.iterdir() if path.is_file()]
    files = dict(beside or ())
    by_name = {called.casefold(): file for called, file in files.items()}
    voxels = files.get(name, by_name.get(name.casefold()))
    if not name or voxels is None:
        raise StackError(
            f'"{FILE}" is a header alone: its voxels are in "{name}", which is not there.',
            hint=f'Choose both files at once, "{FILE}" and "{name}"; on the command line they lie '
            "in one folder.",
        )
    return voxels


def _stack(found: Header, voxels: Source, limits: StackLimits) -> Stack:
    handle, close = open_source(voxels)
    try:
        size = handle.seek(0, io.SEEK_END)
        layout = RawFormat(found.shape, found.dtype)
        check_declared(layout.n_bytes, size, limits)
        start = _after_lines(handle, found.n_lines)
        if found.packing:
            start += 0 if found.file else found.n_bytes
            handle.seek(start)
            skipped = found.n_bytes if found.file else 0
            with reading():
                data = _unpacked(handle, found.packing, skipped, layout.n_bytes)
            return stack_in_memory(data, layout)
        n_bytes = start + found.n_bytes
        if found.n_bytes == AT_END:
            n_bytes = max(size - layout.n_bytes, 0)
        _check_size(found, size - n_bytes, layout.n_bytes)
    finally:
        close()
    return open_voxels(voxels, RawFormat(found.shape, found.dtype, n_bytes), limits)


def _check_size(found: Header, n_there: int, n_needed: int) -> None:
    """Voxels that begin elsewhere than was said would be shifted: they must end with the file."""
    if n_there < n_needed or (found.file and n_there > n_needed):
        more = f"{abs(n_there - n_needed):,} {'fewer' if n_there < n_needed else 'more'}"
        where = f'"{plain_name(found.file)}"' if found.file else "the file"
        option = RawFormat(found.shape, found.dtype)
        raise StackError(
            f'"{FILE}" describes voxels of {n_needed:,} bytes, but {where} has {more} for them.',
            hint="Copy or export both files again. Where the voxels are whole and their place is "
            f"known, give them on the command line with --raw {option},HEADER BYTES.",
        )


def _after_lines(handle: BinaryIO, n_lines: int) -> int:
    """Return where the line behind so many begins."""
    handle.seek(0)
    for _ in range(n_lines):
        if not handle.readline(LONGEST).endswith(b"\n"):
            raise StackError(
                f'"{FILE}" says that {n_lines} lines come before its voxels; they are not there.',
                hint=EXPORT_AGAIN,
            )
    return handle.tell()


def _unpacked(handle: BinaryIO, packing: str, n_skipped: int, n_bytes: int) -> np.ndarray:
    """Unpack so many bytes and no more: a small file may hold terabytes."""
    check_memory(n_bytes + 4 * _BLOCK, "unpack")
    n_wanted = n_skipped + n_bytes
    data, n_done = np.empty(n_wanted, np.uint8), 0
    try:
        for part in _parts(handle, packing):
            if n_done + len(part) > n_wanted:
                raise _other_size(n_bytes, "more")
            data[n_done : n_done + len(part)] = np.frombuffer(part, np.uint8)
            n_done += len(part)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    except EOFError:
        n_done = 0
    if n_done < n_wanted:
        raise _other_size(n_bytes, "fewer")
    return data[n_skipped:]


def _parts(handle: BinaryIO, packing: str) -> Iterator[bytes]:
    """Yield what is unpacked, piece by piece."""
    start = handle.tell()
    is_gzip = handle.read(2) == b"\x1f\x8b"
    handle.seek(start)
    if packing == "bzip2" or is_gzip:
        stream = bz2.BZ2File(handle) if packing == "bzip2" else gzip.GzipFile(fileobj=handle)
        yield from iter(lambda: stream.read(_BLOCK), b"")
        return
    unpacker = zlib.decompressobj()
    while not unpacker.eof and (block := handle.read(_BLOCK)):
        while block and not unpacker.eof:
            yield unpacker.decompress(block, _BLOCK)
            block = unpacker.unconsumed_tail
    yield unpacker.flush()


def _other_size(n_bytes: int, how: str) -> StackError:
    return StackError(
        f'"{FILE}" describes voxels of {n_bytes:,} bytes, but {how} are unpacked.',
        hint="Copy or export it again; it is damaged or cut off.",
    )
