"""Any file of grey slices as a stack: which reader it needs, told from what is in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sandseg.scan.archive import open_files, open_folder, open_zip
from sandseg.scan.arrays import open_npy
from sandseg.scan.choices import Selection
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.file import Source, open_source, open_tiff
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
    selection = Selection(series, channel, time)
    if isinstance(source, list | tuple | Mapping):
        files = _named(source)
        if len(files) != 1:
            return open_files(files, name, limits, selection)
        [(called, source)] = files
        name = name or called
    if _is_folder(source):
        opener = open_zarr if is_zarr(Path(source)) else open_folder
        return opener(Path(source), name, limits, selection)
    start = _first_bytes(source)
    if start.startswith(_ZIP):
        return open_zip(source, name, limits, selection)
    if start.startswith(_NPY):
        return open_npy(source, name, limits, selection)
    return open_tiff(source, name, limits, selection)


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


def _named(files: Sequence[Path] | Mapping[str, Path]) -> list[tuple[str, Path]]:
    if isinstance(files, Mapping):
        return [(name, Path(path)) for name, path in files.items()]
    return [(Path(path).name, Path(path)) for path in files]


def _first_bytes(source: Source) -> bytes:
    handle, is_own, _ = open_source(source)
    try:
        handle.seek(0)
        return handle.read(len(_NPY))
    finally:
        if is_own:
            handle.close()
