"""The pixels of a TIFF page as grey values, dark meaning low."""

from collections.abc import Callable

import numpy as np
from tifffile import PHOTOMETRIC, TiffPage

from sandseg.scan.colors import (
    EQUAL_CHANNELS,
    LOSSY_TOLERANCE,
    ONE_BIT,
    GreyReading,
    ask_for_channel,
    color_error,
    is_grey,
    one_channel,
    through_table,
)
from sandseg.scan.tiff.layout import Layout

_GREY_MODES = (PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MASK)
_PLAIN_IF_ALONE = {32844, 34892, 51177}  # LogL, linear raw, depth map: one number a pixel
# JPEG and its like come back as red, green and blue, and not quite as they went in.
_DECODES_TO_RGB = {7, 33007, 34892, 34927, 50001, 33003, 33004, 33005}


def choose_grey(layout: Layout, first_slice: Callable[[], np.ndarray]) -> GreyReading:
    """Choose how to read the pixels of a file as grey values.

    Args:
        layout: Its pages are all of the kind of its first.
        first_slice: Reads the first slice; only called when the colors must be seen.

    Raises:
        AmbiguousStackError: The file is a color image, and none of its channels was chosen.
        StackError: Its color mode cannot be read as grey values.
    """
    page = layout.first
    dtype = np.dtype(np.uint8) if page.dtype.kind == "b" else page.dtype.newbyteorder("=")
    photometric = int(page.photometric) if 262 in page.tags else int(PHOTOMETRIC.MINISBLACK)
    is_plain = page.samplesperpixel == 1 and photometric in _PLAIN_IF_ALONE
    if photometric == PHOTOMETRIC.PALETTE:
        return _palette_reading(page, dtype)
    if layout.sample is None and photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR):
        return _rgb_reading(layout, first_slice, dtype)
    if photometric == PHOTOMETRIC.YCBCR and page.compression not in _DECODES_TO_RGB:
        raise color_error("its color mode is YCbCr")
    if photometric not in _GREY_MODES and layout.sample is None and not is_plain:
        mode = getattr(page.photometric, "name", "rare")
        raise ask_for_channel(layout.choices, f"its color mode is {mode}")
    notes = [_sample_note(layout)] if page.samplesperpixel > 1 else []
    if page.bitspersample == 1:
        notes.append(ONE_BIT)
    sample = layout.sample or 0
    if photometric == PHOTOMETRIC.MINISWHITE:
        notes.append("Stored as a negative (white is zero): inverted, so that dark is low.")
        invert = _inverter(dtype, page.bitspersample)
        return GreyReading(lambda raw: invert(one_channel(raw, dtype, sample)), dtype, tuple(notes))
    return GreyReading(lambda raw: one_channel(raw, dtype, sample), dtype, tuple(notes))


def _sample_note(layout: Layout) -> str:
    n_samples, names = layout.first.samplesperpixel, layout.choices.channel.names
    if layout.sample is None:
        return f"Only the first of {n_samples} channels of each pixel is read."
    return f"Of {n_samples} channels of each pixel only one is read: {names[layout.sample]}."


def _inverter(dtype: np.dtype, bits: int) -> Callable[[np.ndarray], np.ndarray]:
    if dtype.kind == "f":
        return np.negative
    if dtype.kind == "i":
        return np.invert
    highest = dtype.type(2 ** int(bits) - 1)
    return lambda image: highest - image


def _rgb_reading(
    layout: Layout, first_slice: Callable[[], np.ndarray], dtype: np.dtype
) -> GreyReading:
    is_decoded = layout.first.compression in _DECODES_TO_RGB
    if layout.first.photometric == PHOTOMETRIC.YCBCR and not is_decoded:
        raise color_error("its color mode is YCbCr")
    tolerance = LOSSY_TOLERANCE if is_decoded else 0

    def to_grey(raw: np.ndarray) -> np.ndarray:
        if not is_grey(raw, tolerance):
            raise ask_for_channel(layout.choices, "its red, green and blue differ")
        return one_channel(raw, dtype)

    first = first_slice()
    to_grey(first)
    notes = () if first.ndim == 2 else (EQUAL_CHANNELS,)
    return GreyReading(to_grey, dtype, notes)


def _palette_reading(page: TiffPage, dtype: np.dtype) -> GreyReading:
    table = page.colormap
    if table is None or table.ndim != 2 or table.shape[0] != 3:
        raise color_error("its color table is missing")
    table = (table >> 8).astype(np.uint8)  # (3, 2**bits): colors are stored with 16 bits
    return through_table(table, dtype, page.bitspersample, page.is_imagej)
