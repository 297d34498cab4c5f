"""The files that are the slices of one stack, in the order of the numbers in their names."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from sandseg.errors import FILE, StackError, named
from sandseg.scan.foreign import refuse_by_name
from sandseg.scan.source import Source

KINDS = {
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    ".png": "PNG",
    ".bmp": "BMP",
    **dict.fromkeys((".jpg", ".jpeg"), "JPEG"),
}
SLICE_SUFFIXES = tuple(KINDS)
SLICES = "slices (TIFF, PNG, BMP or JPEG)"


@dataclass(frozen=True)
class SliceFile:
    """A file that holds one slice, wherever it is kept."""

    name: str
    n_bytes: int
    fetch: Callable[[], Source]


@dataclass(frozen=True)
class Slices:
    """Files that are a slice each, in their order, and what is to be said of how they were found.

    `close` closes what they lie in.
    """

    files: tuple[SliceFile, ...]
    notes: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None


def natural_key(name: str) -> list:
    """Return what to sort names by so that "slice10" comes after "slice9"."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if i % 2 else (0, part) for i, part in enumerate(parts)]


def slices_in_folder(folder: Path) -> Slices:
    """Return the slices of a folder, not those of folders in it.

    Raises:
        StackError: There is none.
    """
    names = {path.name for path in folder.iterdir() if path.name[0] != "." and path.is_file()}
    found = [name for name in names if is_slice(name)]
    kept, notes = of_one_kind(found)
    n_others = len(names) - len(found)
    notes += [f"{n_others} other file{'s' * (n_others > 1)} in the folder left out."] * (
        n_others > 0
    )
    if not kept:
        for name in sorted(names):
            with named(name):
                refuse_by_name(name)
        raise StackError(
            f'"{folder}" is a folder without {SLICES}.',
            hint="Name a TIFF, or a folder with slices in it.",
        )
    return Slices(slices_of([(name, folder / name) for name in kept]).files, tuple(notes))


def slices_of(files: Sequence[tuple[str, Path]]) -> Slices:
    """Return files, given by their names and places, in the order of the numbers in their names.

    Raises:
        StackError: There is none.
    """
    if not files:
        raise StackError("No file was chosen.", hint="Choose one file, or a slice in each.")
    ordered = sorted(files, key=lambda file: natural_key(file[0]))
    return Slices(
        tuple(SliceFile(name, _file_size(path), lambda path=path: path) for name, path in ordered)
    )


def is_slice(name: str) -> bool:
    """Tell by its ending whether a file may be a slice."""
    return PurePath(name).suffix.lower() in KINDS


def of_one_kind(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Leave out what lies beside slices: the pictures of a preview, or of another scan.

    Returns:
        The names of the kind there is most of, TIFF where there are as many; and what to say of it.

    Raises:
        StackError: There are as many of two other kinds.
    """
    names = list(names)
    counts = Counter(KINDS[PurePath(name).suffix.lower()] for name in names)
    ranked = sorted(counts, key=lambda kind: (-counts[kind], kind != "TIFF", kind))
    if len(ranked) < 2:
        return names, []
    main, other = ranked[:2]
    if counts[main] == counts[other] and main != "TIFF":
        raise StackError(
            f'"{FILE}" holds {counts[main]} {main} and {counts[other]} {other} files.',
            hint="Keep slices of one kind together, and the others elsewhere.",
        )
    kept = [name for name in names if KINDS[PurePath(name).suffix.lower()] == main]
    left = ", ".join(f"{counts[kind]} {kind}" for kind in ranked[1:])
    return kept, [f"{left} file{'s' * (len(names) - len(kept) > 1)} beside the {main} left out."]


def _file_size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
