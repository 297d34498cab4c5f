"""Label values as they stand in a PNG, BMP or JPEG."""

from dataclasses import replace

import numpy as np

from sandseg.errors import FILE
from sandseg.scan.colors import is_grey
from sandseg.scan.labels.colors import (
    Colors,
    ColorTally,
    decode_colors,
    decode_one_hot,
    is_one_hot,
    lossy_doubt,
    see_through,
    unlabelled,
)
from sandseg.scan.limits import StackLimits
from sandseg.scan.pictures.file import OpenPicture
from sandseg.scan.pictures.grey import tolerance
from sandseg.scan.source import Source
from sandseg.scan.stack import Stack


def open_picture_values(
    source: Source, n_classes: int, limits: StackLimits, colors: Colors, tally: ColorTally
) -> tuple[Stack, bool]:
    """Open a label picture as a stack of one slice, and tell if its values are labels already.

    Values and numbers of colors of a table are taken as stored; colors are decoded.

    Raises:
        StackError: It is missing, damaged or too large.
        LabelError: Its colors are not known, or it can be seen through.
    """
    picture = OpenPicture(source, limits)
    try:
        raw = picture.read()
        labels, is_decoded = _values(picture, raw, n_classes, colors, tally)
    finally:
        picture.close()
    stack = replace(Stack.from_array(labels), name=FILE)
    if picture.kind != "JPEG":
        return stack, is_decoded
    return replace(stack, warnings=(lossy_doubt(is_decoded, [unlabelled(labels)]),)), is_decoded


def _values(
    picture: OpenPicture, raw: np.ndarray, n_classes: int, colors: Colors, tally: ColorTally
) -> tuple[np.ndarray, bool]:
    if raw.ndim == 2:  # also through colors that can be seen through: the number counts
        return raw, False
    if len(picture.channels) == 4 and is_one_hot(raw):
        return decode_one_hot(raw, n_classes), True
    if not picture.is_opaque(raw):
        raise see_through()
    if is_grey(raw, tolerance(picture)):
        return raw[..., 0], False
    return decode_colors(raw[..., :3], n_classes, colors, tally), True
