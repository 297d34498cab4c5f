"""Label files as they come: a picture, a stack, several slices, and what their values mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sandseg.classes import SegmentationClass
from sandseg.errors import FILE, LabelError, named
from sandseg.scan.foreign import refuse_foreign
from sandseg.scan.formats import (
    find_header,
    find_slices,
    is_slice_file,
    name_of,
    open_stack,
    with_names,
)
from sandseg.scan.labels.coding import parse_label_colors, parse_label_values
from sandseg.scan.labels.colors import MOST_FAR, Colors, ColorTally, lossy_doubt, unlabelled
from sandseg.scan.limits import WEB_LIMITS, StackLimits, from_settings
from sandseg.scan.pictures.signature import is_picture
from sandseg.scan.several.joining import join_slices
from sandseg.scan.several.slice_files import Slices
from sandseg.scan.source import Source, first_bytes, source_name
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.values import open_tiff_values


@dataclass(frozen=True)
class Meanings:
    """What somebody says the values or the colors of a label file mean; empty: to be found out.

    More than the share `most_far` of a slice in other colors is refused.
    """

    values: Mapping[float, int] = field(default_factory=dict)
    colors: Colors = field(default_factory=dict)
    most_far: float = MOST_FAR

    @classmethod
    def parse(cls, values: str, colors: str, classes: Sequence[SegmentationClass]) -> "Meanings":
        """Make meanings of what was written: "1=air,2=clay", "blue=air,#ff8000=clay".

        Raises:
            LabelError: It means nothing.
        """
        return cls(parse_label_values(values, classes), parse_label_colors(colors, classes))


AS_FOUND = Meanings()


@dataclass(frozen=True, eq=False)
class OpenLabels:
    """A label file as a stack of its values; `is_decoded`: they are labels already.

    `tally` counts, as slices are read, how well colors fit; `names` are those of the files of its
    slices where it is several.
    """

    stack: Stack
    is_decoded: bool
    tally: ColorTally = field(default_factory=ColorTally)
    names: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What is doubtful of the slices read so far, "" where nothing is."""
        return " ".join(self.stack.warnings) or self.tally.note


def open_label_values(
    source: Source | Mapping[str, Path],
    name: str = "",
    n_classes: int = 4,
    limits: StackLimits | None = None,
    meanings: Meanings = AS_FOUND,
) -> OpenLabels:
    """Open a label file as a stack of the values that stand in it, and tell if they are labels.

    Values are taken as stored, whatever colors a color table gives them. Those of colored files,
    of one-hot masks and of files this program wrote are labels already. So it is with the slices of
    a folder, a ZIP, or several files by their names; arrays are read as `open_stack` reads them.

    Raises:
        StackError: The file is missing, damaged or too large.
    """
    files, limits = with_names(source), limits or from_settings(WEB_LIMITS)
    name = name or name_of(files)
    with named(name):
        header = find_header([(name, files[0][1])] if len(files) == 1 else files)
        slices = None if header else find_slices(files, limits, name)
        if header or (not slices and not is_slice_file(files[0][1])):
            return OpenLabels(open_stack(source, name, limits), False)
        tally = ColorTally(meanings.most_far)
        how = {"n_classes": n_classes, "limits": limits, "meanings": meanings, "tally": tally}
        open_one = partial(_file_values, **how)
        values, is_decoded = _joined(slices, limits, open_one) if slices else open_one(files[0][1])
    names = tuple(file.name for file in slices.files) if slices and len(slices.files) > 1 else ()
    return OpenLabels(replace(values, name=name), is_decoded, tally, names)


def _joined(
    slices: Slices, limits: StackLimits, open_one: Callable[[Source], tuple[Stack, bool]]
) -> tuple[Stack, bool]:
    """Open label slices as one stack; either all or none of them are labels already."""
    found, shares = set(), []

    def open_and_note(source: Source) -> Stack:
        values, is_decoded = open_one(source)
        found.add(is_decoded)
        if values.warnings:  # of each slice its own share is said there
            shares.append(unlabelled(values.read_slice(0)))
        return values

    stack = join_slices(slices, limits, open_and_note)
    if len(found) > 1:
        stack.close()
        raise LabelError(
            f'Of the label slices in "{FILE}" some are colored or say what their values mean, and '
            "others do not.",
            hint="Export all label slices in one way.",
        )
    is_decoded = found == {True}
    if stack.n_slices > 1:  # their numbers say which slices they are of, not what is missing
        doubts = (lossy_doubt(is_decoded, shares[1:]),) if shares else ()  # the first came twice
        stack = replace(stack, warnings=doubts)
    return stack, is_decoded


def _file_values(
    source: Source, n_classes: int, limits: StackLimits, meanings: Meanings, tally: ColorTally
) -> tuple[Stack, bool]:
    start = first_bytes(source)
    if is_picture(start):
        from sandseg.scan.pictures.values import open_picture_values  # loads Pillow

        return open_picture_values(source, n_classes, limits, meanings.colors, tally)
    refuse_foreign(source_name(source), start)
    return open_tiff_values(source, n_classes, limits, meanings.colors, tally)
