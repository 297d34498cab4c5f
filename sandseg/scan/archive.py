"""One stack from many files: a list, a folder or a ZIP of slices, in the order of their numbers."""

import io
import re
import stat
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from sandseg.errors import StackError
from sandseg.scan.choices import ANY, Selection
from sandseg.scan.limits import StackLimits, check_count, check_memory, check_size, check_total
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.check import reading
from sandseg.scan.tiff.file import Source, open_source, open_tiff

SLICE_SUFFIXES = (".tif", ".tiff")
_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar", ".tgz")
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MAX_RATIO = 1100  # Deflate reaches 1032
_ENTRY_BYTES = 2**10  # of the list of contents, for each file; long names included
_ZIP_AGAIN = "Zip the slices again: one folder of TIFFs, without a password."


@dataclass(frozen=True)
class _Piece:
    """A file that holds one slice."""

    name: str
    n_bytes: int
    open: Callable[[], Source]


def natural_key(name: str) -> list:
    """Return what to sort names by so that "slice10" comes after "slice9"."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if i % 2 else (0, part) for i, part in enumerate(parts)]


def open_folder(folder: Path, name: str, limits: StackLimits, selection: Selection = ANY) -> Stack:
    """Open the TIFF slices of a folder, not of folders in it, as one stack.

    Raises:
        StackError: There is none, or they do not make up a stack.
    """
    paths = [path for path in folder.iterdir() if path.suffix.lower() in SLICE_SUFFIXES]
    paths = [path for path in paths if not path.name.startswith(".")]
    if not paths:
        raise StackError(
            f'"{folder}" is a folder without TIFF slices.',
            hint="Name a TIFF, or a folder with .tif or .tiff files in it.",
        )
    files = [(path.name, path) for path in paths]
    return open_files(files, name or folder.name, limits, selection)


def open_files(
    files: Sequence[tuple[str, Path]], name: str, limits: StackLimits, selection: Selection = ANY
) -> Stack:
    """Open TIFFs as one stack, a slice each, in the order of the numbers in their names.

    Args:
        files: The name of each file and where it is.
        name: What to call the stack in messages.
        limits: The largest stack to accept.
        selection: What is wanted of each file.

    Raises:
        StackError: One cannot be read, holds several slices, or differs from the others.
    """
    if not files:
        raise StackError("No file was chosen.", hint="Choose one file, or a slice in each.")
    ordered = sorted(files, key=lambda file: natural_key(file[0]))
    pieces = [_Piece(called, _file_size(path), lambda path=path: path) for called, path in ordered]
    name = name or (files[0][0] if len(files) == 1 else f"{len(files)} files")
    return _stack_of(pieces, name, limits, selection)


def _file_size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def open_zip(source: Source, name: str, limits: StackLimits, selection: Selection = ANY) -> Stack:
    """Open the TIFF slices of a ZIP as one stack; each is unpacked in memory when it is read.

    Raises:
        StackError: It is damaged, encrypted or malicious, or its files do not make up a stack.
    """
    handle, is_own, found_name = open_source(source)
    name = name or found_name
    try:
        with _unzipping(name):
            _check_contents_list(handle, name, limits)
            archive = zipfile.ZipFile(handle)
        entries = _slices_inside(archive.infolist(), name, limits)
        _check_sizes(entries, handle.seek(0, io.SEEK_END), name, limits)
        lock = threading.Lock()
        pieces = [
            _Piece(entry.filename, entry.file_size, _unpacker(archive, entry, lock, name))
            for entry in entries
        ]
        stack = _stack_of(pieces, name, limits, selection)
    except BaseException:
        if is_own:
            handle.close()
        raise
    n_others = sum(not entry.is_dir() for entry in archive.infolist()) - len(entries)
    if n_others:
        stack.notes += (f"{n_others} other file{'s' * (n_others > 1)} in the ZIP left out.",)
    stack.on_close(handle.close if is_own else lambda: None)
    return stack


@contextmanager
def _unzipping(name: str) -> Iterator[None]:
    try:
        with reading(name):
            yield
    except (zipfile.BadZipFile, zlib.error) as error:
        raise StackError(
            f'"{name}" cannot be unpacked: the ZIP is damaged ({error}).', hint=_ZIP_AGAIN
        ) from error


def _check_contents_list(handle: BinaryIO, name: str, limits: StackLimits) -> None:
    """A list of contents of many million files would fill the memory when it is read."""
    size = handle.seek(0, io.SEEK_END)
    start = max(0, size - 2**16 - 22)
    handle.seek(start)
    tail = handle.read()
    at = tail.rfind(b"PK\x05\x06")
    n_bytes = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if n_bytes == 2**32 - 1:  # a ZIP64 has it elsewhere; what lies before the end bounds it
        big = tail.rfind(b"PK\x06\x06")
        n_bytes = int.from_bytes(tail[big + 40 : big + 48], "little") if big >= 0 else size
    if n_bytes > _ENTRY_BYTES * (limits.max_slices + 100):
        raise StackError(
            f'"{name}" lists more files than the {limits.max_slices:,} slices that can be opened.',
            hint=_ZIP_AGAIN,
        )


def _slices_inside(
    entries: list[zipfile.ZipInfo], name: str, limits: StackLimits
) -> list[zipfile.ZipInfo]:
    """Return the files that are slices, in order, after refusing what no honest ZIP holds."""
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        _check_entry(entry, path, name)
        is_hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
        if entry.is_dir() or is_hidden or path.suffix.lower() not in SLICE_SUFFIXES:
            continue
        if str(path) in found:
            raise StackError(f'"{name}" holds "{path}" twice.', hint=_ZIP_AGAIN)
        found[str(path)] = entry
    check_count(len(found), name, limits)
    folders = sorted({str(PurePosixPath(path).parent) for path in found})
    if not found:
        raise StackError(f'"{name}" is a ZIP archive without TIFF slices in it.', hint=_ZIP_AGAIN)
    if len(folders) > 1:
        raise StackError(
            f'"{name}" holds TIFFs in {len(folders)} folders: "{folders[0]}", "{folders[1]}"'
            f"{' …' * (len(folders) > 2)}.",
            hint="Zip the slices of one folder only.",
        )
    return [found[path] for path in sorted(found, key=natural_key)]


def _check_entry(entry: zipfile.ZipInfo, path: PurePosixPath, name: str) -> None:
    mode = entry.external_attr >> 16
    reason = ""
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", str(path)):
        reason = "a name that leads out of the archive"
    elif stat.S_ISLNK(mode):
        reason = "a link, not a file"
    elif entry.flag_bits & _ENCRYPTED:
        reason = "encrypted"
    elif path.suffix.lower() in _ARCHIVES:
        reason = "an archive inside the archive"
    elif entry.compress_type not in _METHODS:
        reason = "packed in a rare way"
    elif entry.file_size > _MAX_RATIO * max(entry.compress_size, 1) + 2**10:
        reason = "said to be larger than anything that could be packed into it"
    if reason:
        shown = entry.filename[:80]
        raise StackError(f'"{shown}" in "{name}" is {reason}.', hint=_ZIP_AGAIN)


def _check_sizes(
    entries: list[zipfile.ZipInfo], file_size: int, name: str, limits: StackLimits
) -> None:
    check_total(sum(entry.file_size for entry in entries), name, limits)
    if sum(entry.compress_size for entry in entries) > file_size:
        raise StackError(
            f'The files in "{name}" overlap, so it is damaged or malicious.', hint=_ZIP_AGAIN
        )


def _unpacker(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, lock: threading.Lock, name: str
) -> Callable[[], bytes]:
    def unpack() -> bytes:
        with lock, _unzipping(name):
            return archive.read(entry)

    return unpack


def _stack_of(pieces: list[_Piece], name: str, limits: StackLimits, selection: Selection) -> Stack:
    """Make one stack of pieces that each hold a slice; a single piece may be a whole stack."""
    check_count(len(pieces), name, limits)
    check_memory(3 * max(piece.n_bytes for piece in pieces), name)
    first = open_tiff(pieces[0].open(), pieces[0].name, limits, selection)
    if len(pieces) == 1:
        first.name = name
        return first
    first.close()
    for number, piece in enumerate(pieces, start=1):
        with open_tiff(piece.open(), piece.name, limits, selection) as stack:
            _check_piece(stack, first, number, name)
    shape = (len(pieces), *first.shape[1:])
    check_size(shape, first.dtype.itemsize, name, limits)

    def read(z: int) -> np.ndarray:
        with open_tiff(pieces[z].open(), pieces[z].name, limits, selection) as stack:
            _check_piece(stack, first, z + 1, name)
            return stack.read_slice(0)

    stack = Stack(name, shape, first.dtype, read, first.voxel_size_um)
    stack.compression, stack.choices = first.compression, first.choices
    stack.notes = (f"{len(pieces)} files, from {pieces[0].name} to {pieces[-1].name}.",)
    stack.notes += first.notes
    return stack


def _check_piece(stack: Stack, first: Stack, number: int, name: str) -> None:
    if stack.n_slices > 1:
        raise StackError(
            f'"{stack.name}" of "{name}" holds {stack.n_slices} slices, not one.',
            hint="Open a file of several slices by itself, or save each slice as a file.",
        )
    if stack.shape != first.shape or stack.dtype != first.dtype:
        facts = [f"{s.shape[1]} × {s.shape[2]} pixels of {s.dtype}" for s in (stack, first)]
        raise StackError(
            f'"{stack.name}", file {number} of "{name}", is {facts[0]}, '
            f'but "{first.name}" is {facts[1]}.',
            hint="Leave the odd file out, or give all slices one size and type.",
        )
