"""A PNG, BMP or JPEG as a stack of one slice."""

import numpy as np

from sandseg.errors import FILE
from sandseg.scan.choices import ANY, Choice, Choices, Selection, pick
from sandseg.scan.colors import (
    EQUAL_CHANNELS,
    LOSSY_TOLERANCE,
    ONE_BIT,
    GreyReading,
    ask_for_channel,
    is_grey,
    one_channel,
    through_table,
)
from sandseg.scan.limits import StackLimits
from sandseg.scan.pictures.file import OpenPicture
from sandseg.scan.source import Source
from sandseg.scan.stack import Stack
from sandseg.scan.tiff.voxels import CUBE, Spacing, if_plausible, size_of_dots

LOSSY = (
    "JPEG compression has changed the grey values, most of all at edges and in fine texture. Use "
    "the files it was made from, if there are any."
)


def open_picture(source: Source, limits: StackLimits, selection: Selection = ANY) -> Stack:
    """Open a PNG, BMP or JPEG as a stack of one slice.

    Raises:
        AmbiguousStackError: It is in color, or can be seen through, and no channel was chosen.
        StackError: It is missing, damaged, too large, or lacks what was selected.
    """
    picture = OpenPicture(source, limits)
    try:
        grey = _choose_grey(picture, selection)
        voxel_size_um, aspect, notes = _voxels(picture)
    except BaseException:
        picture.close()
        raise
    names = picture.channels
    return Stack(
        FILE,
        (1, *picture.shape),
        grey.dtype,
        lambda _: grey.to_grey(picture.read()),
        voxel_size_um,
        axes="YXS" if names else "YX",
        compression="none" if picture.kind == "BMP" else picture.kind.lower(),
        notes=(*grey.notes, *_kind_notes(picture), *notes),
        choices=Choices(channel=Choice(names, selection.channel or 0)),
        aspect=aspect,
        on_close=picture.close,
        warnings=(LOSSY,) if picture.kind == "JPEG" else (),
    )


def _choose_grey(picture: OpenPicture, selection: Selection) -> GreyReading:
    names, dtype, wanted = picture.channels, picture.dtype, selection.channel
    for kind in ("series", "time"):
        pick(kind, getattr(selection, kind), ())
    pick("channel", wanted, names)
    if wanted is not None and names:
        note = f"Of {len(names)} channels of each pixel only one is read: {names[wanted]}."
        return GreyReading(lambda raw: one_channel(raw, dtype, wanted), dtype, (note,))
    notes = []
    if names or "transparency" in picture.image.info:
        notes = _check_colors(picture, picture.read())
    if picture.table is not None:
        return through_table(picture.table, dtype, picture.bits)
    notes += [ONE_BIT] * (picture.bits == 1 or picture.image.mode == "1")
    return GreyReading(lambda raw: one_channel(raw, dtype), dtype, tuple(notes))


def _check_colors(picture: OpenPicture, raw: np.ndarray) -> list[str]:
    """Check that all of a picture is grey and nothing of it can be seen through."""
    choices = Choices(channel=Choice(picture.channels, None))
    if len(picture.channels) > 2 and not is_grey(raw, tolerance(picture)):
        raise ask_for_channel(choices, "its red, green and blue differ")
    if not picture.is_opaque(raw):
        raise ask_for_channel(choices, "parts of it can be seen through")
    notes = [EQUAL_CHANNELS] if len(picture.channels) > 2 else []
    if "alpha" in picture.channels:
        notes.append("Its alpha channel is opaque throughout and left out.")
    return notes


def tolerance(picture: OpenPicture) -> int:
    """Return by how much the channels of grey pixels may differ."""
    return LOSSY_TOLERANCE if picture.kind == "JPEG" else 0


def _kind_notes(picture: OpenPicture) -> list[str]:
    notes = ["Read from a JPEG, which is compressed with losses."] * (picture.kind == "JPEG")
    if picture.turned != 1:
        notes.append(
            f"The file asks to be shown turned (EXIF orientation {picture.turned}); it is read as "
            "it is stored, not turned."
        )
    return notes


def _voxels(picture: OpenPicture) -> tuple[float | None, Spacing, list[str]]:
    x_dots, y_dots = map(float, picture.image.info.get("dpi", (0, 0)))
    width, height, notes = size_of_dots(x_dots, y_dots)
    if width is None:
        return None, CUBE, notes
    taken = f"The resolution in the file is taken for the voxel size: {width:.4g} µm."
    return if_plausible(width, (1.0, height / width, 1.0), [taken, *notes])
