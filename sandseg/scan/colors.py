"""Colors of a picture: grey after all, a color table for display, or none that a scan can have."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sandseg.errors import FILE, StackError
from sandseg.scan.choices import AmbiguousStackError, Choices

_GREY_HINT = "Export a single-channel grey TIFF, in ImageJ with Image > Type > 8-bit or 16-bit."
# A color table of that many colors is for display if its neighbors are alike, of fewer for labels.
_N_DISPLAY_COLORS, _LARGEST_STEP = 64, 32
_LUMINANCE = (0.299, 0.587, 0.114)
LOSSY_TOLERANCE = 2  # by which the colors of a grey JPEG may differ
EQUAL_CHANNELS = "RGB whose channels are equal: read as grey."
ONE_BIT = "Each pixel is only black or white (1 bit)."


@dataclass(frozen=True)
class GreyReading:
    """How the pixels of a file become grey values.

    `to_grey` takes a slice as it stands in the file, (Y, X) or (Y, X, C), and returns (Y, X).
    """

    to_grey: Callable[[np.ndarray], np.ndarray]
    dtype: np.dtype
    notes: tuple[str, ...] = ()


def one_channel(raw: np.ndarray, dtype: np.dtype, sample: int = 0) -> np.ndarray:
    """Return one channel of (Y, X) or (Y, X, C) pixels, as (Y, X) of a type."""
    image = raw if raw.ndim == 2 else raw[..., sample]
    return np.ascontiguousarray(image, dtype)


def is_grey(raw: np.ndarray, tolerance: int = 0) -> bool:
    """Whether the first three channels of (Y, X, C) pixels agree within the tolerance."""
    if raw.ndim == 2 or raw.shape[-1] < 3:
        return True
    if tolerance == 0:
        return all(np.array_equal(raw[..., 0], raw[..., channel]) for channel in (1, 2))
    first = raw[..., 0].astype(np.int32)
    return all(np.abs(first - raw[..., channel]).max() <= tolerance for channel in (1, 2))


def through_table(
    table: np.ndarray, dtype: np.dtype, n_bits: int, is_for_display: bool = False
) -> GreyReading:
    """Choose how to read pixels that name the colors of a table.

    Args:
        table: (3, N) uint8.
        dtype: Of the pixels.
        n_bits: Of a pixel.
        is_for_display: The program that wrote the file keeps grey values under such tables.

    Raises:
        StackError: The colors are those of a drawing or of labels.
    """
    if np.ptp(table.astype(np.int16), axis=0).max() == 0:
        levels = table[0]
        note = "Grey levels read through the file's grey table."
        return GreyReading(lambda raw: levels[one_channel(raw, dtype)], np.dtype(np.uint8), (note,))
    if n_bits == 1:
        brightness = np.asarray(_LUMINANCE) @ table
        note = "Each pixel is only one of two colors (1 bit): the darker is 0, the brighter 1."
        ranks = (brightness > brightness.min()).astype(np.uint8)
        return GreyReading(lambda raw: ranks[one_channel(raw, dtype)], np.dtype(np.uint8), (note,))
    n_colors = len(np.unique(table, axis=1).T)
    is_smooth = np.abs(np.diff(table.astype(np.int16), axis=1)).max() <= _LARGEST_STEP
    if n_colors >= _N_DISPLAY_COLORS and (is_for_display or is_smooth):
        note = "The color table is for display only: the grey values under it are read."
        return GreyReading(lambda raw: one_channel(raw, dtype), dtype, (note,))
    raise StackError(
        f'"{FILE}" is a drawing in {n_colors} colors or a label file, '
        "not grey values from a scanner.",
        hint="Choose the grey image here; label files are opened as labels.",
    )


def color_error(reason: str) -> StackError:
    """Say that a picture has colors."""
    return StackError(
        f'"{FILE}" is a color picture ({reason}), but a scan is grey.', hint=_GREY_HINT
    )


def ask_for_channel(choices: Choices, reason: str) -> AmbiguousStackError:
    """Say that a picture has colors, and which of its channels may be chosen."""
    error = color_error(reason)
    names = ", ".join(choices.channel.names)
    hint = f"{error.hint} Or choose one channel: {names}." if names else error.hint
    return AmbiguousStackError(error.message, hint, choices)
