"""Any file of grey slices as a stack: which reader it needs, told from what is in it."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sandseg.errors import named
from sandseg.scan.arrays import open_npy
from sandseg.scan.choices import Selection
from sandseg.scan.foreign import N_START, refuse_foreign
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings
from sandseg.scan.several.slice_files import open_files, open_folder
from sandseg.scan.several.zip_file import open_zip
from sandseg.scan.source import Source, open_source, source_name
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.file import open_tiff
from sandseg.scan.zarr_folder import is_zarr, open_zarr

STACK_SUFFIXES = ("tif", "tiff", "zip", "npy")
_ZIP, _NPY = b"PK", b"\x93NUMPY"


def open_stack(
    source: Source | Sequence[Path] | Mapping[str, Path],
    name: str = "",
    limits: StackLimits | None = None,
    *,
    series: int | None = None,
    channel: int | None = None,
    time: int | None = None,
) -> Stack:
    """Open a stack without reading its pixels.

    Args:
        source: A path, the bytes of a file, or a binary file that can seek (an upload): a TIFF, a
            ZIP of numbered TIFF slices, or a NumPy array (.npy). A path may also be a folder of
            slices or a Zarr folder. Several paths are one stack, a slice each, in the order of the
            numbers in their names; where they are kept under other names, of their keys.
        name: What to call it in messages; the file's own name by default.
        limits: The largest stack to accept; by default, that of an upload.
        series: Which image of a file with several, counted from 0.
        channel: Which channel, counted from 0.
        time: Which time point, counted from 0.

    Raises:
        AmbiguousStackError: The file must be chosen from first; its `choices` say what there is.
        StackError: The file is missing, damaged, too large, in color, or of a rare kind.
    """
    limits = limits or from_settings(WEB_LIMITS)
    files = _with_names(source)
    if len(files) == 1:
        [(called, source)] = files
        with named(name or called):
            opener = _opener(source, name or called)
    else:
        called, source, opener = f"{len(files)} files", files, open_files
    name = name or called
    with named(name):
        stack = opener(source, limits, Selection(series, channel, time))
    # The file closes by itself once nobody reads it any more, also where nobody says so.
    weakref.finalize(stack.reader, stack.on_close).atexit = False
    return replace(stack, name=name)


def _opener(source: Source, name: str) -> Callable[[Source, StackLimits, Selection], Stack]:
    """Return what reads a file or a folder."""
    if _is_folder(source):
        return open_zarr if is_zarr(source) else open_folder
    start = _first_bytes(source)
    if start.startswith(_NPY):
        return open_npy
    refuse_foreign(source, name, start)
    return open_zip if start.startswith(_ZIP) else open_tiff


def is_tiff(source: Source | Sequence[Path] | Mapping[str, Path]) -> bool:
    """Tell whether `open_stack` would read this as a TIFF: one file, no archive and no array.

    Raises:
        StackError: There is no such file.
    """
    if isinstance(source, list | tuple | Mapping) or _is_folder(source):
        return False
    return not _first_bytes(source).startswith((_ZIP, _NPY))


def _is_folder(source: Source) -> bool:
    return isinstance(source, str | Path) and Path(source).is_dir()


def _with_names(source: Source | Sequence[Path] | Mapping[str, Path]) -> list[tuple[str, Source]]:
    if isinstance(source, Mapping):
        return [(name, Path(path)) for name, path in source.items()]
    files = source if isinstance(source, list | tuple) else [source]
    files = [Path(file) if isinstance(file, str) else file for file in files]
    return [(source_name(file), file) for file in files]


def _first_bytes(source: Source) -> bytes:
    handle, close = open_source(source)
    try:
        handle.seek(0)
        return handle.read(N_START)
    finally:
        close()
