"""One stack from many files: a list or a folder of slices, in the order of their numbers."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sandseg.errors import FILE, StackError, named
from sandseg.scan.choices import ANY, Selection
from sandseg.scan.limits import StackLimits, check_count, check_memory, check_size
from sandseg.scan.source import Source
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.file import open_tiff

SLICE_SUFFIXES = (".tif", ".tiff")


@dataclass(frozen=True)
class SliceFile:
    """A file that holds one slice, wherever it is kept."""

    name: str
    n_bytes: int
    fetch: Callable[[], Source]


def natural_key(name: str) -> list:
    """Return what to sort names by so that "slice10" comes after "slice9"."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if i % 2 else (0, part) for i, part in enumerate(parts)]


def gap_between(names: Sequence[str]) -> str:
    """Say why files may not be slices that lie directly on one another, "" where they are.

    Args:
        names: Of the files, in order; one part of them must count up by one.
    """
    parts = [re.split(r"(\d+)", Path(name).stem.lower()) for name in names]
    if len({(len(part), *part[::2]) for part in parts}) > 1:
        return "the names of its files differ in more than a number"
    numbers = np.array([[int(number) for number in part[1::2]] for part in parts], object)
    varying = [column for column in numbers.T if len(set(column)) > 1]
    if len(varying) != 1:
        return "the names of its files do not number the slices"
    steps = np.diff(varying[0])
    if (steps == 1).all():
        return ""
    at = int(np.flatnonzero(steps != 1)[0])
    return f'"{names[at + 1]}" follows "{names[at]}"'


def open_folder(folder: Path, limits: StackLimits, selection: Selection = ANY) -> Stack:
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
    return open_files([(path.name, path) for path in paths], limits, selection)


def open_files(
    files: Sequence[tuple[str, Path]], limits: StackLimits, selection: Selection = ANY
) -> Stack:
    """Open TIFFs as one stack, a slice each, in the order of the numbers in their names.

    Args:
        files: The name of each file and where it is.
        limits: The largest stack to accept.
        selection: What is wanted of each file.

    Raises:
        StackError: One cannot be read, holds several slices, or differs from the others.
    """
    if not files:
        raise StackError("No file was chosen.", hint="Choose one file, or a slice in each.")
    ordered = sorted(files, key=lambda file: natural_key(file[0]))
    slices = [SliceFile(name, _file_size(path), lambda path=path: path) for name, path in ordered]
    return join_slices(slices, limits, selection)


def _file_size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def join_slices(files: Sequence[SliceFile], limits: StackLimits, selection: Selection) -> Stack:
    """Make one stack of files that each hold a slice; a single file may be a whole stack.

    Raises:
        StackError: One cannot be read, holds several slices, or differs from the others.
    """
    check_count(len(files), limits)
    check_memory(3 * max(file.n_bytes for file in files))
    first = _open_slice(files[0], limits, selection)
    if len(files) == 1:
        return replace(first, name=FILE, reader=first.read_slice)
    first.close()
    for number, file in enumerate(files, start=1):
        with _open_slice(file, limits, selection) as stack:
            _check_slice(stack, first, number)
    shape = (len(files), *first.shape[1:])
    check_size(shape, first.dtype.itemsize, limits)

    def read(z: int) -> np.ndarray:
        with _open_slice(files[z], limits, selection) as stack:
            _check_slice(stack, first, z + 1)
            return stack.read_slice(0)

    note = f"{len(files)} files, from {files[0].name} to {files[-1].name}."
    return Stack(
        FILE,
        shape,
        first.dtype,
        read,
        first.voxel_size_um,
        compression=first.compression,
        notes=(note, *first.notes),
        choices=first.choices,
        aspect=first.aspect,
        apart=gap_between([file.name for file in files]),
    )


def _open_slice(file: SliceFile, limits: StackLimits, selection: Selection) -> Stack:
    source = file.fetch()  # if this fails, it is not the slice that is damaged
    with named(file.name):
        return replace(open_tiff(source, limits, selection), name=file.name)


def _check_slice(stack: Stack, first: Stack, number: int) -> None:
    if stack.n_slices > 1:
        raise StackError(
            f'"{stack.name}" of "{FILE}" holds {stack.n_slices} slices, not one.',
            hint="Open a file of several slices by itself, or save each slice as a file.",
        )
    if stack.shape != first.shape or stack.dtype != first.dtype:
        facts = [f"{s.shape[1]} × {s.shape[2]} pixels of {s.dtype}" for s in (stack, first)]
        raise StackError(
            f'"{stack.name}", file {number} of "{FILE}", is {facts[0]}, '
            f'but "{first.name}" is {facts[1]}.',
            hint="Leave the odd file out, or give all slices one size and type.",
        )
