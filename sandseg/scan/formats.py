"""Any file of grey slices as a stack: which reader it needs, told from what is in it."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sandseg.errors import StackError, named
from sandseg.scan.arrays import open_npy
from sandseg.scan.choices import Selection
from sandseg.scan.foreign import is_tiff, refuse_foreign
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings
from sandseg.scan.pictures.signature import is_picture
from sandseg.scan.raw.described import HEADER_SUFFIXES, is_header, open_described
from sandseg.scan.raw.file_name import layout_unknown
from sandseg.scan.raw.layout import RAW_SUFFIXES, is_raw
from sandseg.scan.several.joining import join_slices, open_slice
from sandseg.scan.several.numbering import SeveralScansError, doubt_of_names
from sandseg.scan.several.slice_files import SLICE_SUFFIXES, Slices, slices_in_folder, slices_of
from sandseg.scan.several.zip_file import slices_in_zip
from sandseg.scan.source import Source, first_bytes, size_of, source_name
from sandseg.scan.stack import Stack
from sandseg.scan.zarr_folder import is_zarr, open_zarr

FILE_SUFFIXES = tuple(suffix[1:] for suffix in SLICE_SUFFIXES)
LABEL_SUFFIXES = (*FILE_SUFFIXES, "zip")
_HEADERS = tuple(suffix[1:] for suffix in HEADER_SUFFIXES)
STACK_SUFFIXES = (*LABEL_SUFFIXES, "npy", *_HEADERS, *RAW_SUFFIXES)
FILE_KINDS = "TIFF, PNG, BMP, JPEG"  # in words
LABEL_KINDS = f"{FILE_KINDS}, ZIP"
STACK_KINDS = f"{LABEL_KINDS}, NumPy, MetaImage, NRRD, VGI, raw"
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
            PNG, BMP or JPEG, a ZIP of such slices with numbers, a NumPy array (.npy), or a header
            (MetaImage, NRRD, VGStudio) with its voxels. A path may also be a folder of slices or a
            Zarr folder. Several paths are one stack, a slice each, in the order of the numbers in
            their names, or a header and its voxels; where they are kept under other names, their
            keys are their names.
        name: What to call it in messages; the file's own name by default.
        limits: The largest stack to accept; by default, that of an upload.
        series: Which image of a file with several, counted from 0.
        channel: Which channel, counted from 0.
        time: Which time point, counted from 0.

    Raises:
        AmbiguousStackError: The file must be chosen from first; its `choices` say what there is.
        UnknownLayoutError: It holds raw voxels, and how they lie must be said first.
        StackError: The file is missing, damaged, too large, in color, or of a rare kind.
    """
    limits = limits or from_settings(WEB_LIMITS)
    files = with_names(source)
    name = name or name_of(files)
    if len(files) == 1:
        files = [(name, files[0][1])]
    selection = Selection(series, channel, time)
    with named(name):
        if header := find_header(files):
            came_along = len(files) > 1 or isinstance(source, Mapping)
            stack = open_described(header, files if came_along else None, limits, selection)
        elif slices := find_slices(files, limits, name):
            open_one = partial(open_slice, limits=limits, selection=selection)
            stack = join_slices(slices, limits, open_one)
        else:
            stack = _opener(files[0][1], name)(files[0][1], limits, selection)
    # The file closes by itself once nobody reads it any more, also where nobody says so.
    weakref.finalize(stack.reader, stack.on_close).atexit = False
    return replace(stack, name=name)


def find_header(files: Sequence[tuple[str, Source]]) -> tuple[str, Source] | None:
    """Return the file among these that says how the voxels in another one lie; None without.

    Raises:
        StackError: There are several of them.
    """
    if len(files) == 1:
        [(name, source)] = files
        return None if _is_folder(source) or not is_header(source, name) else files[0]
    found = [file for file in files if file[0].lower().endswith(HEADER_SUFFIXES)]
    if len(found) > 1:
        raise StackError(
            f'"{found[0][0]}" and "{found[1][0]}" each describe a scan of their own.',
            hint="Open one header with its voxels at a time.",
        )
    return found[0] if found else None


def check_is_one(files: Mapping[str, Path], name: str, limits: StackLimits) -> None:
    """Check that the names of several files, or of those in a ZIP, are those of one stack.

    Raises:
        SeveralScansError: They do not count up by one.
        StackError: The ZIP is damaged or malicious.
    """
    found = with_names(files)
    slices = None if find_header(found) else find_slices(found, limits, name)
    if not slices:
        return
    slices.close()
    if doubt := doubt_of_names([file.name for file in slices.files]):
        raise SeveralScansError(doubt, hint="Say whether they are one stack.", can_be_one=True)


def find_slices(
    files: Sequence[tuple[str, Source]], limits: StackLimits, name: str
) -> Slices | None:
    """Return several files, or those in a folder or a ZIP; None for one file or a Zarr folder.

    Raises:
        StackError: There is no such file, or no slice in it.
    """
    if len(files) > 1 and all(is_raw(called) for called, _ in files):
        raise layout_unknown([called for called, _ in files], size_of(files[0][1]))
    if len(files) != 1:
        return slices_of(files)
    [(_, source)] = files
    if _is_folder(source):
        return None if is_zarr(Path(source)) else slices_in_folder(Path(source))
    start = first_bytes(source)
    is_npz = name.lower().endswith(".npz")
    return slices_in_zip(source, limits) if start.startswith(_ZIP) and not is_npz else None


def _opener(source: Source, name: str) -> Callable[[Source, StackLimits, Selection], Stack]:
    """Return what reads a file or a Zarr folder."""
    if _is_folder(source):
        return open_zarr
    start = first_bytes(source)
    if start.startswith(_NPY):
        return open_npy
    if is_tiff(start) or is_picture(start):
        return open_slice
    refuse_foreign(name, start)
    if is_raw(name):
        raise layout_unknown([name], size_of(source))
    return open_slice


def is_slice_file(source: Source) -> bool:
    """Tell whether `open_stack` would read this as a TIFF or a picture, not as an array.

    Raises:
        StackError: There is no such file.
    """
    return not _is_folder(source) and not first_bytes(source).startswith(_NPY)


def _is_folder(source: Source) -> bool:
    return isinstance(source, str | Path) and Path(source).is_dir()


def name_of(files: Sequence[tuple[str, Source]]) -> str:
    """Return what to call files in messages."""
    return files[0][0] if len(files) == 1 else f"{len(files)} files"


def with_names(source: Source | Sequence[Path] | Mapping[str, Path]) -> list[tuple[str, Source]]:
    """Return the name and the place of each file that `open_stack` is given."""
    if isinstance(source, Mapping):
        return [(name, Path(path)) for name, path in source.items()]
    files = source if isinstance(source, list | tuple) else [source]
    files = [Path(file) if isinstance(file, str) else file for file in files]
    return [(source_name(file), file) for file in files]
