"""What a hand did, as the browser sends it: checked before anything is painted."""

import re
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from sandseg.classes import SegmentationClass
from sandseg.errors import TeachError

MOST_POINTS = 20_000  # of an event
LONGEST_STEP = 256  # pixels each way between two points; a browser cuts longer ones
LARGEST_BRUSH = 199  # pixels
MIN_CLASSES, MAX_CLASSES = 2, 8
LONGEST_NAME = 40  # of a class, in letters
DOINGS = ("paint", "undo", "redo", "clear", "classes", "import", "accept")
TOOLS = ("brush", "line", "fill")
AXES = ("z", "y", "x")
_ID = re.compile(r"[A-Za-z0-9_-]{8,32}")
_FILE = re.compile(r"[a-z0-9-]{1,64}\.npz")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_SEND_AGAIN = "Reload the page and try again."


@dataclass(frozen=True)
class Event:
    """Something done: what, and its name, under which it counts once however often it comes."""

    id: str
    do: str


@dataclass(frozen=True, eq=False)
class Paint(Event):
    """A stroke or a filled region on a plane. `points` are (N, 2) [column, row] in pixels."""

    axis: str
    at: int
    value: int  # of the class, from 1; 0 erases
    tool: str
    size: int  # diameter in pixels
    points: np.ndarray


@dataclass(frozen=True)
class SetClasses(Event):
    """What the values are called from now on: value 1 is the first of them."""

    classes: tuple[SegmentationClass, ...]


@dataclass(frozen=True)
class Import(Event):
    """Paint that a label file brings, which lies beside the journal."""

    file: str


@dataclass(frozen=True)
class Accept(Event):
    """The labels of slice `at`, in a file beside the journal, are right; "": no longer."""

    at: int
    file: str


def parse_event(given: Any, shape: tuple[int, int, int]) -> Event:
    """Check an event as it came, for a stack of (Z, Y, X) pixels.

    Raises:
        TeachError: It is none, or lies outside of the stack.
    """
    _require(isinstance(given, dict), "A stroke came in a form that is not known.")
    name, do = given.get("id"), given.get("do")
    _require(isinstance(name, str) and _ID.fullmatch(name), "A stroke came without its name.")
    _require(do in DOINGS, "A stroke came that says nothing to do.")
    if do == "paint":
        return _parse_paint(name, given, shape)
    if do == "classes":
        return SetClasses(name, do, parse_classes(given.get("classes")))
    if do == "import":
        return Import(name, do, _parse_file(given.get("file")))
    if do == "accept":
        at = _whole(given.get("at"), 0, shape[0] - 1, "slice")
        return Accept(name, do, at, _parse_file(given["file"]) if given.get("file") else "")
    return Event(name, do)


def _parse_file(given: Any) -> str:
    is_name = isinstance(given, str) and _FILE.fullmatch(given)
    _require(is_name, "Strokes to import came without their file.")
    return given


def parse_classes(given: Any) -> tuple[SegmentationClass, ...]:
    """Check 2 to 8 classes, each a name, a color "#rrggbb" and whether it is pore space.

    Returns:
        The classes, numbered from 1 as they are painted.

    Raises:
        TeachError: They are too few or too many, or one is described wrongly.
    """
    _require(isinstance(given, list | tuple), "The classes came in a form that is not known.")
    _require(
        MIN_CLASSES <= len(given) <= MAX_CLASSES,
        f"{len(given)} classes are asked for; {MIN_CLASSES} to {MAX_CLASSES} can be told apart.",
        "Add a class, or join some.",
    )
    classes = tuple(_parse_class(value, entry) for value, entry in enumerate(given, 1))
    names = [material.name.casefold() for material in classes]
    twice = next((name for name in names if names.count(name) > 1), None)
    _require(twice is None, f'Two classes are called "{twice}".', "Give each a name of its own.")
    return classes


def class_entries(classes: tuple[SegmentationClass, ...]) -> list[dict]:
    """Return classes as an event carries them."""
    return [{"name": c.name, "color": c.color, "is_pore": c.is_pore} for c in classes]


def _parse_class(value: int, entry: Any) -> SegmentationClass:
    _require(isinstance(entry, dict), "A class came in a form that is not known.")
    name, color, is_pore = entry.get("name"), entry.get("color"), entry.get("is_pore", False)
    is_text = isinstance(name, str) and name.isprintable()
    _require(
        is_text and 0 < len(name.strip()) <= LONGEST_NAME,
        f"Class {value} has no name, or one longer than {LONGEST_NAME} letters.",
        "Give it a short name in one line.",
    )
    is_color = isinstance(color, str) and _COLOR.fullmatch(color)
    _require(is_color, f'The color of "{name}" is none.', "Write it as #ff8000.")
    _require(isinstance(is_pore, bool), f'Whether "{name}" is pore space is not clear.')
    return SegmentationClass(value, name.strip(), color, is_pore=is_pore)


def _parse_paint(name: str, given: dict, shape: tuple[int, int, int]) -> Paint:
    axis, tool = given.get("axis"), given.get("tool")
    _require(axis in AXES, "A stroke came that lies on no plane.")
    _require(tool in TOOLS, "A stroke came from a tool that is not known.")
    value = _whole(given.get("value"), 0, MAX_CLASSES, "class")
    size = _whole(given.get("size", 1), 1, LARGEST_BRUSH, "brush size")
    at = _whole(given.get("at"), 0, shape[AXES_OF[axis]] - 1, "plane")
    height, width = (shape[AXES_OF[other]] for other in PLANES[axis])
    points = _parse_points(given.get("points"), height, width)
    _require(tool != "fill" or len(points) == 1, "A region to fill has one place.")
    return Paint(name, "paint", axis, at, value, tool, size, points)


AXES_OF = {"z": 0, "y": 1, "x": 2}  # in the shape of a stack
PLANES = {"z": ("y", "x"), "y": ("z", "x"), "x": ("z", "y")}  # rows and columns


def _parse_points(given: Any, height: int, width: int) -> np.ndarray:
    is_list = isinstance(given, list | tuple) and given
    _require(is_list, "A stroke came without a place.")
    _require(
        len(given) <= MOST_POINTS,
        f"A stroke has {len(given):,} points; {MOST_POINTS:,} at most can be kept.",
        "Lift the brush now and then.",
    )
    is_pairs = set(map(type, given)) <= {list, tuple} and set(map(len, given)) == {2}
    _require(is_pairs and set(map(type, chain.from_iterable(given))) == {int}, _NO_PIXELS)
    columns, rows = zip(*given, strict=True)
    inside = min(columns) >= 0 and min(rows) >= 0 and max(columns) < width and max(rows) < height
    _require(inside, "A stroke lies outside of the picture.")
    points = np.array(given, np.int64)
    _require(
        len(points) == 1 or np.abs(np.diff(points, axis=0)).max() <= LONGEST_STEP,
        f"Two points of a stroke lie more than {LONGEST_STEP} pixels apart.",
    )
    return points


_NO_PIXELS = "The points of a stroke are no whole pixels."


def _whole(given: Any, low: int, high: int, what: str) -> int:
    _require(
        type(given) is int and low <= given <= high,
        f"The {what} of a stroke is not a whole number from {low} to {high}.",
    )
    return given


def _require(condition: Any, message: str, hint: str = _SEND_AGAIN) -> None:
    if not condition:
        raise TeachError(message, hint)
