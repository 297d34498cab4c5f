"""A visitor's files to plain stacks, in a confined process: `python -m sandseg.uploads.decode`.

The decoders of compressed pictures are large, old C programs. Here they run with as much memory,
time and disk as they are given, and what they make of a hostile file stays in this process: it
may read that file and write beside its stack, and do nothing else.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tifffile import TiffWriter

from sandseg.atomic import replacing
from sandseg.confine.rights import give_up_rights
from sandseg.errors import LabelError, SandsegError, StackError, named
from sandseg.scan.choices import AmbiguousStackError
from sandseg.scan.damage import reading
from sandseg.scan.formats import check_is_one, open_stack
from sandseg.scan.labels.colors import MOST_COLORS, RARE, UnknownColorsError
from sandseg.scan.labels.files import AS_FOUND, Meanings, OpenLabels, open_label_values
from sandseg.scan.labels.legend import Legend, legend_of
from sandseg.scan.labels.read import check_shape
from sandseg.scan.limits import StackLimits
from sandseg.scan.raw.file_name import UnknownLayoutError
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.raw.voxels import open_raw_files
from sandseg.scan.several.numbering import SeveralScansError
from sandseg.scan.several.zip_file import slices_in_zip
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.voxels import aspect_options
from sandseg.uploads.answers import shortened

_KINDS = {
    "label": LabelError,
    "layout": UnknownLayoutError,
    "several": SeveralScansError,
}  # of errors
_MORE = "Or start the app with a higher SANDSEG_DECODE_BYTES."
_HEADERS = 2**20 + 2**10  # bytes of a TIFF beside its pixels, and for each of its pages
_BIG = 2**32 - 2**26  # bytes; beyond, offsets of 32 bits run out


def main() -> None:
    """Read requests from stdin, write their stacks, and tell on stdout what became of them.

    The first that is refused is the last.
    """
    asked = json.load(sys.stdin)
    limits = StackLimits(**asked["limits"])
    confine(limits, asked["requests"], asked["room"])
    answers, left = [], asked["room"]
    try:
        for request in asked["requests"]:
            answers.append(decode(request, limits, left))
            left -= _written(request)
    except _NoRoomError as error:
        answers.append({"message": "", "n_bytes": error.n_bytes})
    except SandsegError as error:
        choices = asdict(error.choices) if isinstance(error, AmbiguousStackError) else None
        hint = f"{error.hint} {_MORE}" if isinstance(error.__cause__, MemoryError) else error.hint
        kind = next((kind for kind, made in _KINDS.items() if isinstance(error, made)), "stack")
        answer = {"message": error.message, "hint": hint, "choices": choices, "kind": kind}
        answers.append(answer | {"can_be_one": getattr(error, "can_be_one", False)})
    json.dump(shortened(answers), sys.stdout)


def confine(limits: StackLimits, requests: list[dict], room: int) -> None:
    """Give up the rights to all that these requests do not take, for the rest of the process.

    `room` is how many bytes a file that is written may have.
    """
    _hold_down(limits, room)
    give_up_rights(*_places(requests))


class _NoRoomError(Exception):
    """So many bytes would have to be written, and there is no room for them."""

    def __init__(self, n_bytes: int):
        super().__init__(n_bytes)
        self.n_bytes = n_bytes


def decode(request: dict, limits: StackLimits, room: int) -> dict:
    """Write a file as a plain stack and return what is known of it.

    Args:
        request: "sources" (names and paths), "name", "target" (the path to write), and either
            "selection" (series, channel, time), "layout" of raw voxels, or "n_classes" of a label
            file, with "labels_of" (name and shape) the stack it must fit, or some slices of it;
            "asks" where files that may be several scans are no stack. Or "unpack", the folder into
            which the slices of a ZIP are written as they are.
        limits: The largest stack to accept.
        room: Bytes that may be written.

    Raises:
        SandsegError: The file cannot be read, or the stack cannot be written.
    """
    if "unpack" in request:
        return _unpack(request, limits, room)
    if "n_classes" in request:
        return _decode_labels(request, limits, room)
    sources, name = _sources(request), request["name"]
    if "layout" in request:
        stack = open_raw_files(sources, name, RawFormat.parse(request["layout"]), limits)
    else:
        if request.get("asks"):
            check_is_one(sources, name, limits)
        stack = open_stack(sources, name, limits, **request["selection"])
    return _keep(OpenLabels(stack, is_decoded=False), Path(request["target"]), room)


def _decode_labels(request: dict, limits: StackLimits, room: int) -> dict:
    """Keep labels, or where their colors are not known, numbers of the main colors to ask about."""
    target, colors = Path(request["target"]), {}
    while True:
        known = Meanings(colors=colors, most_far=RARE) if colors else AS_FOUND
        n_classes = max(len(colors), request["n_classes"])
        try:
            opened = open_label_values(_sources(request), request["name"], n_classes, limits, known)
            if stack := request.get("labels_of"):
                check_shape(
                    stack["name"], tuple(stack["shape"]), opened.stack.shape, can_be_some=True
                )
            answer = _keep(opened, target, room)
        except UnknownColorsError as error:
            found = [color for color in error.colors if color not in colors]
            if not found or len(colors) + len(found) > MOST_COLORS:
                raise
            colors |= {color: len(colors) + i for i, color in enumerate(found)}
        else:
            shown = [f"#{bytes(color).hex()}" for color in colors]
            answer |= {"colors": shown, "is_colored": answer["is_colored"] and not colors}
            return answer | {"legend": _legend(request, limits)}


def _legend(request: dict, limits: StackLimits) -> dict:
    """Say what a label file tells of itself; nothing of several files."""
    paths = [*_sources(request).values()]
    return asdict(legend_of(paths[0], limits, request["name"]) if len(paths) == 1 else Legend())


def _keep(opened: OpenLabels, target: Path, room: int) -> dict:
    """Write what was opened, and say what is known of it."""
    with opened.stack as stack:
        n_bytes = int(np.prod(stack.shape, dtype=object)) * stack.dtype.itemsize
        if n_bytes > room:
            raise _NoRoomError(n_bytes)
        _write(stack, n_bytes, target)
        note = opened.note
        return {
            "notes": (*stack.notes, note) if note and note not in stack.warnings else stack.notes,
            "warnings": stack.warnings,
            "axes": stack.axes,
            "compression": stack.compression,
            "voxel_size_um": stack.voxel_size_um,
            "choices": asdict(stack.choices),
            "apart": stack.apart,
            "shape": stack.shape,
            "dtype": stack.dtype.newbyteorder("=").name,
            "is_colored": opened.is_decoded,
            "names": opened.names,
            "colors": [],
            "legend": asdict(Legend()),
        }


def _sources(request: dict) -> dict[str, Path]:
    return {name: Path(path) for name, path in request["sources"].items()}


def _places(requests: list[dict]) -> tuple[list[Path], list[Path]]:
    """Return the files to read, and the folders to write in."""
    files = {path for request in requests for path in request["sources"].values()}
    folders = {request.get("unpack") or str(Path(request["target"]).parent) for request in requests}
    return [*map(Path, sorted(files))], [*map(Path, sorted(folders))]


def _unpack(request: dict, limits: StackLimits, room: int) -> dict:
    """Write the files of a ZIP; their names, which lead nowhere, are only told."""
    [source] = map(Path, request["sources"].values())
    with named(request["name"]):
        slices = slices_in_zip(source, limits)
    places, n_bytes = {}, sum(file.n_bytes for file in slices.files)
    if n_bytes > room:
        slices.close()
        raise _NoRoomError(n_bytes)
    try:
        for number, file in enumerate(slices.files):
            places[file.name] = str(Path(request["unpack"]) / f"part-{number:03d}")
            with named(request["name"]):
                Path(places[file.name]).write_bytes(file.fetch())
    finally:
        slices.close()
    return {"places": places}


def _written(request: dict) -> int:
    return 0 if "unpack" in request else Path(request["target"]).stat().st_size


def _write(stack: Stack, n_bytes: int, path: Path) -> None:
    """Write pages that follow each other, without compression, as they are read."""
    try:
        with replacing(path) as file, TiffWriter(file, bigtiff=n_bytes > _BIG) as writer:
            shape = aspect_options(stack.aspect)
            for image in _slices(stack):
                writer.write(
                    image, photometric="minisblack", metadata=None, contiguous=True, **shape
                )
    except OSError as error:
        raise StackError(
            f'"{stack.name}" cannot be kept: {error.strerror or error}.',
            hint="Try a smaller file, or again later: the server may be short of space.",
        ) from error


def _slices(stack: Stack) -> Iterator[np.ndarray]:
    for z in range(stack.n_slices):
        with named(stack.name), reading():
            yield stack.read_slice(z)


def _hold_down(limits: StackLimits, room: int) -> None:
    """Give up the right to more memory, time and disk than allowed, where the system can do so."""
    try:
        import resource
    except ImportError:  # Windows
        return
    n_disk_bytes = min(limits.max_total_bytes, room) + _HEADERS * 2 + limits.max_slices * 2**9
    for kind, most in (
        (resource.RLIMIT_AS, int(limits.decode_bytes)),
        (resource.RLIMIT_CPU, int(limits.decode_s) + 1),
        (resource.RLIMIT_FSIZE, int(n_disk_bytes)),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):  # some systems know the limit but do not keep it
            resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main()
