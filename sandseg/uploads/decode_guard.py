"""Have a visitor's files decoded: start the confined process that does it, and take its answer.

The web process then reads bare pixels only; the libraries that unpack what strangers bring never
run in it.
"""

import json
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sandseg.atomic import part_of
from sandseg.classes import SegmentationClass
from sandseg.confine.start import TooSlowError, ask_apart
from sandseg.errors import LabelError, SandsegError, StackError
from sandseg.scan.choices import ANY, AmbiguousStackError, Choices, Selection
from sandseg.scan.labels.legend import Legend
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings, size_text
from sandseg.scan.raw.file_name import UnknownLayoutError
from sandseg.scan.raw.layout import RawFormat
from sandseg.scan.several.numbering import SeveralScansError
from sandseg.scan.stack import Stack

STACK = "stack.tif"
_DECODER = "sandseg.uploads.decode"
_TRY_OTHERWISE = "Export it again as an uncompressed grey TIFF, or segment it on the command line."
# One thread: each reserves memory, and the limit counts what is reserved.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TIFFFILE_NUM_THREADS")
# At once; of a class that uploads together, the others wait. Each takes a processor and 100 MB.
_TURNS = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Taken:
    """A stack that was kept: a plain TIFF, and what was understood of the file it came from.

    `is_colored`: a label file's colors said what its labels are; `path` has the labels. Where they
    did not, `colors` ("#rrggbb") are the main ones, and `path` has their numbers, from 0 on.
    `names` are those of the files of label slices where it is several. `apart` says why slices may
    not lie directly on one another; `legend` is what a label file of this program says of itself.
    """

    path: Path
    notes: tuple[str, ...]
    choices: Choices
    axes: str
    compression: str
    voxel_size_um: float | None
    shape: tuple[int, int, int]
    is_colored: bool
    apart: str = ""
    warnings: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    legend: Legend = Legend()


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
    [answer] = _answers([request], limits)
    return {called: Path(place) for called, place in answer["places"].items()}


def _request(files: Mapping[str, Path], name: str, target: Path) -> dict:
    return {
        "sources": {called: str(path.absolute()) for called, path in files.items()},
        "name": name,
        "target": str(target.absolute()),
    }


def _answers(requests: list[dict], limits: StackLimits | None) -> list[dict]:
    """Run the process and return what it tells; if it refuses one, nothing is kept."""
    limits = limits or from_settings(WEB_LIMITS)
    try:
        answers = _ask(requests, limits)
        if answers and "message" in answers[-1]:
            raise _refusal(answers[-1])
    except BaseException:
        for request in requests:
            target = Path(request["target"])
            for path in (target, part_of(target)):
                path.unlink(missing_ok=True)
        raise
    return answers


def _take(requests: list[dict], limits: StackLimits | None) -> list[Taken]:
    """Run the process and return the stacks that it kept."""
    answers = _answers(requests, limits)
    facts = ("axes", "compression", "voxel_size_um", "is_colored", "apart")
    return [
        Taken(
            Path(request["target"]),
            tuple(answer["notes"]),
            Choices.from_dict(answer["choices"]),
            shape=tuple(answer["shape"]),
            warnings=tuple(answer["warnings"]),
            names=tuple(answer["names"]),
            colors=tuple(answer["colors"]),
            legend=_legend(answer["legend"]),
            **{key: answer[key] for key in facts},
        )
        for request, answer in zip(requests, answers, strict=True)
    ]


def _legend(told: dict) -> Legend:
    return Legend(told["kind"], tuple(SegmentationClass(**entry) for entry in told["classes"]))


def _refusal(answer: dict) -> SandsegError:
    if answer["choices"] is not None:
        choices = Choices.from_dict(answer["choices"])
        return AmbiguousStackError(answer["message"], answer["hint"], choices)
    if answer["kind"] == "several":
        return SeveralScansError(answer["message"], answer["hint"], answer["can_be_one"])
    kind = {"label": LabelError, "layout": UnknownLayoutError}.get(answer["kind"], StackError)
    return kind(answer["message"], answer["hint"])


def _ask(requests: list[dict], limits: StackLimits) -> list[dict]:
    """Run the process and return its answers; an end without one is the file's fault."""
    name = requests[0]["name"] if len(requests) == 1 else f"{len(requests)} files"
    # The limit on memory stands in for what the codecs do not tell in advance.
    trusting = replace(limits, trusts_codecs=sys.platform == "linux")
    try:
        with _TURNS:
            asked = {"limits": asdict(trusting), "requests": requests}
            said = ask_apart(_DECODER, asked, limits.decode_s, dict.fromkeys(_THREADS, "1"))
        return json.loads(said)
    except TooSlowError as error:
        raise StackError(
            f'"{name}" could not be read within {limits.decode_s:.0f} seconds.',
            hint=f"{_TRY_OTHERWISE} Or start the app with a higher SANDSEG_DECODE_S.",
        ) from error
    except ValueError as error:  # it was ended, by the system or by a fault in a decoder
        raise StackError(
            f'"{name}" cannot be read: decoding it failed, or took more than '
            f"{size_text(limits.decode_bytes)} of memory.",
            hint=f"{_TRY_OTHERWISE} Or start the app with a higher SANDSEG_DECODE_BYTES.",
        ) from error
