"""What the values of a label file mean: decided here, asked about where more than one is likely."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sandseg.classes import IGNORED, SegmentationClass
from sandseg.errors import FILE, LabelError

NOT_LABELLED = "-"  # as --label-values takes it
_ASK = (
    "Say what they mean: with --label-values 1=air,2=clay,0=- on the command line, or in the list "
    "on the page; those of a prediction with --predicted-values."
)


@dataclass(frozen=True)
class Coding:
    """The label of each value, and in words how they were read; "" where there is no doubt."""

    labels: Mapping[float, int]
    note: str = ""


def coding_of(values: np.ndarray, n_classes: int) -> Coding:
    """Decide what the values of a whole label file mean.

    Args:
        values: All different values in it, of any real type; NaN is "not labelled".
        n_classes: Number of classes C.

    Raises:
        LabelError: They are no labels, or can be read in more than one way.
    """
    values = np.unique(np.asarray(values))
    numbers = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    if not (np.isfinite(numbers).all() and np.array_equal(numbers, np.rint(numbers))):
        raise LabelError(
            f'"{FILE}" holds fractions or infinity, but a label is a whole number.',
            hint="Export the labels as 8-bit integers, one value for each class.",
        )
    known = [int(value) for value in numbers.tolist() if value != IGNORED]
    if set(known) == {0} and IGNORED in numbers:
        return _mask_of_0_and_255(n_classes)
    if not known:
        raise LabelError(
            f'"{FILE}" holds no label: all its pixels are 255 or NaN, which is taken for '
            '"not labelled".',
            hint=f"If 255 is a class here, say so. {_ASK}",
        )
    if min(known) >= 0 and max(known) == n_classes:
        shifted = {value: value - 1 if value else IGNORED for value in known}
        return Coding(shifted | {IGNORED: IGNORED})
    if min(known) < 0 or max(known) > n_classes:
        raise LabelError(
            f'"{FILE}" holds the values {_shown(values)}; expected are 0 to '
            f"{n_classes - 1}, or 1 to {n_classes} with 0 for pixels nobody labelled.",
            hint=f"Check that this is the label file and not the image. {_ASK}",
        )
    if 0 not in known:
        raise LabelError(
            f'"{FILE}" holds the values {_shown(values)}, which can be read in two ways: '
            f"classes counted from 0 without the first, or counted from 1 without the last.",
            hint=_ASK,
        )
    as_is = {value: value for value in (*known, IGNORED)}
    is_whole = max(known) == n_classes - 1
    return Coding(as_is, "" if is_whole else "The labels are read as counted from 0.")


def _mask_of_0_and_255(n_classes: int) -> Coding:
    if n_classes == 2:
        return Coding({0: 0, IGNORED: 1}, "The labels 0 and 255 are read as the two classes.")
    raise LabelError(
        f'"{FILE}" holds 0 and 255 alone: a mask of two classes where {n_classes} are '
        'wanted, or one class and "not labelled".',
        hint=_ASK.replace("1=air,2=clay,0=-", "0=air,255=quartz"),
    )


def parse_label_values(text: str, classes: Sequence[SegmentationClass]) -> dict[float, int]:
    """Read "1=air,2=clay,0=-": the class of each value, "-" for "not labelled".

    Raises:
        LabelError: It is written otherwise, or names no class of these.
    """
    return {_value(value): label for value, label in _pairs(text, classes, "--label-values 1=air")}


def parse_label_colors(
    text: str, classes: Sequence[SegmentationClass]
) -> dict[tuple[int, int, int], int]:
    """Read "blue=air,#ff8000=clay": the class of each color, by its CSS name or in hexadecimal.

    Raises:
        LabelError: It is written otherwise, or names no color or no class of these.
    """
    from PIL import ImageColor  # not loaded to decode an upload

    found = {}
    for color, label in _pairs(text, classes, "--label-colors blue=air,#ff8000=clay"):
        try:
            found[ImageColor.getrgb(color)[:3]] = label
        except ValueError as error:
            raise LabelError(
                f'"{color}" is no color.', hint="Write it as red or as #ff8000."
            ) from error
    return found


def _pairs(text: str, classes: Sequence[SegmentationClass], example: str) -> list[tuple[str, int]]:
    names = {material.name.casefold(): material.value for material in classes}
    names |= {str(material.value): material.value for material in classes}
    names[NOT_LABELLED] = IGNORED
    found = []
    for part in filter(None, text.split(",")):
        value, equals, name = (piece.strip() for piece in part.rpartition("="))
        if not equals or name.casefold() not in names:
            known = ", ".join(material.name for material in classes)
            raise LabelError(
                f'"{part}" gives no value a class.',
                hint=f'Write {example}; the classes are {known}, and "-" is not labelled.',
            )
        found.append((value, names[name.casefold()]))
    return found


def _value(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise LabelError(
            f'"{text}" is no value of a label file.', hint="Write numbers, as in 1=air,2=clay."
        ) from error


def _shown(values: np.ndarray) -> str:
    return ", ".join(str(value) for value in values[:8]) + (" …" if values.size > 8 else "")
