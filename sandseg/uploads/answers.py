"""What the process that decodes says of a file, checked: it may be in a hostile file's hands."""

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sandseg.classes import SegmentationClass
from sandseg.errors import LabelError, SandsegError, StackError
from sandseg.scan.choices import AmbiguousStackError, Choices
from sandseg.scan.labels.legend import Legend
from sandseg.scan.limits import StackLimits, check_size
from sandseg.scan.raw.file_name import UnknownLayoutError
from sandseg.scan.several.numbering import SeveralScansError
from sandseg.uploads.plain_tiff import check_plain

LONGEST_TEXT, MOST_TEXTS = 1000, 100_000  # letters; in one list
_LONGEST_CHOICE = 100  # letters of a name to choose by
_MOST_CLASSES = 255
_KINDS = {"label": LabelError, "layout": UnknownLayoutError}  # of errors
_PART = re.compile(r"part-\d{3,6}")
_COLOR = re.compile(r"#[0-9a-f]{6}")


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


def shortened(said: Any) -> Any:
    """Return the same with all texts and lists no longer than anybody reads."""
    if isinstance(said, str):
        return said[:LONGEST_TEXT]
    if isinstance(said, Mapping):
        return {key: shortened(value) for key, value in said.items()}
    if isinstance(said, list | tuple):
        return [shortened(value) for value in said[:MOST_TEXTS]]
    return said


def taken_from(answer: dict, path: Path, limits: StackLimits) -> Taken:
    """Return what was kept in a file, once the file is what the answer says.

    Raises:
        ValueError: It is not, or the answer makes no sense.
        StackError: The stack is larger than allowed.
    """
    answer = shortened(answer)
    try:
        shape = tuple(map(_count, answer["shape"]))
        dtype = np.dtype(_text(answer["dtype"]))
        colors = _texts(answer["colors"])
        if len(shape) != 3 or dtype.kind not in "uif" or not all(map(_COLOR.fullmatch, colors)):
            raise ValueError(answer)
        check_size(shape, dtype.itemsize, limits)
        check_plain(path, shape, dtype)
        return Taken(
            path,
            _texts(answer["notes"]),
            _choices(answer["choices"]),
            _text(answer["axes"]),
            _text(answer["compression"]),
            _size(answer["voxel_size_um"]),
            shape,
            answer["is_colored"] is True,
            _text(answer["apart"]),
            _texts(answer["warnings"]),
            _texts(answer["names"]),
            colors,
            _legend(answer["legend"]),
        )
    except (KeyError, TypeError, AttributeError, OSError) as error:
        raise ValueError("no answer of a decoder") from error


def refusal_from(answer: dict) -> SandsegError:
    """Return the error that the process told of.

    Raises:
        ValueError: The answer makes no sense.
    """
    answer = shortened(answer)
    try:
        message, hint = _text(answer["message"]), _text(answer["hint"])
        if answer["choices"] is not None:
            return AmbiguousStackError(message, hint, _choices(answer["choices"]))
        if answer["kind"] == "several":
            return SeveralScansError(message, hint, answer["can_be_one"] is True)
        return _KINDS.get(answer["kind"], StackError)(message, hint)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no answer of a decoder") from error


def room_needed(answer: dict) -> int:
    """Return how many bytes it would have had to write, where it may not; else 0."""
    n_bytes = answer.get("n_bytes", 0)
    return n_bytes if type(n_bytes) is int and 0 < n_bytes < 2**63 else 0


def parts_from(answer: dict, folder: Path) -> dict[str, Path]:
    """Return where the slices of a ZIP are by their names in it: files in this folder.

    Raises:
        ValueError: Some are not, or the answer makes no sense.
    """
    try:
        places = {name[:LONGEST_TEXT]: Path(place) for name, place in answer["places"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no answer of a decoder") from error
    for path in places.values():
        facts = path.lstat() if _PART.fullmatch(path.name) else None
        is_own = facts and stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1
        if not is_own or path.parent != folder.absolute():
            raise ValueError("no part of a ZIP")
    return places


def _choices(stored: dict) -> Choices:
    for choice in stored.values():
        choice["names"] = [_text(name)[:_LONGEST_CHOICE] for name in choice["names"]]
        if choice["chosen"] is not None:
            _count(choice["chosen"])
    return Choices.from_dict(stored)


def _legend(told: dict) -> Legend:
    classes = []
    for value, entry in enumerate(told["classes"][:_MOST_CLASSES], 1):
        if not _COLOR.fullmatch(_text(entry["color"])):
            raise TypeError(entry)
        is_pore = entry["is_pore"] is True
        classes.append(SegmentationClass(value, _text(entry["name"]), entry["color"], "", is_pore))
    return Legend(_text(told["kind"]), tuple(classes))


def _texts(found: list | tuple) -> tuple[str, ...]:
    return tuple(map(_text, found))


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError(found)
    return found


def _count(found: object) -> int:
    if type(found) is not int or found < 0:
        raise TypeError(found)
    return found


def _size(found: object) -> float | None:
    """A length; None for what is none."""
    if found is None:
        return None
    size = float(found)
    return size if 0 < size < 2**63 else None
