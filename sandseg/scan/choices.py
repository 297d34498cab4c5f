"""What may be chosen of a file: one of its images, channels, time points."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from sandseg.errors import FILE, StackError

_WORDS = {"series": "image", "channel": "channel", "time": "time point"}
_AXES = {"C": "channel", "T": "time"}


@dataclass(frozen=True)
class Selection:
    """What is wanted of a file, counted from 0; None leaves it to the reader."""

    series: int | None = None
    channel: int | None = None
    time: int | None = None


ANY = Selection()


@dataclass(frozen=True)
class Choice:
    """One thing that may be chosen: what there is, and which is taken (None: all, as slices)."""

    names: tuple[str, ...] = ()
    chosen: int | None = 0


@dataclass(frozen=True)
class Choices:
    """What a file offers; a choice of fewer than two names is none."""

    series: Choice = Choice()
    channel: Choice = Choice()
    time: Choice = Choice()

    @classmethod
    def from_dict(cls, stored: Mapping[str, Mapping]) -> "Choices":
        """Read what `dataclasses.asdict` made and JSON brought back."""
        return cls(
            **{
                kind: Choice(tuple(stored[kind]["names"]), stored[kind]["chosen"])
                for kind in stored
            }
        )

    @property
    def open(self) -> dict[str, Choice]:
        """Those among "series", "channel" and "time" that offer more than one thing."""
        return {kind: choice for kind in _WORDS if len((choice := getattr(self, kind)).names) > 1}

    @property
    def apart(self) -> str:
        """Why slices may not lie on one another: they are time points or channels; else ""."""
        stacked = [_WORDS[kind] for kind, choice in self.open.items() if choice.chosen is None]
        return f"its slices are {stacked[0]}s, as far as the file says" if stacked else ""


class AmbiguousStackError(StackError):
    """A file that must be chosen from before it is a stack; `choices` say what there is."""

    def __init__(self, message: str, hint: str, choices: Choices):
        super().__init__(message, hint)
        self.choices = choices


def pick(kind: str, wanted: int | None, names: tuple[str, ...]) -> int:
    """Return the number that is wanted, the first by default.

    Args:
        kind: "series", "channel" or "time".
        wanted: Counted from 0.
        names: What there is.

    Raises:
        StackError: There is no such thing.
    """
    wanted = wanted or 0
    if not 0 <= wanted < max(len(names), 1):
        word, n_names = _WORDS[kind], max(len(names), 1)
        raise StackError(
            f'"{FILE}" has no {word} {wanted + 1}; it has {n_names} {word}{"s" * (n_names > 1)}.',
            hint=f"Choose a {kind} from 1 to {n_names}." if n_names > 1 else f"Leave {kind} out.",
        )
    return wanted


def numbered(kind: str, count: int) -> tuple[str, ...]:
    """Return names for things that have none: "channel 1", "channel 2"."""
    return tuple(f"{_WORDS[kind]} {number}" for number in range(1, count + 1))


def choose_planes(
    leading: list[tuple[str, int]], order: str, selection: Selection
) -> tuple[np.ndarray, list[str], dict[str, Choice]]:
    """Choose which planes of a file are the slices.

    Depth is the Z axis; where there is none, the axes without a name; else the first of `order`
    (many programs write a plain stack as time points or as the channels of an ImageJ file),
    unless one of it was chosen. Of the other axes the chosen ones are taken, or the first.

    Args:
        leading: Letter and length of each axis before Y, in the order of the planes.
        order: Which of "T" and "C" may stand in for depth.
        selection: What is wanted.

    Returns:
        The numbers of the planes (Z,), what was guessed, and the choices there are.

    Raises:
        StackError: What is wanted is not in the file.
    """
    long_axes = [axis for axis, length in leading if length > 1]
    unnamed = "".join(axis for axis in long_axes if axis not in "ZTC")
    wanted = {"C": selection.channel, "T": selection.time}
    free = [axis for axis in order if axis in long_axes and wanted[axis] is None]
    stacked = "Z" if "Z" in long_axes else unnamed or next(iter(free), "")
    notes, key, choices = [], [], {}
    for axis, length in leading:
        kind = _AXES.get(axis)
        chosen = 0 if kind is None else pick(kind, wanted[axis], numbered(kind, length))
        is_kept = axis in stacked or length == 1
        key.append(slice(None) if is_kept else chosen)
        if kind and length > 1:
            choices[kind] = Choice(numbered(kind, length), None if is_kept else chosen)
        notes += _axis_note(axis, length, chosen, is_kept)
    shape = [length for _, length in leading]
    return np.arange(prod(shape)).reshape(shape)[tuple(key)].ravel(), notes, choices


def _axis_note(axis: str, length: int, chosen: int, is_kept: bool) -> list[str]:
    what = {"T": "time points", "C": "channels"}.get(axis, f'images along axis "{axis}"')
    if not is_kept:
        which = f"Number {chosen + 1}" if chosen else "The first"
        return [f"{which} of {length} {what} is shown."]
    return [f"The {length} {what} are read as slices."] if length > 1 and axis in "TC" else []
