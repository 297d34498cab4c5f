"""Have a visitor's files decoded: start the confined process that does it, and take its answer.

The web process then reads bare pixels only; the libraries that unpack what strangers bring never
run in it.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from sandseg.confine.start import TooSlowError, ask_apart
from sandseg.errors import SandsegError, StackError
from sandseg.scan.choices import ANY, Selection
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings, size_text
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.stack import Stack
from sandseg.uploads import workspace
from sandseg.uploads.answers import Taken, parts_from, refusal_from, room_needed, taken_from
from sandseg.uploads.turns import Turn, Turns, share_process

STACK = "stack.tif"
_DECODER = "sandseg.uploads.decode"
_TRY_OTHERWISE = "Export it again as an uncompressed grey TIFF, or segment it on the command line."
# One thread: each reserves memory, and the limit counts what is reserved.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TIFFFILE_NUM_THREADS")
_TURNS = Turns()
T = TypeVar("T")


@dataclass(frozen=True)
class Wish:
    """How files are to be read: which image, channel and time point, or how raw voxels lie in each.

    With `asks`, files that may be several scans are refused, to be asked about.
    """

    selection: Selection = ANY
    layout: RawFormat | None = None
    asks: bool = False

    @property
    def entries(self) -> dict:
        """The same as it stands in a request."""
        if self.layout:
            return {"layout": str(self.layout)}
        return {"selection": asdict(self.selection), "asks": self.asks}


def take_upload(
    files: Mapping[str, Path],
    folder: Path,
    limits: StackLimits | None = None,
    wish: Wish | None = None,
    name: str = "",
) -> Taken:
    """Check and decode files in a process of its own and keep them as one plain TIFF.

    Args:
        files: What the visitor brought, by the names they gave it: a file, or a slice in each.
        folder: The visitor's own; the stack is written there whole or not at all.
        limits: The largest stack to accept; memory and time of the process are among them.
        wish: How they are to be read.
        name: What to call it all in messages; the name of the only file by default.

    Raises:
        AmbiguousStackError: The file must be chosen from first; its `choices` say what there is.
        UnknownLayoutError: It holds raw voxels, and how they lie must be said first.
        SeveralScansError: The files are, or may be, a scan each.
        StackError: The file is damaged, too large, or cannot be read within the limits.
    """
    name = name or (next(iter(files)) if len(files) == 1 else f"{len(files)} files")
    how = (wish or Wish()).entries
    [taken] = _take([_request(files, name, folder / STACK) | how], limits)
    return taken


def take_each(
    files: Mapping[str, Path],
    targets: Sequence[Path],
    n_classes: int | None = None,
    limits: StackLimits | None = None,
) -> list[Taken]:
    """Keep each of several files as a plain TIFF of its own: slices, or the labels of some.

    Args:
        files: What the visitor brought, by the names they gave it.
        targets: Where the plain TIFF of each is written; if one is refused, none stays there.
        n_classes: Of label files, how many classes colors can mean; None for slices. Their values
            stay as they stand in the file.
        limits: The largest stack to accept; memory and time of the process are among them.

    Raises:
        StackError: A file is damaged, too large, or cannot be read within the limits.
        LabelError: A label file has colors of no known coding.
    """
    how = {"selection": {}} if n_classes is None else {"n_classes": n_classes}
    requests = [
        _request({name: path}, name, target) | how
        for (name, path), target in zip(files.items(), targets, strict=True)
    ]
    return _take(requests, limits)


def take_labels(
    files: Mapping[str, Path],
    target: Path,
    n_classes: int,
    stack: Stack,
    limits: StackLimits | None = None,
) -> Taken:
    """Keep the labels in a file, a ZIP, or a slice in each of several files as one plain TIFF.

    Args:
        files: What the visitor brought, by the names they gave it.
        target: The plain TIFF to write.
        n_classes: How many classes colors can mean.
        stack: What they are labels of, or of some slices of it; others are refused undecoded.
        limits: The largest stack to accept; memory and time of the process are among them.

    Raises:
        StackError: A file is damaged, too large, or cannot be read within the limits.
        LabelError: It has colors of no known coding, or another size than the stack.
    """
    name = next(iter(files)) if len(files) == 1 else f"{len(files)} files"
    how = {"n_classes": n_classes, "labels_of": {"name": stack.name, "shape": stack.shape}}
    [taken] = _take([_request(files, name, target) | how], limits)
    return taken


def unpack(
    files: Mapping[str, Path], folder: Path, limits: StackLimits | None = None
) -> dict[str, Path]:
    """Unpack the slices of a ZIP into a folder; return where each is by its name in the ZIP.

    Raises:
        StackError: It is damaged or malicious, or no ZIP of slices.
    """
    [name] = files
    request = _request(files, name, folder / STACK) | {"unpack": str(folder.absolute())}

    def read(answers: list[dict], _limits: StackLimits) -> dict[str, Path]:
        return parts_from(answers[0], folder)

    return _run([request], limits, read, lambda parts: parts.values())


def _request(files: Mapping[str, Path], name: str, target: Path) -> dict:
    return {
        "sources": {called: str(path.absolute()) for called, path in files.items()},
        "name": name,
        "target": str(target.absolute()),
    }


def _take(requests: list[dict], limits: StackLimits | None) -> list[Taken]:
    """Run the process and return the stacks that it kept."""

    def read(answers: list[dict], limits: StackLimits) -> list[Taken]:
        pairs = zip(requests, answers, strict=True)
        return [taken_from(answer, Path(one["target"]), limits) for one, answer in pairs]

    return _run(requests, limits, read, lambda taken: [one.path for one in taken])


def _run(
    requests: list[dict],
    limits: StackLimits | None,
    read: Callable[[list[dict], StackLimits], T],
    paths_of: Callable[[T], Iterable[Path]],
) -> T:
    """Run the process and read its answers; of what it wrote stays what they are about alone."""
    limits = limits or from_settings(WEB_LIMITS)
    folder = Path(requests[0]["target"]).parent  # the same for all
    before, wanted = set(folder.iterdir()) - {Path(one["target"]) for one in requests}, set()
    name = requests[0]["name"] if len(requests) == 1 else f"{len(requests)} files"
    try:
        found = read(_answers(requests, limits, name), limits)
        wanted = {path.absolute() for path in paths_of(found)}
        return found
    except SandsegError:
        raise
    except ValueError as error:  # it was ended, by the system or by a fault in a decoder
        raise StackError(
            f'"{name}" cannot be read: decoding it failed, or took more than '
            f"{size_text(limits.decode_bytes)} of memory.",
            hint=f"{_TRY_OTHERWISE} Or start the app with a higher SANDSEG_DECODE_BYTES.",
        ) from error
    finally:
        for path in set(folder.iterdir()) - before:
            if path.absolute() not in wanted:
                workspace.remove(path)


def _answers(requests: list[dict], limits: StackLimits, name: str) -> list[dict]:
    """Run the process in its turn and return what it tells.

    Raises:
        SandsegError: It refuses a file, is too slow, or would fill memory or disk.
        ValueError: It ended without an answer that makes sense.
    """
    folder = Path(requests[0]["target"]).parent
    # The limit on memory stands in for what the codecs do not tell in advance.
    trusting = replace(limits, trusts_codecs=sys.platform == "linux")
    asked = {"limits": asdict(trusting), "requests": requests, "room": workspace.room(folder)}
    try:
        with _TURNS.turn(workspace.visit_of(folder)) as turn:
            watch = partial(_watch, turn)
            threads = dict.fromkeys(_THREADS, "1")
            said = ask_apart(_DECODER, asked, limits.decode_s, threads, watch)
    except TooSlowError as error:
        raise StackError(
            f'"{name}" could not be read within {limits.decode_s:.0f} seconds.',
            hint=f"{_TRY_OTHERWISE} Or start the app with a higher SANDSEG_DECODE_S.",
        ) from error
    answers = json.loads(said)
    if not isinstance(answers, list) or not all(isinstance(one, dict) for one in answers):
        raise ValueError(said[:100])
    if answers and "message" in answers[-1]:
        if n_bytes := room_needed(answers[-1]):
            workspace.require_room(folder, n_bytes)
        raise refusal_from(answers[-1])
    return answers


def _watch(turn: Turn, pid: int) -> None:
    """Let a process take its turns with the others, and end it where it fills the disk."""
    share_process(turn, pid)
    workspace.require_free()
