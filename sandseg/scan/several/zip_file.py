"""The slices of a ZIP: what no honest ZIP holds is refused, nothing is written to disk."""

import io
import re
import stat
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import BinaryIO

from sandseg.errors import FILE, StackError
from sandseg.scan.damage import reading
from sandseg.scan.limits import StackLimits, check_count, check_total
from sandseg.scan.raw.layout import is_raw
from sandseg.scan.several.slice_files import (
    SLICES,
    SliceFile,
    Slices,
    is_slice,
    natural_key,
    of_one_kind,
)
from sandseg.scan.source import Source, open_source

_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar", ".tgz")
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MAX_RATIO = 1100  # Deflate reaches 1032
_ENTRY_BYTES = 2**10  # of the list of contents, for each file; long names included
_ZIP_AGAIN = "Zip the slices again: one folder of slices, without a password."


def slices_in_zip(source: Source, limits: StackLimits) -> Slices:
    """Return the slices of a ZIP; each is unpacked in memory when it is fetched.

    Raises:
        StackError: It is damaged, encrypted or malicious, or holds no slices of one folder.
    """
    handle, close = open_source(source)
    try:
        with _unzipping():
            unread = _Unread(handle, limits)
            archive = zipfile.ZipFile(unread)
            unread.is_read = True
        entries, notes = _slices_inside(archive.infolist(), limits)
        _check_sizes(entries, handle.seek(0, io.SEEK_END), limits)
    except BaseException:
        close()
        raise
    lock = threading.Lock()
    files = [
        SliceFile(entry.filename, entry.file_size, _unpacker(archive, entry, lock))
        for entry in entries
    ]
    return Slices(tuple(files), tuple(notes), close)


@contextmanager
def _unzipping() -> Iterator[None]:
    try:
        with reading():
            yield
    except (zipfile.BadZipFile, zlib.error) as error:
        raise StackError(
            f'"{FILE}" cannot be unpacked: the ZIP is damaged ({error}).', hint=_ZIP_AGAIN
        ) from error


class _Unread:
    """A ZIP whose list of contents is looked at before `zipfile` makes objects of all in it.

    What the end of the file says of the list, in one of several places, is not to be believed.
    """

    def __init__(self, handle: BinaryIO, limits: StackLimits):
        self._handle, self._limits = handle, limits
        self.is_read = False

    def read(self, n_bytes: int = -1) -> bytes:
        most = 2 * self._limits.max_slices + 100  # each may have a shadow of the Mac's
        if not self.is_read and n_bytes > _ENTRY_BYTES * most:
            raise self._too_many()
        found = self._handle.read(n_bytes)
        if not self.is_read and found.count(b"PK\1\2") > most:
            raise self._too_many()
        return found

    def __getattr__(self, name: str) -> object:
        return getattr(self._handle, name)

    def _too_many(self) -> StackError:
        return StackError(
            f'"{FILE}" lists more files than the {self._limits.max_slices:,} slices that can be '
            "opened.",
            hint=_ZIP_AGAIN,
        )


def _slices_inside(
    entries: list[zipfile.ZipInfo], limits: StackLimits
) -> tuple[list[zipfile.ZipInfo], list[str]]:
    """Return the files that are slices, in order, after refusing what no honest ZIP holds."""
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        _check_entry(entry, path)
        is_hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
        if entry.is_dir() or is_hidden or not is_slice(path.name):
            continue
        if str(path) in found:
            raise StackError(f'"{FILE}" holds "{path}" twice.', hint=_ZIP_AGAIN)
        found[str(path)] = entry
    check_count(len(found), limits)
    folders = sorted({str(PurePosixPath(path).parent) for path in found})
    if not found:
        hint = _ZIP_AGAIN
        if any(is_raw(entry.filename) for entry in entries):
            hint = "Unpack it, and choose the voxels alone or with their header, both at once."
        raise StackError(f'"{FILE}" is a ZIP archive without {SLICES} in it.', hint=hint)
    if len(folders) > 1:
        raise StackError(
            f'"{FILE}" holds slices in {len(folders)} folders: "{folders[0]}", "{folders[1]}"'
            f"{' …' * (len(folders) > 2)}.",
            hint="Zip the slices of one folder only.",
        )
    kept, notes = of_one_kind(found)
    n_others = sum(not entry.is_dir() for entry in entries) - len(found)
    notes += [f"{n_others} other file{'s' * (n_others > 1)} in the ZIP left out."] * (n_others > 0)
    return [found[path] for path in sorted(kept, key=natural_key)], notes


def _check_entry(entry: zipfile.ZipInfo, path: PurePosixPath) -> None:
    mode = entry.external_attr >> 16
    reason = ""
    if not entry.filename:
        reason = "a file without a name"
    elif path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", str(path)):
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
        raise StackError(f'"{shown}" in "{FILE}" is {reason}.', hint=_ZIP_AGAIN)


def _check_sizes(entries: list[zipfile.ZipInfo], file_size: int, limits: StackLimits) -> None:
    check_total(sum(entry.file_size for entry in entries), limits)
    if sum(entry.compress_size for entry in entries) > file_size:
        raise StackError(
            f'The files in "{FILE}" overlap, so it is damaged or malicious.', hint=_ZIP_AGAIN
        )


def _unpacker(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, lock: threading.Lock
) -> Callable[[], bytes]:
    def unpack() -> bytes:
        with lock, _unzipping():
            return archive.read(entry)

    return unpack
