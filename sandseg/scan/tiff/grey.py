"""The pixels of a TIFF page as grey values, dark meaning low."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tifffile import PHOTOMETRIC, TiffPage

from sandseg.errors import FILE, StackError
from sandseg.scan.choices import AmbiguousStackError
from sandseg.scan.tiff.layout import Layout

_GREY_HINT = "Export a single-channel grey TIFF, in ImageJ with Image > Type > 8-bit or 16-bit."
_GREY_MODES = (PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MASK)
_PLAIN_IF_ALONE = {32844, 34892, 51177}  # LogL, linear raw, depth map: one number a pixel
# JPEG and its like come back as red, green and blue, and not quite as they went in.
_DECODES_TO_RGB = {7, 33007, 34892, 34927, 50001, 33003, 33004, 33005}
# A color table of that many colors is for display if its neighbors are alike, of fewer for labels.
_N_DISPLAY_COLORS, _LARGEST_STEP = 64, 32
_LUMINANCE = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class GreyReading:
    """How the pixels of a file become grey values.

    `to_grey` takes a slice as it stands in the file, (Y, X) or (Y, X, C), and returns (Y, X).
    """

    to_grey: Callable[[np.ndarray], np.ndarray]
    dtype: np.dtype
    notes: tuple[str, ...] = ()


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
        raise _color_error("its color mode is YCbCr")
    if photometric not in _GREY_MODES and layout.sample is None and not is_plain:
        mode = getattr(page.photometric, "name", "rare")
        raise _choose_channel(layout, f"its color mode is {mode}")
    notes = [_sample_note(layout)] if page.samplesperpixel > 1 else []
    if page.bitspersample == 1:
        notes.append("Each pixel is only black or white (1 bit).")
    sample = layout.sample or 0
    if photometric == PHOTOMETRIC.MINISWHITE:
        notes.append("Stored as a negative (white is zero): inverted, so that dark is low.")
        invert = _inverter(dtype, page.bitspersample)
        return GreyReading(lambda raw: invert(_channel(raw, dtype, sample)), dtype, tuple(notes))
    return GreyReading(lambda raw: _channel(raw, dtype, sample), dtype, tuple(notes))


def _sample_note(layout: Layout) -> str:
    n_samples, names = layout.first.samplesperpixel, layout.choices.channel.names
    if layout.sample is None:
        return f"Only the first of {n_samples} channels of each pixel is read."
    return f"Of {n_samples} channels of each pixel only one is read: {names[layout.sample]}."


def _channel(raw: np.ndarray, dtype: np.dtype, sample: int = 0) -> np.ndarray:
    image = raw if raw.ndim == 2 else raw[..., sample]
    return np.ascontiguousarray(image, dtype)


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
        raise _color_error("its color mode is YCbCr")
    tolerance = 2 if is_decoded else 0

    def to_grey(raw: np.ndarray) -> np.ndarray:
        if not is_grey(raw, tolerance):
            raise _choose_channel(layout, "its red, green and blue differ")
        return _channel(raw, dtype)

    first = first_slice()
    to_grey(first)
    notes = () if first.ndim == 2 else ("RGB whose channels are equal: read as grey.",)
    return GreyReading(to_grey, dtype, notes)


def is_grey(raw: np.ndarray, tolerance: int = 0) -> bool:
    """Whether the first three channels of (Y, X, C) pixels agree within the tolerance."""
    if raw.ndim == 2 or raw.shape[-1] < 3:
        return True
    if tolerance == 0:
        return all(np.array_equal(raw[..., 0], raw[..., channel]) for channel in (1, 2))
    first = raw[..., 0].astype(np.int32)
    return all(np.abs(first - raw[..., channel]).max() <= tolerance for channel in (1, 2))


def _palette_reading(page: TiffPage, dtype: np.dtype) -> GreyReading:
    table = page.colormap
    if table is None or table.ndim != 2 or table.shape[0] != 3:
        raise _color_error("its color table is missing")
    table = (table >> 8).astype(np.uint8)  # (3, 2**bits): colors are stored with 16 bits
    if np.ptp(table.astype(np.int16), axis=0).max() == 0:
        levels = table[0]
        note = "Grey levels read through the file's grey table."
        return GreyReading(lambda raw: levels[_channel(raw, dtype)], np.dtype(np.uint8), (note,))
    if page.bitspersample == 1:
        brightness = np.asarray(_LUMINANCE) @ table
        note = "Each pixel is only one of two colors (1 bit): the darker is 0, the brighter 1."
        ranks = (brightness > brightness.min()).astype(np.uint8)
        return GreyReading(lambda raw: ranks[_channel(raw, dtype)], np.dtype(np.uint8), (note,))
    n_colors = len(np.unique(table, axis=1).T)
    is_smooth = np.abs(np.diff(table.astype(np.int16), axis=1)).max() <= _LARGEST_STEP
    if n_colors >= _N_DISPLAY_COLORS and (page.is_imagej or is_smooth):
        note = "The color table is for display only: the grey values under it are read."
        return GreyReading(lambda raw: _channel(raw, dtype), dtype, (note,))
    raise StackError(
        f'"{FILE}" is a drawing in {n_colors} colors or a label file, '
        "not grey values from a scanner.",
        hint="Choose the grey image here; label files are opened as labels.",
    )


def _color_error(reason: str) -> StackError:
    return StackError(
        f'"{FILE}" is a color picture ({reason}), but a scan is grey.', hint=_GREY_HINT
    )


def _choose_channel(layout: Layout, reason: str) -> AmbiguousStackError:
    error = _color_error(reason)
    names = ", ".join(layout.choices.channel.names)
    hint = f"{error.hint} Or choose one channel: {names}." if names else error.hint
    return AmbiguousStackError(error.message, hint, layout.choices)
